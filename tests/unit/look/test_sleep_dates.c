/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "look/sleep_dates.h"
#include "thread_record.h"

#define SECOND 1000000000ULL

/* A look at one thread. */
static struct thread_record sleeper(__u32 tid, __u64 seen_ns, __u64 switches)
{
	return (struct thread_record){
		.header = {RECORD_THREAD, sizeof(struct thread_record)},
		.tid = tid,
		.start_ns = 7,
		.seen_ns = seen_ns,
		.flags = THREAD_SLEEPING,
		.voluntary = switches,
		.slice_ns = 12345,
	};
}

/* Dates the records and writes them back. */
static void date(struct sleeps *sleeps, struct thread_record *threads, size_t count)
{
	struct buffer buffer = {0};
	size_t i;

	assert_int_equal(buffer_append(&buffer, threads, count * sizeof(*threads)), 0);
	assert_int_equal(sleeps_date(sleeps, &buffer, 0), 0);
	for (i = 0; i < count; i++)
		threads[i] = ((struct thread_record *)(void *)buffer.data)[i];
	buffer_free(&buffer);
}

static void test_first_look(void **state)
{
	struct sleeps sleeps = {0};
	struct thread_record thread = sleeper(1, 5 * SECOND, 3);

	(void)state;
	date(&sleeps, &thread, 1);
	assert_int_equal(thread.last_arrival, 5 * SECOND);
	assert_int_equal(thread.slice_ns, 0);
	assert_true(thread.flags & THREAD_AT_LEAST);
	sleeps_free(&sleeps);
}

static void test_the_same_sleep(void **state)
{
	struct thread_record first[] = {sleeper(9, 5 * SECOND, 3), sleeper(2, 5 * SECOND, 8)};
	struct thread_record second[] = {sleeper(2, 6 * SECOND, 8), sleeper(9, 6 * SECOND, 4)};
	struct thread_record third[] = {sleeper(2, 7 * SECOND, 8), sleeper(9, 7 * SECOND, 4)};
	struct sleeps sleeps = {0};

	(void)state;
	date(&sleeps, first, 2);
	date(&sleeps, second, 2);
	assert_int_equal(second[0].last_arrival, 5 * SECOND);
	/* It was switched out again: another sleep. */
	assert_int_equal(second[1].last_arrival, 6 * SECOND);
	date(&sleeps, third, 2);
	assert_int_equal(third[0].last_arrival, 5 * SECOND);
	assert_int_equal(third[1].last_arrival, 6 * SECOND);
	sleeps_free(&sleeps);
}

static void test_another_thread_of_that_id(void **state)
{
	struct thread_record first = sleeper(1, 5 * SECOND, 3), second = sleeper(1, 6 * SECOND, 3);
	struct sleeps sleeps = {0};

	(void)state;
	second.start_ns = 8;
	date(&sleeps, &first, 1);
	date(&sleeps, &second, 1);
	assert_int_equal(second.last_arrival, 6 * SECOND);
	sleeps_free(&sleeps);
}

static void test_awake_in_between(void **state)
{
	struct thread_record first = sleeper(1, 5 * SECOND, 3), second = sleeper(1, 6 * SECOND, 3);
	struct thread_record third = sleeper(1, 7 * SECOND, 3);
	struct sleeps sleeps = {0};

	(void)state;
	second.flags = 0;
	date(&sleeps, &first, 1);
	date(&sleeps, &second, 1);
	assert_int_equal(second.last_arrival, 0);
	date(&sleeps, &third, 1);
	assert_int_equal(third.last_arrival, 7 * SECOND);
	sleeps_free(&sleeps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_look),
		cmocka_unit_test(test_the_same_sleep),
		cmocka_unit_test(test_another_thread_of_that_id),
		cmocka_unit_test(test_awake_in_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
