/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Processes of which reads do not come back: the rules, the rows, and which losses a filter lets through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "make_look.h"
#include "options/filter.h"
#include "reports/reports.h"
#include "rules/process.h"

#define NOW (10000 * SECOND)

static struct unread_record *add_unread(struct look_builder *builder, __u32 pid, __u32 reads, __u32 parts)
{
	struct unread_record *unread = look_add(builder, RECORD_UNREAD, 0);

	unread->pid = pid;
	unread->process_start_ns = SECOND;
	unread->since_ns = NOW - 12 * SECOND;
	unread->reads = reads;
	unread->parts = parts;
	unread->netns = LOOK_NETNS;
	look_copy_text(unread->comm, sizeof(unread->comm), "holder");
	return unread;
}

static void once_is_slow(void **state)
{
	const struct unread_record once = {.pid = 7, .reads = 1, .parts = UNREAD_PROGRAM, .since_ns = NOW - SECOND};
	const struct process_rule *rule = process_verdict(&once);
	struct arena arena = {0};

	(void)state;
	assert_string_equal(rule->verdict->name, "slow_to_read");
	assert_int_equal(rule->severity, SEVERITY_NONE);
	assert_null(rule->advice);
	assert_string_equal(rule->why(&arena, &once, NOW),
			    "a read of it by sockstall did not return in time (program), 1.0 s ago; "
			    "sockstall tries again after 10 s");
	arena_free(&arena);
}

static void again_is_unreadable(void **state)
{
	struct unread_record twice = {.pid = 7, .reads = 2, .parts = UNREAD_EPOLL, .since_ns = NOW - 12 * SECOND};
	const struct process_rule *rule = process_verdict(&twice);
	struct arena arena = {0};

	(void)state;
	assert_string_equal(rule->verdict->name, "unreadable");
	assert_string_equal(rule->why(&arena, &twice, NOW),
			    "2 reads of it by sockstall did not return in time (epoll descriptors), the first 12.0 s "
			    "ago: most likely a thread of it holds the lock of its epoll descriptor");
	assert_non_null(strstr(rule->advice(&arena, &twice), "/proc/7"));
	twice.parts = UNREAD_PROGRAM | UNREAD_MEMORY;
	assert_string_equal(process_parts(&arena, &twice), "memory, program");
	assert_non_null(strstr(rule->advice(&arena, &twice), "findmnt"));
	/* A recording may say what this version does not know. */
	twice.parts = 1u << 31;
	assert_string_equal(process_parts(&arena, &twice), "");
	assert_non_null(rule->why(&arena, &twice, NOW));
	arena_free(&arena);
}

static size_t count_rows(const struct look *look, const struct scope *scope)
{
	struct report report = {0};
	size_t i, count = 0;

	assert_int_equal(report_run(&report, look, NULL, scope), 0);
	for (i = 0; i < report.count; i++)
		count += report.rows[i].type == ROW_PROCESS;
	report_free(&report);
	return count;
}

static void rows_only_with_all(void **state)
{
	static __u32 others[] = {8};
	static enum command commands[] = {COMMAND_OVERVIEW, COMMAND_READERS, COMMAND_EPOLL, COMMAND_CHAINS,
					  COMMAND_THREADS};
	struct look_builder builder;
	struct look look = {0};
	size_t i;

	(void)state;
	look_begin(&builder, NOW);
	add_unread(&builder, 7, 3, UNREAD_EPOLL);
	look_finish(&builder, &look);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct scope scope = {.command = commands[i]};

		assert_int_equal(count_rows(&look, &scope), 0);
		scope.all = true;
		assert_int_equal(count_rows(&look, &scope), 1);
		scope.selection.pids = others;
		scope.selection.pid_count = 1;
		assert_int_equal(count_rows(&look, &scope), 0);
	}
	look_free(&look);
}

static void a_row_says_who(void **state)
{
	struct scope scope = {.command = COMMAND_OVERVIEW, .all = true};
	struct report report = {0};
	struct look_builder builder;
	struct look look = {0};
	const struct row *row;

	(void)state;
	look_begin(&builder, NOW);
	add_unread(&builder, 7, 3, UNREAD_EPOLL);
	look_finish(&builder, &look);
	assert_int_equal(report_run(&report, &look, NULL, &scope), 0);
	assert_int_equal(report.count, 1);
	row = &report.rows[0];
	assert_int_equal(row->pid, 7);
	assert_string_equal(row->comm, "holder");
	assert_int_equal(row->netns, LOOK_NETNS);
	assert_int_equal(row->process.reads_lost, 3);
	assert_true(row->age_s > 11.9 && row->age_s < 12.1);
	assert_false(row->stuck);
	assert_string_equal(row->id, "process-7-3b9aca00");
	report_free(&report);
	look_free(&look);
}

/* ---- Losses ---- */

static struct lost_record lost_of(__u32 pid)
{
	return (struct lost_record){.where = LOST_PROCESSES, .pid = pid, .count = 1};
}

static bool tells(const struct scope *scope, const struct look *look, __u32 pid)
{
	const struct lost_record lost = lost_of(pid);

	return filter_tells_lost(scope, look, &lost);
}

static void losses_follow_the_filter(void **state)
{
	static __u32 pids[] = {7};
	static const char *comms[] = {"other"};
	static uint32_t inodes[] = {LOOK_NETNS + 1};
	struct scope scope = {.selection.pids = pids};
	const struct lost_record looks = {.where = LOST_LOOKS, .count = 1};
	struct look_builder builder;
	struct look look = {0};

	(void)state;
	look_begin(&builder, NOW);
	add_unread(&builder, 7, 1, UNREAD_EPOLL);
	look_add_thread(&builder, 8, 8, "other");
	look_finish(&builder, &look);
	assert_true(tells(&scope, &look, 7) && tells(&scope, &look, 8) && tells(&scope, &look, 0));
	scope.selection.pid_count = 1;
	assert_true(tells(&scope, &look, 7));
	assert_false(tells(&scope, &look, 8));
	assert_true(tells(&scope, &look, 0)); /* some that are not named */
	assert_true(filter_tells_lost(&scope, &look, &looks));
	scope.command = COMMAND_CHAINS;
	assert_true(tells(&scope, &look, 8));
	scope = (struct scope){.selection.comms = comms, .selection.comm_count = 1};
	assert_false(tells(&scope, &look, 7));
	assert_true(tells(&scope, &look, 8));
	assert_true(tells(&scope, &look, 9)); /* nobody knows its name */
	scope = (struct scope){.selection.netns_inodes = inodes, .selection.netns_count = 1};
	assert_false(tells(&scope, &look, 7));
	assert_true(tells(&scope, &look, 9));
	scope = (struct scope){.selection.port_count = 1};
	assert_true(tells(&scope, &look, 7)); /* it may have such a socket */
	look_free(&look);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(once_is_slow),
		cmocka_unit_test(again_is_unreadable),
		cmocka_unit_test(rows_only_with_all),
		cmocka_unit_test(a_row_says_who),
		cmocka_unit_test(losses_follow_the_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
