/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "make_look.h"
#include "options/ages.h"
#include "options/filter.h"
#include "reports/reports.h"
#include "rows/report.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct look look;

static int make_look(void **state)
{
	struct look_builder builder;

	(void)state;
	look_begin(&builder, 100 * SECOND);
	look_finish(&builder, &look);
	return 0;
}

static int free_look(void **state)
{
	(void)state;
	look_free(&look);
	return 0;
}

static struct row *add_stuck(struct report *report, const char *id, int64_t severity, double age_s)
{
	struct row *row = report_add(report, &look, ROW_READER);

	row->id = id;
	row->severity = severity;
	row->age_s = age_s;
	row->stuck = true;
	return row;
}

static void rows_begin_unknown(void **state)
{
	struct report report = {0};
	struct row *row;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		row = report_add(&report, &look, ROW_READER);
		assert_non_null(row);
		assert_int_equal(row->type, ROW_READER);
		assert_true(row->time_ns == LOOK_REALTIME_OFFSET + 100 * SECOND);
		assert_int_equal(row->event, STALL_NONE);
		assert_true(row->pid == NOT_KNOWN);
		assert_true(isnan(row->age_s));
		assert_null(row->id);
		assert_false(row->stuck);
		row->pid = i;
	}
	assert_int_equal(report.count, 1000);
	for (i = 0; i < 1000; i++)
		assert_int_equal(report.rows[i].pid, i);
	report_free(&report);
	assert_int_equal(report.count, 0);
	assert_null(report.rows);
}

static void ages_by_default_and_by_option(void **state)
{
	struct options options = {.scope.min_age_ns = DEFAULT_MIN_AGE_NS};

	(void)state;
	assert_int_equal(min_age_of(&options.scope, ROW_READER), SECOND);
	assert_int_equal(min_age_of(&options.scope, ROW_HANDSHAKE), SECOND);
	assert_int_equal(min_age_of(&options.scope, ROW_LISTENER), SECOND);
	assert_int_equal(min_age_of(&options.scope, ROW_LOOP), 100 * MILLISECOND);
	options.scope.min_age_given = true;
	options.scope.min_age_ns = 5 * SECOND;
	assert_int_equal(min_age_of(&options.scope, ROW_READER), 5 * SECOND);
	assert_int_equal(min_age_of(&options.scope, ROW_LOOP), 5 * SECOND);
	options.scope.min_age_ns = 0;
	assert_int_equal(min_age_of(&options.scope, ROW_LOOP), 0);
}

static void worst_first(void **state)
{
	static const char *const expected[] = {"worst", "old", "equal-a", "equal-b", "young", "ageless", "mild"};
	struct options options = {0};
	struct report report = {0};
	size_t i;

	(void)state;
	add_stuck(&report, "equal-b", 5, 10);
	add_stuck(&report, "ageless", 5, NAN);
	add_stuck(&report, "mild", 1, 1000);
	add_stuck(&report, "young", 5, 1);
	add_stuck(&report, "equal-a", 5, 10);
	add_stuck(&report, "worst", 9, 2);
	add_stuck(&report, "old", 5, 100);
	report_select(&report, 0, &options.scope);
	assert_int_equal(report.count, COUNT_OF(expected));
	for (i = 0; i < COUNT_OF(expected); i++)
		assert_string_equal(report.rows[i].id, expected[i]);
	report_free(&report);
}

/* Without --all only what is stuck; threads and losses always. Rows that were there are left alone. */
static void what_is_normal_goes(void **state)
{
	struct options options = {0};
	struct report report = {0};
	int all;

	(void)state;
	for (all = 0; all < 2; all++) {
		options.scope.all = all;
		report_add(&report, &look, ROW_READER)->pid = 1;
		report_add(&report, &look, ROW_READER)->pid = 2;
		report_add(&report, &look, ROW_LOOP)->pid = 3;
		report_add(&report, &look, ROW_THREAD)->pid = 4;
		report_add(&report, &look, ROW_LOST);
		add_stuck(&report, "stuck", 1, 1);
		report_select(&report, 1, &options.scope);
		assert_int_equal(report.count, all ? 6 : 4);
		assert_int_equal(report.rows[0].pid, 1);
		assert_string_equal(report.rows[1].id, "stuck");
		report_free(&report);
	}
}

static void nothing_to_select(void **state)
{
	struct options options = {0};
	struct report report = {0};

	(void)state;
	report_select(&report, 0, &options.scope);
	assert_int_equal(report.count, 0);
	report_free(&report);
}

/* A look with nothing in it has nothing to report, whatever is asked. */
static void an_empty_look_has_no_rows(void **state)
{
	struct options options = {.scope.all = true};
	struct report report = {0};
	uint32_t pid = 1;

	(void)state;
	options.scope.selection.pids = &pid;
	options.scope.selection.pid_count = 1;
	for (options.scope.command = 0; options.scope.command < COMMANDS; options.scope.command++)
		assert_int_equal(report_run(&report, &look, NULL, &options.scope), 0);
	assert_int_equal(report.count, 0);
	report_free(&report);
}

/* The commands that show reports all have at least one, and no other has. */
static void every_command_has_its_reports(void **state)
{
	unsigned int commands = 0;
	size_t i;

	(void)state;
	for (i = 0; i < report_count; i++) {
		assert_non_null(reports[i]->name);
		assert_non_null(reports[i]->run);
		commands |= reports[i]->commands;
	}
	assert_int_equal(commands, 1u << COMMAND_OVERVIEW | 1u << COMMAND_HANDSHAKES | 1u << COMMAND_READERS |
					   1u << COMMAND_EPOLL | 1u << COMMAND_THREADS | 1u << COMMAND_WRITERS |
					   1u << COMMAND_CLOSING | 1u << COMMAND_CHAINS | 1u << COMMAND_SERVICES |
					   1u << COMMAND_LOCKS);
}

/* Filters, each against one row: pid 10, thread "worker" of "nginx", 10.0.0.1:80 to 10.1.2.3:5000. */

/* What fill_socket() makes of a peer; a path is the name of a unix socket. */
static void set_peer(struct row *row, const char *peer)
{
	row->peer_addr = peer;
	row->has_peer = peer && peer[0] != '/';
	if (row->has_peer)
		look_address(row->peer.s6_addr, peer);
}

static void make_row(struct row *row)
{
	row_init(row, ROW_READER);
	row->pid = 10;
	row->comm = "worker";
	row->process_comm = "nginx";
	row->local_addr = "10.0.0.1";
	row->local_port = 80;
	set_peer(row, "10.1.2.3");
	row->peer_port = 5000;
	row->netns = 4026531840;
	row->cgroup = "/system.slice/nginx.service";
}

static void by_pid(void **state)
{
	uint32_t pids[] = {9, 11, 10};
	struct options options = {.scope.selection.pids = pids, .scope.selection.pid_count = 2};
	struct row row;

	(void)state;
	make_row(&row);
	assert_false(filter_matches(&options.scope.selection, &row));
	options.scope.selection.pid_count = 3;
	assert_true(filter_matches(&options.scope.selection, &row));
	row.pid = NOT_KNOWN;
	assert_false(filter_matches(&options.scope.selection, &row));
}

static void by_comm(void **state)
{
	static const struct {
		const char *comm;
		bool matches;
	} cases[] = {
		{"worker", true}, {"nginx", true}, {"work", false}, {"workers", false}, {"NGINX", false},
	};
	const char *comms[] = {"apache2", NULL};
	struct options options = {.scope.selection.comms = comms, .scope.selection.comm_count = COUNT_OF(comms)};
	struct row row;
	size_t i;

	(void)state;
	make_row(&row);
	for (i = 0; i < COUNT_OF(cases); i++) {
		comms[1] = cases[i].comm;
		if (filter_matches(&options.scope.selection, &row) != cases[i].matches)
			fail_msg("%s", cases[i].comm);
	}
	/* The kernel keeps 15 bytes of a name. */
	row.comm = "gunicorn-worker";
	comms[1] = "gunicorn-worker-long";
	assert_true(filter_matches(&options.scope.selection, &row));
	comms[1] = "gunicorn-worke";
	assert_false(filter_matches(&options.scope.selection, &row));
	row.comm = row.process_comm = NULL;
	assert_false(filter_matches(&options.scope.selection, &row));
}

static void by_port(void **state)
{
	struct port_range ports[] = {{81, 4999}, {5001, 65535}, {79, 80}, {5000, 5000}};
	struct options options = {.scope.selection.ports = ports, .scope.selection.port_count = 2};
	struct row row;

	(void)state;
	make_row(&row);
	assert_false(filter_matches(&options.scope.selection, &row));
	options.scope.selection.port_count = 3;
	assert_true(filter_matches(&options.scope.selection, &row));
	row.local_port = 1;
	assert_false(filter_matches(&options.scope.selection, &row));
	options.scope.selection.port_count = 4;
	assert_true(filter_matches(&options.scope.selection, &row));
	row.local_port = row.peer_port = NOT_KNOWN;
	assert_false(filter_matches(&options.scope.selection, &row));
}

static void by_peer(void **state)
{
	static const struct {
		const char *network;
		unsigned int bits; /* of the 128 */
		const char *peer;
		bool matches;
	} cases[] = {
		{"10.1.2.3", 128, "10.1.2.3", true},
		{"10.1.2.3", 128, "10.1.2.4", false},
		{"10.1.2.2", 127, "10.1.2.3", true},
		{"10.1.2.4", 127, "10.1.2.3", false},
		{"10.0.0.0", 104, "10.1.2.3", true},
		{"10.9.9.9", 104, "10.1.2.3", true},
		{"11.0.0.0", 104, "10.1.2.3", false},
		{"10.1.0.0", 113, "10.1.2.3", true},
		{"10.1.128.0", 113, "10.1.2.3", false},
		{"0.0.0.0", 96, "10.1.2.3", true},
		{"0.0.0.0", 96, "2001:db8::1", false},
		{"::", 0, "2001:db8::1", true},
		{"::", 0, "10.1.2.3", false},
		{"2001:db8::", 32, "2001:db8:1::1", true},
		{"2001:db8::", 32, "2001:db9::1", false},
		{"2001:db8::", 29, "2001:dbf::1", true},
		{"2001:db8::1", 128, "2001:db8::1", true},
		{"2001:db8::1", 128, "2001:db8::2", false},
		{"10.1.2.3", 128, NULL, false},
		{"::", 0, NULL, false},
		{"::", 0, "/run/socket", false},
	};
	struct options options = {.scope.selection.peer_given = true};
	struct row row;
	size_t i;

	(void)state;
	make_row(&row);
	for (i = 0; i < COUNT_OF(cases); i++) {
		look_address(options.scope.selection.peer.s6_addr, cases[i].network);
		options.scope.selection.peer_bits = cases[i].bits;
		set_peer(&row, cases[i].peer);
		if (filter_matches(&options.scope.selection, &row) != cases[i].matches)
			fail_msg("%s/%u: %s", cases[i].network, cases[i].bits, cases[i].peer);
	}
}

static void by_netns(void **state)
{
	uint32_t inodes[] = {1, 4026531840u};
	const char *names[] = {"red", "blue"};
	struct options options = {.scope.selection.netns_inodes = inodes, .scope.selection.netns_names = names};
	struct row row;

	(void)state;
	make_row(&row);
	assert_true(filter_matches(&options.scope.selection, &row));
	options.scope.selection.netns_count = 1;
	assert_false(filter_matches(&options.scope.selection, &row));
	options.scope.selection.netns_count = 2;
	assert_true(filter_matches(&options.scope.selection, &row));
	row.netns = NOT_KNOWN;
	assert_false(filter_matches(&options.scope.selection, &row));
	/* A recording has names. */
	options.scope.selection.netns_name_count = 2;
	row.netns_name = "blue";
	assert_true(filter_matches(&options.scope.selection, &row));
	options.scope.selection.netns_name_count = 1;
	assert_false(filter_matches(&options.scope.selection, &row));
}

static void by_cgroup(void **state)
{
	static const struct {
		const char *wanted, *cgroup;
		bool matches;
	} cases[] = {
		{"/a/b", "/a/b", true},	   {"/a/b", "/a/b/c", true}, {"/a/b", "/a/bc", false}, {"/a/b", "/a", false},
		{"/a/b", "/x/a/b", false}, {"/a/b", NULL, false},    {"/", "/a", true},	       {"/", "/", true},
		{"/", NULL, true},	   {"/a", "/", false},
	};
	struct options options = {0};
	struct row row;
	size_t i;

	(void)state;
	make_row(&row);
	for (i = 0; i < COUNT_OF(cases); i++) {
		char *wanted = strdup(cases[i].wanted);

		options.scope.selection.cgroup = wanted;
		row.cgroup = cases[i].cgroup;
		if (filter_matches(&options.scope.selection, &row) != cases[i].matches)
			fail_msg("%s: %s", cases[i].wanted, cases[i].cgroup);
		free(wanted);
	}
}

static void filters_all_have_to_match(void **state)
{
	uint32_t pid = 10;
	const char *comm = "nginx";
	struct port_range port = {5000, 5000};
	struct options options = {.scope.selection.pids = &pid,
				  .scope.selection.pid_count = 1,
				  .scope.selection.ports = &port,
				  .scope.selection.port_count = 1,
				  .scope.selection.comms = &comm,
				  .scope.selection.comm_count = 1};
	struct row row;

	(void)state;
	make_row(&row);
	assert_true(filter_matches(&options.scope.selection, &row));
	port.first = port.last = 1;
	assert_false(filter_matches(&options.scope.selection, &row));
	row.type = ROW_LOST; /* about sockstall, not about a process */
	assert_true(filter_matches(&options.scope.selection, &row));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_begin_unknown),
		cmocka_unit_test(ages_by_default_and_by_option),
		cmocka_unit_test(worst_first),
		cmocka_unit_test(what_is_normal_goes),
		cmocka_unit_test(nothing_to_select),
		cmocka_unit_test(an_empty_look_has_no_rows),
		cmocka_unit_test(every_command_has_its_reports),
		cmocka_unit_test(by_pid),
		cmocka_unit_test(by_comm),
		cmocka_unit_test(by_port),
		cmocka_unit_test(by_peer),
		cmocka_unit_test(by_netns),
		cmocka_unit_test(by_cgroup),
		cmocka_unit_test(filters_all_have_to_match),
	};

	return cmocka_run_group_tests(tests, make_look, free_look);
}
