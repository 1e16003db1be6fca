/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Chains through locks: from a connection to a lock to a connection, deadlocks, and threads that take turns. */
#include "make_chain.h"

enum { WAITER = 31, HOLDER = 32 };

static struct thread_record *one_of(__u32 pid, __u32 tid, const char *comm, int syscall)
{
	struct thread_record *thread = sleeps(pid, tid, comm, syscall);

	thread->threads = 3;
	return thread;
}

static struct lock_record *locked(enum lock_kind kind, __u32 pid, __u32 tid, __u32 holder)
{
	struct lock_record *lock = look_add(&builder, RECORD_LOCK, 8);

	lock->kind = kind;
	lock->address = 0x7000;
	lock->pid = pid;
	lock->tid = tid;
	lock->holder_pid = holder ? pid : 0;
	lock->holder_tid = holder;
	look_copy_text(lock->holder_comm, sizeof(lock->holder_comm), "holder");
	return lock;
}

/* Curl asked the application, a thread of which waits for a mutex. */
static void asks_for_a_lock(void)
{
	begin();
	reads(CURL, CURL, "curl", 81);
	serves(APP, "app", 81);
	one_of(APP, APP, "app", SYS_rt_sigsuspend);
	one_of(APP, WAITER, "app", SYS_futex);
}

static void a_lock_behind_a_connection(void **state)
{
	struct shown shown;

	(void)state;
	asks_for_a_lock();
	one_of(APP, HOLDER, "app", SYS_clock_nanosleep);
	locked(LOCK_MUTEX, APP, WAITER, HOLDER);
	show(&shown);
	IS_CHAIN(&shown, "blocked", 1, CURL, APP, APP);
	assert_string_equal(shown.links[1].kind, "mutex");
	assert_string_equal(shown.links[1].verdict, "lock");
	assert_int_equal(shown.links[1].tid, WAITER);
	assert_int_equal(shown.links[2].tid, HOLDER);
	assert_string_equal(shown.links[2].in, "clock_nanosleep");
	assert_non_null(strstr(shown.report.rows[0].why, "mutex 0x7000 that thread 32 (holder) of app (pid 30) has"));
	hide(&shown);
}

static void a_connection_behind_a_lock(void **state)
{
	struct shown shown;

	(void)state;
	asks_for_a_lock();
	reads(APP, HOLDER, "app", 82)->seen_ns = NOW;
	serves(POSTGRES, "postgres", 82);
	sleeps(POSTGRES, POSTGRES, "postgres", SYS_clock_nanosleep);
	locked(LOCK_RWLOCK, APP, WAITER, HOLDER);
	show(&shown);
	IS_CHAIN(&shown, "blocked", 1, CURL, APP, APP, POSTGRES);
	assert_string_equal(shown.links[1].kind, "rwlock");
	assert_string_equal(shown.links[2].kind, "tcp");
	hide(&shown);
}

static void two_in_opposite_order(void **state)
{
	struct shown shown;

	(void)state;
	begin();
	one_of(APP, WAITER, "app", SYS_futex);
	one_of(APP, HOLDER, "app", SYS_futex);
	locked(LOCK_MUTEX, APP, WAITER, HOLDER);
	locked(LOCK_MUTEX, APP, HOLDER, WAITER);
	show(&shown);
	assert_int_equal(shown.report.count, 1);
	assert_string_equal(shown.report.rows[0].verdict, "deadlock");
	assert_true(shown.report.rows[0].chain.cycle);
	assert_int_equal(shown.count, 2);
	hide(&shown);
}

static void it_waits_for_itself(void **state)
{
	struct shown shown;

	(void)state;
	begin();
	one_of(APP, WAITER, "app", SYS_futex);
	locked(LOCK_MUTEX, APP, WAITER, WAITER);
	show(&shown);
	assert_int_equal(shown.report.count, 1);
	assert_string_equal(shown.report.rows[0].verdict, "deadlock");
	assert_non_null(strstr(shown.report.rows[0].why, "that it has itself: it cannot continue"));
	hide(&shown);
}

/* One of the two gives up by itself: nothing is deadlocked. */
static void a_wait_with_a_limit(void **state)
{
	struct shown shown;

	(void)state;
	begin();
	one_of(APP, WAITER, "app", SYS_futex);
	one_of(APP, HOLDER, "app", SYS_futex);
	locked(LOCK_MUTEX, APP, WAITER, HOLDER);
	locked(LOCK_MUTEX, APP, HOLDER, WAITER)->flags = LOCK_TIMED;
	show(&shown);
	for (size_t i = 0; i < shown.report.count; i++)
		assert_string_not_equal(shown.report.rows[i].verdict, "deadlock");
	hide(&shown);
}

/* Whoever has the lock waits for the next event, and the rest for their turn. */
static void they_take_turns(void **state)
{
	static const int calls[] = {SYS_epoll_pwait, SYS_accept, SYS_ppoll};
	struct shown shown;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		begin();
		one_of(APP, WAITER, "app", SYS_futex);
		one_of(APP, HOLDER, "app", calls[i])->args[1] = 7;
		locked(LOCK_MUTEX, APP, WAITER, HOLDER);
		show(&shown);
		assert_int_equal(shown.report.count, 0);
		hide(&shown);
	}
}

/* Without something that is due: a main thread joins its workers, a job waits for the file of another. */
static void what_is_normal(void **state)
{
	static const enum lock_kind kinds[] = {LOCK_JOIN, LOCK_FILE, LOCK_NO_OWNER};
	struct shown shown;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		begin();
		one_of(APP, WAITER, "app", SYS_futex);
		one_of(APP, HOLDER, "app", SYS_clock_nanosleep);
		locked(kinds[i], APP, WAITER, kinds[i] == LOCK_NO_OWNER ? 0 : HOLDER);
		show(&shown);
		assert_int_equal(shown.report.count, 0);
		hide(&shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lock_behind_a_connection),
		cmocka_unit_test(a_connection_behind_a_lock),
		cmocka_unit_test(two_in_opposite_order),
		cmocka_unit_test(it_waits_for_itself),
		cmocka_unit_test(a_wait_with_a_limit),
		cmocka_unit_test(they_take_turns),
		cmocka_unit_test(what_is_normal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
