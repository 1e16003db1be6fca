/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <locale.h>

#include "history/diff.h"
#include "sample.h"

#define SECOND 1000000000ULL

/* A row of this many seconds' age at the first look. */
static struct row stall(enum row_type type, const char *id, const char *comm, const char *verdict, int64_t severity,
			unsigned int age_s)
{
	struct row row;

	row_init(&row, type);
	row.id = id;
	row.event = STALL_OPEN;
	row.comm = comm;
	row.process_comm = comm;
	row.verdict = verdict;
	row.severity = severity;
	row.since_ns = SAMPLE_TIME - age_s * SECOND;
	return row;
}

static struct row client(struct row row, int64_t own_port, const char *peer, int64_t port)
{
	row.reader.role = "client";
	row.local_addr = "10.0.0.1";
	row.local_port = own_port;
	row.peer_addr = peer;
	row.peer_port = port;
	return row;
}

static struct row server(struct row row, int64_t port, const char *peer, int64_t peer_port)
{
	row.reader.role = "server";
	row.local_addr = "10.0.0.1";
	row.local_port = port;
	row.peer_addr = peer;
	row.peer_port = peer_port;
	return row;
}

static void look_at(struct story *story, uint64_t seconds, struct row *rows, size_t count)
{
	struct look_record head = {.realtime_ns = SAMPLE_TIME + seconds * SECOND};
	struct look look = {.head = &head};
	struct report report = {.rows = rows, .count = count};

	for (size_t i = 0; i < count; i++)
		rows[i].time_ns = head.realtime_ns;
	assert_int_equal(story_look(story, &report, &look), 0);
}

/* The differences of two recordings of one look each: "change comm why" a line. */
static const char *differences(struct row *before, size_t before_count, struct row *after, size_t after_count, bool all)
{
	static char said[4096];
	struct story a = {0}, b = {0};
	struct report report = {0};
	size_t size = 0;

	look_at(&a, 0, before, before_count);
	look_at(&b, 0, after, after_count);
	assert_int_equal(diff_stories(&report, &a, &b, all), 0);
	said[0] = '\0';
	for (size_t i = 0; i < report.count; i++)
		size += (size_t)snprintf(said + size, sizeof(said) - size, "%s %s: %s\n",
					 report.rows[i].difference.change, report.rows[i].comm, report.rows[i].why);
	report_free(&report);
	story_free(&a);
	story_free(&b);
	return said;
}

static void new_worse_better_and_gone(void **state)
{
	struct row before[] = {
		stall(ROW_READER, "1", "gone", "awaiting_reply", 30, 5),
		stall(ROW_READER, "2", "worse", "awaiting_reply", 30, 5),
		stall(ROW_READER, "3", "better", "peer_dead", 70, 5),
		stall(ROW_READER, "4", "same", "peer_dead", 70, 5),
		stall(ROW_READER, "5", "older", "peer_dead", 70, 5),
	};
	struct row after[] = {
		stall(ROW_READER, "12", "worse", "peer_dead", 70, 5),
		stall(ROW_READER, "13", "better", "awaiting_reply", 30, 5),
		stall(ROW_READER, "14", "same", "peer_dead", 70, 6),
		stall(ROW_LOOP, "15", "new", "stalled", 60, 5),
		stall(ROW_READER, "16", "new", "awaiting_reply", 30, 100),
		stall(ROW_READER, "17", "older", "peer_dead", 70, 11),
	};

	(void)state;
	assert_string_equal(
		differences(before, COUNT_OF(before), after, COUNT_OF(after), false),
		"new new: stalled, 1 at one time, the longest for 5.0 s\n"
		"new new: awaiting_reply, 1 at one time, the longest for 100.0 s\n"
		"worse older: peer_dead, 1 at one time, the longest for 11.0 s; it was peer_dead, 1 at one time, the "
		"longest for 5.0 s\n"
		"worse worse: peer_dead, 1 at one time, the longest for 5.0 s; it was awaiting_reply, 1 at one time, "
		"the longest for 5.0 s\n"
		"better better: awaiting_reply, 1 at one time, the longest for 5.0 s; it was peer_dead, 1 at one time, "
		"the longest for 5.0 s\n"
		"gone gone: awaiting_reply, 1 at one time, the longest for 5.0 s\n");
	assert_non_null(
		strstr(differences(before, COUNT_OF(before), after, COUNT_OF(after), true), "same same: peer_dead"));
	assert_string_equal(differences(before, COUNT_OF(before), before, COUNT_OF(before), false), "");
}

/* After a restart the pids, the ids and the ports that the kernel chose are others, and it is the same stall. */
static void what_stays_is_what_it_is_known_by(void **state)
{
	struct row before[] = {
		client(stall(ROW_READER, "1", "java", "awaiting_reply", 30, 5), 40000, "10.0.0.2", 5432),
		server(stall(ROW_READER, "2", "nginx", "no_request", 20, 5), 443, "10.1.1.1", 50000),
		client(stall(ROW_READER, "3", "java", "awaiting_reply", 30, 5), 40001, "10.0.0.3", 6379),
	};
	struct row after[] = {
		client(stall(ROW_READER, "4", "java", "awaiting_reply", 30, 5), 41234, "10.0.0.2", 5432),
		server(stall(ROW_READER, "5", "nginx", "no_request", 20, 5), 443, "10.9.9.9", 33333),
		client(stall(ROW_READER, "6", "java", "awaiting_reply", 30, 5), 40001, "10.0.0.4", 6379),
	};

	(void)state;
	before[0].pid = before[0].tid = 10;
	after[0].pid = after[0].tid = 99;
	assert_string_equal(differences(before, 3, after, 3, false),
			    "new java: awaiting_reply, 1 at one time, the longest for 5.0 s\n"
			    "gone java: awaiting_reply, 1 at one time, the longest for 5.0 s\n");
}

static void the_smaller_port_is_the_servers_where_no_role_is_known(void **state)
{
	struct row before = server(stall(ROW_READER, "1", "x", "waiting", 30, 5), 443, "10.1.1.1", 50000);
	struct row after = server(stall(ROW_READER, "2", "x", "waiting", 30, 5), 443, "10.1.1.2", 50001);

	(void)state;
	before.reader.role = after.reader.role = NULL;
	assert_string_equal(differences(&before, 1, &after, 1, false), "");
	after.local_port = 444;
	assert_non_null(strstr(differences(&before, 1, &after, 1, false), "new x"));
}

/* Eight stalls one after the other are not eight at one time. */
static void stalls_at_one_time_are_counted(void **state)
{
	struct row rows[3];
	static const char *const ids[] = {"a", "b", "c"};
	struct story one = {0}, three = {0};
	struct report report = {0};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		rows[i] = stall(ROW_READER, ids[i], "x", "awaiting_reply", 30, 0);
		rows[i].since_ns = SAMPLE_TIME + 10 * i * SECOND;
		look_at(&one, 10 * i, &rows[i], 1);
		rows[i].event = STALL_CLOSE;
		look_at(&one, 10 * i + 5, &rows[i], 1);
		rows[i].event = STALL_OPEN;
	}
	look_at(&three, 25, rows, 3);
	assert_int_equal(diff_stories(&report, &one, &three, false), 0);
	assert_int_equal(report.count, 1);
	assert_string_equal(report.rows[0].difference.change, "worse");
	assert_int_equal(report.rows[0].difference.most_before, 1);
	assert_int_equal(report.rows[0].difference.most_after, 3);
	assert_int_equal(report.rows[0].time_ns, SAMPLE_TIME + 25 * SECOND);
	report_free(&report);
	story_free(&one);
	story_free(&three);
}

/* A verdict that was better again at the end was as bad as it was. */
static void the_worst_verdict_counts(void **state)
{
	struct row row = stall(ROW_READER, "a", "x", "peer_dead", 70, 5);
	struct story before = {0}, after = {0};
	struct report report = {0};

	(void)state;
	look_at(&before, 0, &row, 1);
	look_at(&after, 0, &row, 1);
	row.verdict = "idle";
	row.severity = 0;
	look_at(&after, 1, &row, 1);
	assert_int_equal(diff_stories(&report, &before, &after, true), 0);
	assert_string_equal(report.rows[0].difference.change, "same");
	assert_string_equal(report.rows[0].difference.verdict_after, "peer_dead");
	report_free(&report);
	story_free(&before);
	story_free(&after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_worse_better_and_gone),
		cmocka_unit_test(what_stays_is_what_it_is_known_by),
		cmocka_unit_test(the_smaller_port_is_the_servers_where_no_role_is_known),
		cmocka_unit_test(stalls_at_one_time_are_counted),
		cmocka_unit_test(the_worst_verdict_counts),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
