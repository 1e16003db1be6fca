/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a loop's counters come to over an interval. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "look/loop_rates.h"
#include "make_look.h"

#define NOW (10000 * SECOND)

/* The scheduler's clock began later. */
#define OFFSET (1234 * SECOND)

static void assert_near(double value, double expected)
{
	assert_false(isnan(value));
	if (fabs(value - expected) > 1e-6)
		print_error("%g is not %g\n", value, expected);
	assert_true(fabs(value - expected) < 1e-6);
}

/* One thread at two looks, a second apart. */
struct scene {
	struct look_record head;
	struct thread_record threads[2];
	struct loop_record loops[2];
	struct loop_rates rates;
};

static struct scene scene_of(struct loop_record before, struct loop_record now)
{
	struct scene scene = {
		.head = {.sched_offset_ns = OFFSET, .sched_offset_valid = 1},
		.threads = {{.seen_ns = NOW - SECOND, .flags = THREAD_FAIR}, {.seen_ns = NOW, .flags = THREAD_FAIR}},
		.loops = {before, now}};

	return scene;
}

static const struct loop_rates *rates_of(struct scene *scene, bool with_before)
{
	struct loop_moment before = {&scene->head, &scene->threads[0], with_before ? &scene->loops[0] : NULL};
	struct loop_moment now = {&scene->head, &scene->threads[1], &scene->loops[1]};

	loop_rates(&scene->rates, &now, &before, scene->threads[0].seen_ns);
	return &scene->rates;
}

static void test_busy_ratio(void **state)
{
	/* The second wait ended 0.9 s ago, after 0.3 s; the third goes on since 0.25 s. */
	struct scene scene = scene_of(
		(struct loop_record){
			.waits = 10, .wait_ns = 5 * SECOND, .waiting = 1, .entered_ns = NOW - 1200 * MILLISECOND},
		(struct loop_record){.waits = 11,
				     .wait_ns = 5300 * MILLISECOND,
				     .waiting = 1,
				     .entered_ns = NOW - 250 * MILLISECOND,
				     .events = 3});
	const struct loop_rates *rates = rates_of(&scene, true);

	(void)state;
	assert_int_equal(rates->interval_ns, SECOND);
	assert_int_equal(rates->waits, 1);
	assert_int_equal(rates->in_wait_ns, 350 * MILLISECOND);
	/* No counters before: what is there is new. */
	rates_of(&scene, false);
	assert_int_equal(rates->waits, 11);
	assert_int_equal(rates->in_wait_ns, SECOND);
	/* The same wait all the time. */
	scene.loops[1] = scene.loops[0];
	rates_of(&scene, true);
	assert_int_equal(rates->in_wait_ns, SECOND);
	/* Counters that fall: not from this kernel. */
	scene.loops[1].waits = 5;
	rates_of(&scene, true);
	assert_int_equal(rates->waits, 0);
}

static void test_interval_of_no_length(void **state)
{
	struct scene scene = scene_of((struct loop_record){.waits = 10}, (struct loop_record){.waits = 11});

	(void)state;
	scene.threads[0].seen_ns = NOW + SECOND;
	assert_int_equal(rates_of(&scene, true)->interval_ns, 0);
}

/* Only a quota that has kept something from running asks for another look. */
static void test_whether_one_was_throttled(void **state)
{
	enum { NO_QUOTA, NOT_USED_UP, USED_UP, CASES } at;

	(void)state;
	for (at = NO_QUOTA; at < CASES; at++) {
		struct look_builder builder;
		struct thread_record *thread;
		struct look look = {0};

		look_begin(&builder, NOW);
		look_add_thread(&builder, 1, 1, "other");
		thread = look_add_thread(&builder, 2, 2, "loop");
		thread->quota_ns = at == NO_QUOTA ? 0 : 50 * MILLISECOND;
		thread->throttled_ns = at == USED_UP ? SECOND : 0;
		look_finish(&builder, &look);
		assert_int_equal(look_has_throttled(&look), at == USED_UP);
		look_free(&look);
	}
}

static void test_lag_that_is_over(void **state)
{
	struct scene scene = scene_of(
		(struct loop_record){
			.waiting = 1, .lag_ns = 7 * SECOND, .lag_cpu_ns = 3 * SECOND, .lag_runqueue_ns = SECOND},
		(struct loop_record){.waiting = 1,
				     .lag_ns = 7600 * MILLISECOND,
				     .lag_cpu_ns = 3300 * MILLISECOND,
				     .lag_runqueue_ns = 1100 * MILLISECOND,
				     .set_bytes = 640});
	const struct loop_rates *rates = rates_of(&scene, true);

	(void)state;
	assert_int_equal(rates->lag_ns, 600 * MILLISECOND);
	assert_int_equal(rates->lag_cpu_ns, 300 * MILLISECOND);
	assert_int_equal(rates->lag_runqueue_ns, 100 * MILLISECOND);
	assert_int_equal(rates->lag_blocked_ns, 200 * MILLISECOND);
	assert_int_equal(rates->set_bytes, 640);
}

/* A quota that took 300 ms from its cgroup: no more of it from this thread than that waited for a CPU. */
static void test_throttled(void **state)
{
	struct scene scene = scene_of((struct loop_record){.waiting = 1},
				      (struct loop_record){.waiting = 1,
							   .lag_ns = 500 * MILLISECOND,
							   .lag_cpu_ns = 100 * MILLISECOND,
							   .lag_runqueue_ns = 200 * MILLISECOND});
	const struct loop_rates *rates = rates_of(&scene, true);

	(void)state;
	scene.threads[1].throttled_ns = 300 * MILLISECOND;
	scene.threads[1].run_delay_ns = 350 * MILLISECOND;
	rates_of(&scene, true);
	assert_false(rates->has_quota);
	assert_int_equal(rates->throttled_ns, 0);
	scene.threads[0].quota_ns = scene.threads[1].quota_ns = 50 * MILLISECOND;
	rates_of(&scene, true);
	assert_true(rates->has_quota);
	assert_int_equal(rates->throttled_ns, 300 * MILLISECOND);
	assert_int_equal(rates->lag_throttled_ns, 200 * MILLISECOND);
	scene.threads[1].run_delay_ns = 250 * MILLISECOND;
	assert_int_equal(rates_of(&scene, true)->throttled_ns, 250 * MILLISECOND);
	/* A quota that is new, and one that was lifted. */
	scene.threads[0].quota_ns = 0;
	assert_false(rates_of(&scene, true)->has_quota);
	scene.threads[0].quota_ns = scene.threads[1].quota_ns;
	scene.threads[1].quota_ns = 0;
	assert_false(rates_of(&scene, true)->has_quota);
}

/*
 * It returned 400 ms ago, when it had used 5 s of CPU time; it got its CPU 50 ms before that, with 4.95 s.
 */
static struct scene outside(void)
{
	struct scene scene = scene_of(
		(struct loop_record){.waiting = 1},
		(struct loop_record){.returned_ns = NOW - 400 * MILLISECOND, .returned_run_delay = 70 * MILLISECOND});

	scene.loops[1].returned_cpu_base = 4950 * MILLISECOND - (NOW - OFFSET - 450 * MILLISECOND);
	scene.threads[1].run_delay_ns = 70 * MILLISECOND;
	return scene;
}

/* 30 ms on its CPU, then asleep. */
static void test_lag_asleep(void **state)
{
	struct scene scene = outside();
	const struct loop_rates *rates;

	(void)state;
	scene.threads[1].flags |= THREAD_SLEEPING;
	scene.threads[1].last_arrival = NOW - OFFSET - 450 * MILLISECOND;
	scene.threads[1].cpu_ns = 5030 * MILLISECOND;
	scene.threads[1].slice_ns = 80 * MILLISECOND;
	rates = rates_of(&scene, true);
	assert_int_equal(rates->lag_ns, 400 * MILLISECOND);
	assert_int_equal(rates->lag_cpu_ns, 30 * MILLISECOND);
	assert_int_equal(rates->lag_runqueue_ns, 0);
	assert_int_equal(rates->lag_blocked_ns, 370 * MILLISECOND);
	assert_true(loop_lag_is_split(&scene.threads[1]));
	/* A time that a look saw is not the scheduler's. */
	scene.threads[1].flags |= THREAD_AT_LEAST;
	assert_false(loop_lag_is_split(&scene.threads[1]));
	/* No clock of the scheduler: nothing is known of its CPU time. */
	scene.head.sched_offset_valid = 0;
	assert_int_equal(rates_of(&scene, true)->lag_cpu_ns, 0);
}

/* It runs since then. The kernel has booked only what was used up to the last tick. */
static void test_lag_running(void **state)
{
	struct scene scene = outside();
	const struct loop_rates *rates;

	(void)state;
	scene.threads[1].last_arrival = NOW - OFFSET - 450 * MILLISECOND;
	scene.threads[1].cpu_ns = 5398 * MILLISECOND;
	scene.threads[1].slice_ns = 448 * MILLISECOND;
	rates = rates_of(&scene, true);
	assert_int_equal(rates->lag_cpu_ns, 400 * MILLISECOND);
	assert_int_equal(rates->lag_blocked_ns, 0);
}

/* It ran for 100 ms and was then put aside. */
static void test_lag_queued(void **state)
{
	struct scene scene = outside();
	const struct loop_rates *rates;

	(void)state;
	scene.threads[1].last_arrival = NOW - OFFSET - 450 * MILLISECOND;
	scene.threads[1].last_queued = NOW - OFFSET - 300 * MILLISECOND;
	scene.threads[1].cpu_ns = 5100 * MILLISECOND;
	scene.threads[1].slice_ns = 150 * MILLISECOND;
	rates = rates_of(&scene, true);
	assert_int_equal(rates->lag_cpu_ns, 100 * MILLISECOND);
	assert_int_equal(rates->lag_runqueue_ns, 300 * MILLISECOND);
	assert_int_equal(rates->lag_blocked_ns, 0);
}

/* The look before came in the middle of this lag: its part is not counted again. */
static void test_lag_over_two_looks(void **state)
{
	struct scene scene = outside();
	const struct loop_rates *rates;

	(void)state;
	scene.loops[1].returned_ns = NOW - 1500 * MILLISECOND;
	scene.loops[1].returned_cpu_base += 1100 * MILLISECOND;
	scene.loops[0] = scene.loops[1];
	scene.threads[0].flags |= THREAD_SLEEPING;
	scene.threads[1].flags |= THREAD_SLEEPING;
	scene.threads[0].run_delay_ns = 70 * MILLISECOND;
	scene.threads[1].run_delay_ns = 90 * MILLISECOND;
	scene.threads[0].cpu_ns = 5000 * MILLISECOND;
	scene.threads[1].cpu_ns = 5100 * MILLISECOND;
	rates = rates_of(&scene, true);
	assert_int_equal(rates->lag_ns, SECOND);
	assert_int_equal(rates->lag_cpu_ns, 100 * MILLISECOND);
	assert_int_equal(rates->lag_runqueue_ns, 20 * MILLISECOND);
	assert_int_equal(rates->lag_blocked_ns, 880 * MILLISECOND);
}

static void test_percentiles(void **state)
{
	__u32 buckets[LOOP_BUCKETS] = {0};

	(void)state;
	assert_true(isnan(loop_percentile(buckets, 0.5, 0, 0)));
	buckets[1] = 10; /* 1024 to 2048 ns */
	assert_near(loop_percentile(buckets, 0.5, 0, 0) * 1e6, 1.536);
	assert_near(loop_percentile(buckets, 0.99, 0, 1100) * 1e6, 1.024 + 0.99 * 0.076);
	/* All the same length, but for 2 ns. */
	assert_near(loop_percentile(buckets, 0.5, 1098, 1100) * 1e6, 1.099);
	buckets[45] = 10; /* (4 + 1) << 10 units: 5.24 to 6.29 ms */
	assert_near(loop_percentile(buckets, 0.5, 0, 0) * 1e6, 2.048);
	assert_near(loop_percentile(buckets, 0.75, 0, 0) * 1e3, 1.048576 * 5.5);
}

static void test_percentiles_without_end(void **state)
{
	__u32 buckets[LOOP_BUCKETS] = {[LOOP_BUCKETS - 1] = 1};

	(void)state;
	assert_near(loop_percentile(buckets, 1, 0, 3600 * SECOND), 3600);
	assert_near(loop_percentile(buckets, 0.5, 20 * SECOND, 40 * SECOND), 30);
}

/* Every bucket goes into the bar that it lies in. */
static void test_histogram(void **state)
{
	struct histogram histogram;
	int i, j;

	(void)state;
	for (i = 0; i < LOOP_BUCKETS; i++) {
		__u32 buckets[LOOP_BUCKETS] = {[0] = 0};
		double start = loop_percentile((buckets[i] = 7, buckets), 0, 0, 0) * 1e9;

		loop_histogram(&histogram, buckets);
		assert_int_equal(histogram.bars, HISTOGRAM_BARS);
		for (j = 0; j + 1 < HISTOGRAM_BARS && start + 0.5 >= (double)((__u64)HISTOGRAM_FIRST_NS << j); j++)
			assert_int_equal(histogram.counts[j], 0);
		assert_int_equal(histogram.counts[j], 7);
	}
}

/* Kept from the CPU for 0.8 s: 0.5 s of that within its waits. */
static void test_waits_on_a_busy_machine(void **state)
{
	struct scene scene = scene_of((struct loop_record){.waits = 100, .returned_ns = NOW - SECOND},
				      (struct loop_record){.waits = 10100,
							   .wait_ns = 600 * MILLISECOND,
							   .lag_ns = 400 * MILLISECOND,
							   .lag_runqueue_ns = 300 * MILLISECOND,
							   .lag_cpu_ns = 100 * MILLISECOND,
							   .returned_ns = NOW,
							   .returned_run_delay = 800 * MILLISECOND});
	const struct loop_rates *rates;

	(void)state;
	scene.threads[0].last_arrival = scene.threads[1].last_arrival = NOW;
	scene.threads[1].run_delay_ns = 800 * MILLISECOND;
	rates = rates_of(&scene, true);
	assert_int_equal(rates->lag_runqueue_ns, 300 * MILLISECOND);
	assert_int_equal(rates->wait_runqueue_ns, 500 * MILLISECOND);
	assert_int_equal(rates->mean_wait_ns, 100 * MILLISECOND / 10000);
	rates = rates_of(&scene, false);
	assert_true(rates->mean_wait_ns > 0);
}

/* One wait in a hundred was kept from the CPU. More than a few make it no spinner; nor does a thread that sleeps. */
static void test_may_spin_on_a_busy_machine(void **state)
{
	struct thread_record thread = {0};
	struct loop_record loop = {.interface = LOOP_EPOLL,
				   .waits = 1000,
				   .wait_ns = 500 * MILLISECOND,
				   .first_ns = NOW - SECOND,
				   .returned_ns = NOW};

	(void)state;
	loop.wait[1] = 990;
	loop.wait[60] = 10;
	assert_true(loop_may_spin(&thread, &loop));
	loop.wait[1] = 900;
	loop.wait[60] = 100;
	assert_false(loop_may_spin(&thread, &loop));
	loop.wait[1] = 1000;
	thread.flags = THREAD_SLEEPING;
	assert_false(loop_may_spin(&thread, &loop));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits_on_a_busy_machine),
		cmocka_unit_test(test_may_spin_on_a_busy_machine),
		cmocka_unit_test(test_busy_ratio),
		cmocka_unit_test(test_interval_of_no_length),
		cmocka_unit_test(test_lag_that_is_over),
		cmocka_unit_test(test_throttled),
		cmocka_unit_test(test_whether_one_was_throttled),
		cmocka_unit_test(test_lag_asleep),
		cmocka_unit_test(test_lag_running),
		cmocka_unit_test(test_lag_queued),
		cmocka_unit_test(test_lag_over_two_looks),
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_percentiles_without_end),
		cmocka_unit_test(test_histogram),
	};

	return cmocka_run_group_tests_name("loop_rates", tests, NULL, NULL);
}
