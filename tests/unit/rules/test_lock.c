/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Locks: the rules, and a row for each, however many wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/syscall.h>

#include "base/array.h"
#include "make_look.h"
#include "reports/reports.h"
#include "rules/lock.h"

#define NOW (10000 * SECOND)

enum { APP = 30, HOLDER = 31, FIRST = 40 };

static struct look_builder builder;

static struct thread_record *thread(__u32 tid, const char *comm, int syscall, __u64 since)
{
	struct thread_record *thread = look_add_sleeping(&builder, APP, tid, comm, since);

	thread->threads = 5;
	thread->syscall = syscall;
	return thread;
}

static struct lock_record *locked(enum lock_kind kind, __u32 tid, __u32 holder)
{
	struct lock_record *lock = look_add(&builder, RECORD_LOCK, 8);

	lock->kind = kind;
	lock->address = 0x7000;
	lock->pid = APP;
	lock->tid = tid;
	lock->holder_pid = holder ? APP : 0;
	lock->holder_tid = holder;
	look_copy_text(lock->holder_comm, sizeof(lock->holder_comm), "holder");
	return lock;
}

/* The rows of the look. */
static void show(struct look *look, struct report *report, bool all)
{
	struct options options = {.scope.command = COMMAND_LOCKS,
				  .scope.min_age_ns = SECOND,
				  .scope.min_age_given = true,
				  .scope.all = all};

	*look = (struct look){0};
	*report = (struct report){0};
	look_finish(&builder, look);
	assert_int_equal(report_run(report, look, NULL, &options.scope), 0);
}

static void hide(struct look *look, struct report *report)
{
	report_free(report);
	look_free(look);
}

/* Three wait for one lock; one of them has only begun to. */
static void one_row_for_a_lock(void **state)
{
	struct report report;
	const struct row *row;
	struct look look;

	(void)state;
	look_begin(&builder, NOW);
	thread(HOLDER, "holder", SYS_clock_nanosleep, NOW - 9 * SECOND);
	for (__u32 i = 0; i < 3; i++) {
		thread(FIRST + i, "waiter", SYS_futex, NOW - i * 2 * SECOND);
		locked(LOCK_MUTEX, FIRST + i, HOLDER);
	}
	show(&look, &report, false);
	assert_int_equal(report.count, 1);
	row = &report.rows[0];
	assert_string_equal(row->verdict, "blocked");
	assert_int_equal(row->tid, FIRST + 2);
	assert_int_equal(row->lock.waiters, 2);
	assert_int_equal(row->lock.holder_tid, HOLDER);
	assert_string_equal(row->lock.kind, "mutex");
	assert_string_equal(row->lock.address, "0x7000");
	assert_null(row->lock.path);
	assert_string_equal(row->lock.holder_in, "clock_nanosleep");
	assert_string_equal(
		row->why, "2 threads have waited, the longest for 4.0 s; thread 31 (holder) of holder (pid 30) has the "
			  "mutex 0x7000, and has been in clock_nanosleep for 9.0 s");
	hide(&look, &report);
}

static void what_the_holder_does(void **state)
{
	static const struct {
		enum lock_kind kind;
		int syscall; /* -1: it runs */
		__u32 flags, holder;
		const char *verdict;
		bool normal;
	} cases[] = {
		{LOCK_MUTEX, SYS_clock_nanosleep, 0, HOLDER, "blocked", false},
		{LOCK_MUTEX, SYS_clock_nanosleep, THREAD_STOPPED, HOLDER, "stopped", false},
		{LOCK_MUTEX, SYS_clock_nanosleep, THREAD_FROZEN, HOLDER, "stopped", false},
		{LOCK_PI, -1, 0, HOLDER, "running", false},
		{LOCK_MUTEX, SYS_clock_nanosleep, 0, 0, "held", false},
		{LOCK_MUTEX, SYS_clock_nanosleep, 0, FIRST, "deadlock", false},
		{LOCK_RWLOCK, SYS_epoll_pwait, 0, HOLDER, "turns", true},
		{LOCK_JOIN, SYS_clock_nanosleep, 0, HOLDER, "join", true},
		{LOCK_NO_OWNER, SYS_clock_nanosleep, 0, 0, "no_owner", true},
	};
	struct thread_record *holder;
	struct report report;
	struct look look;

	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
		bool all = i % 2;

		look_begin(&builder, NOW);
		holder = thread(HOLDER, "holder", cases[i / 2].syscall, NOW - 9 * SECOND);
		holder->flags |= cases[i / 2].flags;
		if (cases[i / 2].syscall < 0)
			holder->flags &= ~(__u32)THREAD_SLEEPING;
		thread(FIRST, "waiter", SYS_futex, NOW - 4 * SECOND);
		locked(cases[i / 2].kind, FIRST, cases[i / 2].holder);
		show(&look, &report, all);
		assert_int_equal(report.count, all || !cases[i / 2].normal);
		if (report.count) {
			assert_string_equal(report.rows[0].verdict, cases[i / 2].verdict);
			assert_int_equal(report.rows[0].stuck, !cases[i / 2].normal);
		}
		hide(&look, &report);
	}
}

/* Two processes wait for one file. */
static void a_file_is_the_same_to_all(void **state)
{
	struct report report;
	struct look look;

	(void)state;
	look_begin(&builder, NOW);
	for (__u32 i = 0; i < 2; i++) {
		struct lock_record *lock;

		look_add_sleeping(&builder, FIRST + i, FIRST + i, "job", NOW - (4 + i) * SECOND)->syscall = SYS_flock;
		lock = locked(LOCK_FILE, FIRST + i, 0);
		lock->pid = FIRST + i;
		lock->inode = 7;
		lock->holder_pid = 20;
		lock->path[0] = '/';
		lock->path_length = 1;
	}
	show(&look, &report, false);
	assert_int_equal(report.count, 1);
	assert_string_equal(report.rows[0].verdict, "held");
	assert_int_equal(report.rows[0].lock.waiters, 2);
	assert_string_equal(report.rows[0].lock.path, "/");
	assert_null(report.rows[0].lock.address);
	assert_int_equal(report.rows[0].lock.holder_tid, NOT_KNOWN);
	hide(&look, &report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_row_for_a_lock),
		cmocka_unit_test(what_the_holder_does),
		cmocka_unit_test(a_file_is_the_same_to_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
