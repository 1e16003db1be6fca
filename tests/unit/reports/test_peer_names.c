/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "make_look.h"
#include "reports/peer_names.h"
#include "system/address.h"

#define NOW (10000 * SECOND)

enum { MACHINE = 100, POD = 200, OTHER = 300 };

static void add_process(struct look_builder *builder, __u32 pid, __u32 netns)
{
	look_add_thread(builder, pid, pid, "app")->netns = netns;
}

static void add_names(struct look_builder *builder, __u32 pid, const char *names, size_t size)
{
	struct process_record *process = look_add(builder, RECORD_PROCESS, (size + 1 + 8) / 8 * 8);

	process->pid = pid;
	process->cgroup_length = 1;
	memcpy(process->cgroup, "/", 2);
	memcpy(process->cgroup + 2, names, size);
}

#define NAMES(builder, pid, names) add_names(builder, pid, names, sizeof(names))

static void add_address(struct look_builder *builder, __u32 netns, const char *text)
{
	struct address_record *record = look_add(builder, RECORD_ADDRESS, 0);

	record->netns = netns;
	assert_int_not_equal(address_parse(text, (struct in6_addr *)(void *)record->address), 0);
}

/* The name of the peer of one row, seen from the machine's own namespace. */
static const char *peer_name(struct report *report, const struct look *look, const char *address,
			     const struct hosts *hosts)
{
	struct row *row = report_add(report, look, ROW_READER);

	row->has_peer = true;
	row->peer_addr = address;
	row->netns = MACHINE;
	assert_int_not_equal(address_parse(address, &row->peer), 0);
	assert_int_equal(peer_names_fill(report, report->count - 1, look, hosts), 0);
	return report->rows[report->count - 1].peer_name;
}

static void make(struct look *look, bool has_all)
{
	struct look_builder builder;

	look_begin(&builder, NOW);
	add_process(&builder, 1, MACHINE);
	if (!has_all)
		((struct lost_record *)look_add(&builder, RECORD_LOST, 0))->where = LOST_THREADS;
	add_process(&builder, 10, POD);
	add_process(&builder, 11, POD);
	add_process(&builder, 20, OTHER);
	add_process(&builder, 21, OTHER);
	add_process(&builder, 30, MACHINE);
	NAMES(&builder, 10, "web-0\0shop\0nginx");
	NAMES(&builder, 11, "web-0\0shop\0sidecar");
	NAMES(&builder, 20, "\0\0db");
	NAMES(&builder, 30, "on-the-host\0kube-system\0proxy");
	add_address(&builder, POD, "10.1.0.1");
	add_address(&builder, OTHER, "10.1.0.2");
	add_address(&builder, POD, "10.1.0.3");
	add_address(&builder, OTHER, "10.1.0.3");
	add_address(&builder, MACHINE, "192.168.0.1");
	add_address(&builder, POD, "127.0.0.1");
	look_finish(&builder, look);
}

static void by_the_place_of_the_address(void **state)
{
	char text[] = "10.1.0.2 by-hosts\n192.168.0.1 machine\n10.1.0.1 not-this\n127.0.0.1 localhost\n";
	struct report report = {0};
	struct look look = {0};
	struct arena arena = {0};
	const struct hosts *hosts;
	const char *why;
	size_t bad;

	(void)state;
	hosts = hosts_parse(&arena, text, &bad, &why);
	make(&look, true);
	assert_string_equal(peer_name(&report, &look, "10.1.0.1", NULL), "web-0");
	assert_string_equal(peer_name(&report, &look, "10.1.0.1", hosts), "web-0");
	/* A process there is in no container. */
	assert_null(peer_name(&report, &look, "10.1.0.2", NULL));
	assert_string_equal(peer_name(&report, &look, "10.1.0.2", hosts), "by-hosts");
	/* Two have the address. */
	assert_null(peer_name(&report, &look, "10.1.0.3", hosts));
	/* Pods on the machine's own network. */
	assert_null(peer_name(&report, &look, "192.168.0.1", NULL));
	assert_string_equal(peer_name(&report, &look, "192.168.0.1", hosts), "machine");
	assert_string_equal(peer_name(&report, &look, "127.0.0.1", hosts), "localhost");
	assert_null(peer_name(&report, &look, "10.9.9.9", hosts));
	/* A row of another host, whose addresses are its own. */
	report.rows[0].peer_name = NULL;
	look.host_at = 1;
	assert_int_equal(peer_names_fill(&report, 0, &look, NULL), 0);
	assert_null(report.rows[0].peer_name);
	look.host_at = 0;
	assert_int_equal(peer_names_fill(&report, 0, &look, NULL), 0);
	assert_string_equal(report.rows[0].peer_name, "web-0");
	report_free(&report);
	look_free(&look);
	arena_free(&arena);
}

/* A process that is in no container may be among those that are missing. */
static void without_all_threads(void **state)
{
	struct report report = {0};
	struct look look = {0};

	(void)state;
	make(&look, false);
	assert_null(peer_name(&report, &look, "10.1.0.1", NULL));
	report_free(&report);
	look_free(&look);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_the_place_of_the_address),
		cmocka_unit_test(without_all_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
