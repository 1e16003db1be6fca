/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Whose an epoll instance is that nobody waits on, and since when looks have found it so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/syscall.h>

#include "base/array.h"
#include "look/unserved.h"
#include "look/unserved_dates.h"
#include "make_look.h"

#define NOW   (10000 * SECOND)
#define SINCE (NOW - 2 * SECOND)

/* ---- Whose it is ---- */

struct scene {
	struct look_builder builder;
	struct look look;
};

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	look_begin(&scene->builder, NOW);
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	look_free(&scene->look);
	free(scene);
	return 0;
}

/* A thread of process 10 that is asleep in this; 0: it runs. */
static struct thread_record *add(struct scene *scene, __u32 pid, __u32 tid, int syscall)
{
	struct thread_record *thread = look_add_sleeping(&scene->builder, pid, tid, "x", NOW - 5 * SECOND);

	thread->threads = 2;
	thread->syscall = syscall;
	if (!syscall)
		thread->flags = 0;
	return thread;
}

static struct epoll_record *add_left(struct scene *scene, __u32 pid, int fd)
{
	struct epoll_record *epoll = look_add_epoll(&scene->builder, pid, fd);

	epoll->unread = 1;
	epoll->input = EPOLL_INPUT | EPOLL_FROM_OUTSIDE;
	epoll->unserved_since_ns = SINCE;
	return epoll;
}

/* The thread that is to blame for what is left, by its id; 0: none. */
static __u32 whose(struct scene *scene, struct unserved *unserved)
{
	struct unserved one;
	__u32 tid = 0;
	size_t i;

	look_finish(&scene->builder, &scene->look);
	for (i = 0; i < scene->look.threads.count; i++) {
		unserved_find(&one, &scene->look, i);
		if (!one.epoll)
			continue;
		assert_int_equal(tid, 0);
		tid = scene->look.threads.items[i].thread->tid;
		*unserved = one;
	}
	return tid;
}

/* Syscalls of the first thread and of another; which of them is more likely to have left an instance. */
static const struct {
	int first, other;
	__u32 tid;
} pairs[] = {
	{SYS_clock_nanosleep, SYS_futex, 10},
	{SYS_futex, SYS_clock_nanosleep, 11},
	{SYS_poll, 0, 10},
	{0, SYS_recvfrom, 10},
	{0, 0, 10},
	{SYS_futex, 0, 11},
	{SYS_futex, SYS_futex, 10},
	{SYS_epoll_wait, SYS_futex, 10},
	{SYS_epoll_wait, SYS_poll, 11},
	{SYS_epoll_wait, 0, 11},
	{SYS_epoll_wait, SYS_epoll_wait, 10},
	{SYS_futex, SYS_epoll_wait, 11},
};

static void test_most_likely_thread(void **state)
{
	struct unserved unserved;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct scene scene = {0};
		__u32 tid;

		look_begin(&scene.builder, NOW);
		add(&scene, 10, 10, pairs[i].first);
		add(&scene, 10, 11, pairs[i].other);
		add_left(&scene, 10, 5);
		tid = whose(&scene, &unserved);
		if (tid != pairs[i].tid)
			print_error("pair %zu\n", i);
		assert_int_equal(tid, pairs[i].tid);
		assert_false(unserved.counted);
		assert_int_equal(unserved.since_ns, SINCE);
		look_free(&scene.look);
	}
}

/* Among threads whose waits were counted, it belongs to the last that waited. */
static void test_who_waited_last(void **state)
{
	struct scene *scene = *state;
	struct unserved unserved;
	struct loop_record *loop;

	add(scene, 10, 10, 0);
	add(scene, 10, 11, SYS_futex);
	loop = look_add_loop(&scene->builder);
	loop->epoll_fd = 5;
	loop->returned_ns = NOW - SECOND;
	add(scene, 10, 12, SYS_futex);
	loop = look_add_loop(&scene->builder);
	loop->epoll_fd = 5;
	loop->returned_ns = NOW - 3 * SECOND;
	add_left(scene, 10, 5);
	assert_int_equal(whose(scene, &unserved), 11);
	assert_true(unserved.counted);
	assert_int_equal(unserved.since_ns, NOW - SECOND);
}

static void test_waits_for_it(void **state)
{
	struct scene *scene = *state;
	struct unserved unserved;

	add(scene, 10, 10, SYS_futex);
	add(scene, 10, 11, SYS_futex);
	add_left(scene, 10, 5)->waiters = 1;
	assert_int_equal(whose(scene, &unserved), 0);
}

static void test_nothing_to_read(void **state)
{
	struct scene *scene = *state;
	struct unserved unserved;

	add(scene, 10, 10, SYS_futex);
	add_left(scene, 10, 5)->unread = 0;
	assert_int_equal(whose(scene, &unserved), 0);
}

/* It was served after it was looked at. */
static void test_served_since(void **state)
{
	struct scene *scene = *state;
	struct unserved unserved;
	struct loop_record *loop;

	add(scene, 10, 10, SYS_futex);
	loop = look_add_loop(&scene->builder);
	loop->epoll_fd = 5;
	loop->returned_ns = NOW - SECOND;
	add_left(scene, 10, 5)->seen_ns = NOW - 2 * SECOND;
	assert_int_equal(whose(scene, &unserved), 0);
}

static void test_most_from_outside(void **state)
{
	struct scene *scene = *state;
	struct unserved unserved;

	add(scene, 10, 10, SYS_clock_nanosleep);
	add_left(scene, 10, 5);
	add_left(scene, 10, 6)->input |= EPOLL_FROM_CLIENT;
	add_left(scene, 10, 7);
	assert_int_equal(whose(scene, &unserved), 10);
	assert_int_equal(unserved.epoll->fd, 6);
}

/* ---- Several processes that hold it ---- */

static void hold(struct scene *scene, __u32 pid, int syscall, __u64 start_ns)
{
	struct thread_record *thread = add(scene, pid, pid, syscall);

	thread->threads = 1;
	thread->process_start_ns = start_ns;
}

static void hold_left(struct scene *scene, __u32 pid, __u64 start_ns)
{
	struct epoll_record *epoll = add_left(scene, pid, 5);

	epoll->process_start_ns = start_ns;
	epoll->number = 1;
}

/* If one process has it from another, the older one has made it, */
static void test_inherited(void **state)
{
	struct scene *scene = *state;
	struct unserved unserved;

	hold(scene, 10, SYS_poll, 2 * SECOND);
	hold(scene, 20, SYS_poll, SECOND); /* pids have come round */
	hold_left(scene, 10, 2 * SECOND);
	hold_left(scene, 20, SECOND);
	assert_int_equal(whose(scene, &unserved), 20);
}

/* but for one that only waits for its children. */
static void test_inherited_from_a_master(void **state)
{
	struct scene *scene = *state;
	struct unserved unserved;

	hold(scene, 10, SYS_wait4, SECOND);
	hold(scene, 20, SYS_poll, 2 * SECOND);
	hold_left(scene, 10, SECOND);
	hold_left(scene, 20, 2 * SECOND);
	assert_int_equal(whose(scene, &unserved), 20);
}

/* Or the one whose waits were counted, whatever the other does. */
static void test_inherited_and_served(void **state)
{
	struct scene *scene = *state;
	struct unserved unserved;
	struct loop_record *loop;

	hold(scene, 10, SYS_poll, SECOND);
	hold(scene, 20, SYS_poll, 2 * SECOND);
	loop = look_add_loop(&scene->builder);
	loop->epoll_fd = 5;
	loop->returned_ns = NOW - SECOND;
	hold_left(scene, 10, SECOND);
	hold_left(scene, 20, 2 * SECOND);
	assert_int_equal(whose(scene, &unserved), 20);
	assert_true(unserved.counted);
}

/* ---- Since when ---- */

static void append(struct buffer *epolls, __u32 pid, int fd, __u64 seen_ns, bool unread)
{
	struct epoll_record record = {
		.header = {RECORD_EPOLL, sizeof(record)},
		.pid = pid,
		.fd = fd,
		.seen_ns = seen_ns,
		.process_start_ns = SECOND,
		.unread = unread,
		.input = unread ? EPOLL_INPUT | EPOLL_FROM_OUTSIDE : 0,
	};

	assert_int_equal(buffer_append(epolls, &record, sizeof(record)), 0);
}

static struct epoll_record *at(struct buffer *epolls, size_t i)
{
	return (struct epoll_record *)(void *)epolls->data + i;
}

static void test_dates(void **state)
{
	struct buffer first = {0}, second = {0}, third = {0};

	(void)state;
	append(&first, 20, 5, NOW, true);
	append(&first, 10, 5, NOW, true);
	append(&first, 10, 6, NOW, false);
	unserved_date(&first, &(struct buffer){0}, true);
	assert_int_equal(at(&first, 0)->pid, 10);
	assert_int_equal(at(&first, 0)->unserved_since_ns, NOW);
	assert_int_equal(at(&first, 1)->unserved_since_ns, 0);

	append(&second, 10, 5, NOW + SECOND, true);
	append(&second, 10, 6, NOW + SECOND, true);
	append(&second, 20, 5, NOW + SECOND, true);
	at(&second, 2)->process_start_ns++; /* the pid is used again */
	unserved_date(&second, &first, true);
	assert_int_equal(at(&second, 0)->unserved_since_ns, NOW);
	assert_int_equal(at(&second, 1)->unserved_since_ns, NOW + SECOND);
	assert_int_equal(at(&second, 2)->unserved_since_ns, NOW + SECOND);

	append(&third, 10, 5, NOW + 2 * SECOND, true);
	unserved_date(&third, &second, false);
	assert_int_equal(at(&third, 0)->unserved_since_ns, 0);
	buffer_free(&first);
	buffer_free(&second);
	buffer_free(&third);
}

/* Looked at again until it is settled, and then now and then. */
static void test_when_to_look_again(void **state)
{
	struct buffer epolls = {0}, nothing = {0};

	(void)state;
	append(&epolls, 10, 5, NOW, true);
	unserved_date(&epolls, &nothing, true);
	assert_false(unserved_is_due(&epolls, NOW, NOW + 899 * MILLISECOND));
	assert_true(unserved_is_due(&epolls, NOW, NOW + 900 * MILLISECOND));
	assert_true(unserved_is_open(&epolls, &nothing));
	at(&epolls, 0)->seen_ns = NOW + 2500 * MILLISECOND;
	assert_false(unserved_is_due(&epolls, NOW, NOW + 4999 * MILLISECOND));
	assert_true(unserved_is_due(&epolls, NOW, NOW + 5 * SECOND));
	assert_false(unserved_is_open(&epolls, &nothing));
	at(&epolls, 0)->seen_ns = NOW;
	at(&epolls, 0)->input = EPOLL_INPUT;
	assert_false(unserved_is_due(&epolls, NOW, NOW + 5 * SECOND));
	assert_false(unserved_is_open(&epolls, &nothing));
	buffer_free(&epolls);
}

/* Its waits are counted: no second look is needed. */
/* The client that asks after the first scan is found by the next. */
static void test_when_a_loop_is_looked_up(void **state)
{
	const __u64 left = 100 * SECOND;
	static const __u64 scans[] = {1, 2, 4, 8, 16, 32};

	(void)state;
	assert_false(unserved_may_be_new(left, false, 0, left + SECOND / 2));
	for (size_t i = 0; i + 1 < COUNT_OF(scans); i++) {
		__u64 scanned = left + scans[i] * SECOND, next = left + scans[i + 1] * SECOND;

		assert_true(unserved_may_be_new(left, false, left - SECOND, scanned));
		assert_false(unserved_may_be_new(left, false, scanned, next - SECOND / 2));
		assert_true(unserved_may_be_new(left, false, scanned, next));
		assert_false(unserved_may_be_new(left, true, scanned, next));
	}
	assert_true(unserved_may_be_new(left, true, left + SECOND, left + 32 * SECOND));
	assert_true(unserved_may_be_new(left, false, left + 32 * SECOND, left + 63 * SECOND));
}

static void test_counted_is_not_open(void **state)
{
	struct scene *scene = *state;
	struct buffer epolls = {0};
	struct loop_record *loop;

	append(&epolls, 10, 5, NOW, true);
	unserved_date(&epolls, &(struct buffer){0}, true);
	add(scene, 10, 10, SYS_futex);
	loop = look_add_loop(&scene->builder);
	loop->epoll_fd = 6;
	look_finish(&scene->builder, &scene->look);
	assert_true(unserved_is_open(&epolls, &scene->look.bytes));
	((struct loop_record *)(uintptr_t)scene->look.threads.items[0].loop)->epoll_fd = 5;
	assert_false(unserved_is_open(&epolls, &scene->look.bytes));
	buffer_free(&epolls);
}

int main(void)
{
#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_most_likely_thread),
		SCENE_TEST(test_who_waited_last),
		SCENE_TEST(test_waits_for_it),
		SCENE_TEST(test_nothing_to_read),
		SCENE_TEST(test_served_since),
		SCENE_TEST(test_most_from_outside),
		SCENE_TEST(test_inherited),
		SCENE_TEST(test_inherited_from_a_master),
		SCENE_TEST(test_inherited_and_served),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_when_to_look_again),
		cmocka_unit_test(test_when_a_loop_is_looked_up),
		SCENE_TEST(test_counted_is_not_open),
	};

	return cmocka_run_group_tests_name("unserved", tests, NULL, NULL);
}
