/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "look/records.h"
#include "make_look.h"
#include "reports/reports.h"

#define NOW (10000 * SECOND)

static const struct {
	__u32 state;
	const char *name;
} states[] = {
	{0, "running"},	    {0x1, "sleeping"},	   {0x2, "disk sleep"}, {0x4, "stopped"},
	{0x104, "stopped"}, {0x8, "tracing stop"}, {0x20, "zombie"},	{0x402, "idle"},
};

static void test_rows(void **state)
{
	struct look_builder builder;
	struct look look = {0};
	struct report report = {0};
	struct options options = {.scope.command = COMMAND_THREADS};
	struct thread_record *thread;
	size_t i;

	(void)state;
	look_begin(&builder, NOW)->boottime_ns = NOW + 500 * SECOND; /* it has been suspended */
	thread = look_add_sleeping(&builder, 10, 10, "app", NOW - 3 * SECOND);
	thread->syscall = SYS_futex;
	thread->start_ns = NOW + 400 * SECOND;
	thread->cpu_ns = 1500 * MILLISECOND;
	thread->voluntary = 7;
	thread->involuntary = 2;
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		look_add_thread(&builder, 10, 11 + i, "worker")->state = states[i].state;
	thread = look_add_sleeping(&builder, 20, 20, "node", NOW - 3 * SECOND);
	thread->syscall = SYS_epoll_pwait;
	thread->syscall_kind = SYSCALL_WAITS_EPOLL;
	look_add_note(&builder, 20, NOTE_WHERE, "child 21 sh");
	look_finish(&builder, &look);
	assert_int_equal(report_threads.run(&report, &look, NULL, &options.scope), 0);
	assert_int_equal(report.count, 2 + i);
	assert_string_equal(report.rows[1 + i].thread.now_in, "epoll_pwait (most likely for child 21 sh)");
	assert_string_equal(report.rows[0].thread.syscall, "futex");
	assert_string_equal(report.rows[0].thread.now_in, "futex: a lock or condition variable");
	assert_null(report.rows[1].thread.now_in);
	assert_true(fabs(report.rows[0].thread.now_s - 3) < 1e-6);
	assert_int_equal(report.rows[0].age_at_least, false);
	assert_int_equal(report.rows[0].thread.created_ns, LOOK_REALTIME_OFFSET + NOW - 100 * SECOND);
	assert_true(fabs(report.rows[0].thread.cpu_s - 1.5) < 1e-6);
	assert_int_equal(report.rows[0].thread.switches, 9);
	assert_int_equal(report.rows[0].thread.switches_voluntary, 7);
	assert_int_equal(report.rows[0].thread.switches_involuntary, 2);
	assert_null(report.rows[0].id);
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		assert_string_equal(report.rows[1 + i].thread.state, states[i].name);
	assert_true(isnan(report.rows[1].thread.now_s));
	assert_int_equal(report.rows[1].age_at_least, -1);
	assert_null(report.rows[1].thread.syscall);
	report_free(&report);
	look_free(&look);
}

#define TEN "0123456789"

/* The process's words about itself: cut, and only its own. The note comes when the rows are there. */
static void test_titles(void **state)
{
	const char *title = "\x1b[2J\xc3\xbc" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN;
	struct look_builder builder;
	struct look look = {0};
	struct report report = {0};
	struct buffer notes = {0}, before = {0};
	struct options options = {.scope.command = COMMAND_THREADS};

	(void)state;
	look_begin(&builder, NOW);
	look_add_sleeping(&builder, 10, 10, "app", NOW - 3 * SECOND);
	look_add_sleeping(&builder, 20, 20, "other", NOW - 3 * SECOND);
	look_add_sleeping(&builder, 20, 21, "other", NOW - 3 * SECOND);
	look_add_note(&builder, 20, NOTE_TITLE, "other -v");
	look_finish(&builder, &look);
	assert_int_equal(report_run(&report, &look, NULL, &options.scope), 0);
	assert_int_equal(report.count, 3);
	assert_null(report.rows[0].title);
	assert_string_equal(report.rows[1].title, "other -v");
	assert_string_equal(report.rows[2].title, "other -v");
	assert_int_equal(record_add_note(&notes, look_thread(&look, 10, 10)->thread, NOTE_TITLE, title), 0);
	assert_int_equal(look_extend(&look, &notes, &before), 0);
	report_titles(&report, 0, &look);
	assert_int_equal(strlen(report.rows[0].title), 121);
	assert_memory_equal(report.rows[0].title, title, 121);
	assert_string_equal(look_note(&look, 20, NOTE_TITLE), "other -v");
	assert_int_equal(look.threads.count, 3);
	report_free(&report);
	buffer_free(&notes);
	buffer_free(&before);
	look_free(&look);
}

static void test_detail(void **state)
{
	struct look_builder builder;
	struct look look = {0};
	struct report report = {0};
	struct options options = {.scope.command = COMMAND_THREADS};
	struct detail_record *detail;

	(void)state;
	look_begin(&builder, NOW);
	look_add_thread(&builder, 10, 10, "app");
	look_add_detail(&builder)->shares = SHARES_KNOWN;
	look_add_thread(&builder, 10, 11, "worker");
	detail = look_add_detail(&builder);
	detail->shares = SHARES_KNOWN | SHARES_VM | SHARES_FS | SHARES_SIGHAND;
	detail->creator_tid = 10;
	detail->stack_start = 0x7f0000001000;
	detail->stack_end = 0x7f0000009000;
	detail->stack_used = 0x120;
	detail->stack_flags = STACK_KNOWN | STACK_GUARD_KNOWN | STACK_USED_KNOWN;
	look_add_thread(&builder, 10, 12, "gone");
	look_add_detail(&builder);
	look_finish(&builder, &look);
	assert_int_equal(report_threads.run(&report, &look, NULL, &options.scope), 0);
	assert_int_equal(report.count, 3);
	assert_string_equal(report.rows[0].thread.shares, "");
	assert_string_equal(report.rows[1].thread.shares, "vm fs sighand");
	assert_int_equal(report.rows[1].thread.creator_tid, 10);
	assert_string_equal(report.rows[1].thread.stack_start, "0x7f0000001000");
	assert_string_equal(report.rows[1].thread.stack_end, "0x7f0000009000");
	assert_int_equal(report.rows[1].thread.stack_guard, 0);
	assert_int_equal(report.rows[1].thread.stack_used, 0x120);
	assert_null(report.rows[2].thread.shares);
	assert_null(report.rows[2].thread.stack_start);
	assert_true(report.rows[2].thread.creator_tid == NOT_KNOWN);
	assert_true(report.rows[2].thread.stack_guard == NOT_KNOWN);
	assert_true(report.rows[2].thread.stack_used == NOT_KNOWN);
	report_free(&report);
	look_free(&look);
}

static void add_stack(struct look_builder *builder, __u32 tid, __u64 guard, __u64 start, __u64 end)
{
	struct detail_record *detail;

	look_add_thread(builder, 10, tid, "worker");
	detail = look_add_detail(builder);
	detail->stack_start = start;
	detail->stack_end = end;
	detail->stack_guard = start - guard;
	detail->stack_flags = STACK_KNOWN | STACK_GUARD_KNOWN;
}

/* Two stacks in one mapping, one with a guard, one in the heap, and one that is not there at all. */
static void test_regions(void **state)
{
	static const struct {
		__u64 start, end;
		const char *kind;
		int64_t tid;
	} pieces[] = {
		{0x1000, 0x2000, "code", NOT_KNOWN},	{0x2000, 0x3000, "data", NOT_KNOWN},
		{0x3000, 0x4000, "data", NOT_KNOWN},	{0x5000, 0x5800, "heap", NOT_KNOWN},
		{0x5800, 0x5900, "stack", 14},		{0x5900, 0x6000, "heap", NOT_KNOWN},
		{0x7000, 0x8000, "guard", 11},		{0x8000, 0xa000, "stack", 11},
		{0xa000, 0xb000, "stack", 12},		{0xb000, 0xc000, "mapping", NOT_KNOWN},
		{0xd000, 0xe000, "mapping", NOT_KNOWN}, {0xf000, 0xff00, "kernel", NOT_KNOWN},
	};
	struct look_builder builder;
	struct look look = {0};
	struct report report = {0};
	struct options options = {.scope.command = COMMAND_THREADS, .scope.all = true};
	size_t i;

	(void)state;
	look_begin(&builder, NOW);
	look_add_thread(&builder, 10, 10, "app");
	add_stack(&builder, 11, 0x7000, 0x8000, 0xa000);
	add_stack(&builder, 12, 0xa000, 0xa000, 0xb000);
	add_stack(&builder, 13, 0xffff0000, 0xffff0000, 0xffff1000);
	add_stack(&builder, 14, 0x5800, 0x5800, 0x5900);
	look_add_region(&builder, 10, 0x1000, 0x2000, "r-xp", "/bin/app");
	look_add_region(&builder, 10, 0x2000, 0x3000, "rw-p", "/bin/app");
	look_add_region(&builder, 10, 0x3000, 0x4000, "rw-p", "");
	look_add_region(&builder, 10, 0x5000, 0x6000, "rw-p", "[heap]");
	look_add_region(&builder, 10, 0x7000, 0x8000, "---p", "");
	look_add_region(&builder, 10, 0x8000, 0xc000, "rw-p", "");
	look_add_region(&builder, 10, 0xd000, 0xe000, "rw-s", "/dev/shm/x");
	look_add_region(&builder, 10, 0xf000, 0xff00, "r-xp", "[vdso]");
	look_add_region(&builder, 99, 0xf000, 0xff00, "r-xp", "of no thread");
	look_finish(&builder, &look);
	assert_int_equal(report_run(&report, &look, NULL, &options.scope), 0);
	assert_int_equal(report.count, 5 + sizeof(pieces) / sizeof(pieces[0]));
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		const struct row *row = &report.rows[5 + i];
		char start[32], end[32];

		snprintf(start, sizeof(start), "0x%llx", pieces[i].start);
		snprintf(end, sizeof(end), "0x%llx", pieces[i].end);
		assert_int_equal(row->type, ROW_REGION);
		assert_string_equal(row->region.start, start);
		assert_string_equal(row->region.end, end);
		assert_string_equal(row->region.kind, pieces[i].kind);
		assert_true(row->tid == pieces[i].tid);
		assert_int_equal(row->region.bytes, pieces[i].end - pieces[i].start);
	}
	report_free(&report);
	look_free(&look);
}

/* `end` has its row when the look is gone. */
static void test_rows_outlive_the_look(void **state)
{
	struct look_builder builder;
	struct look look = {0};
	struct report report = {0};
	struct options options = {.scope.command = COMMAND_THREADS};

	(void)state;
	look_begin(&builder, NOW);
	look_add_thread(&builder, 10, 10, "app");
	look_add_netns(&builder, LOOK_NETNS, "blue");
	look_add_note(&builder, 10, NOTE_KERNEL_STACK, "ep_poll");
	look_add_note(&builder, 10, NOTE_USER_STACK, "main");
	look_finish(&builder, &look);
	assert_int_equal(report_run(&report, &look, NULL, &options.scope), 0);
	look_free(&look);
	assert_int_equal(report.count, 1);
	assert_string_equal(report.rows[0].netns_name, "blue");
	assert_string_equal(report.rows[0].thread.kernel_stack, "ep_poll");
	assert_string_equal(report.rows[0].user_stack, "main");
	report_free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_detail),
		cmocka_unit_test(test_regions),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_titles),
		cmocka_unit_test(test_rows_outlive_the_look),
	};

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
