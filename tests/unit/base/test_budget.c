/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/budget.h"

#define MS     1000000ULL
#define SECOND 1000000000ULL

/* Looks as run/live.c takes them: each when it is due, at once as long as it costs. */
struct run {
	struct budget budget;
	__u64 cpu_ns, now_ns;
	__u64 put_off_ns; /* CPU time of what could be put off, when it is done */
	size_t looks, done; /* and how often it was */
};

static void run_start(struct run *run)
{
	*run = (struct run){.cpu_ns = 100 * MS, .now_ns = 100 * SECOND};
	budget_spend(&run->budget, run->cpu_ns, run->now_ns, false);
}

/* The same long after the start, when all that that took has been paid for. */
static void run_start_paid(struct run *run)
{
	run_start(run);
	run->now_ns += 100 * SECOND;
	budget_spend(&run->budget, run->cpu_ns, run->now_ns, false);
}

static void look(struct run *run, __u64 cost_ns, __u64 interval_ns)
{
	bool put_off = run->put_off_ns && budget_is_paid(&run->budget);
	__u64 spent_ns = cost_ns + (put_off ? run->put_off_ns : 0), wait_ns;

	budget_next_look(&run->budget);
	run->cpu_ns += spent_ns;
	run->now_ns += spent_ns;
	budget_spend(&run->budget, run->cpu_ns, run->now_ns, put_off);
	wait_ns = budget_wait(&run->budget);
	run->now_ns += wait_ns > interval_ns ? wait_ns : interval_ns;
	budget_spend(&run->budget, run->cpu_ns, run->now_ns, false);
	run->looks++;
	run->done += put_off;
}

/* Looks for so long. Returns the share of a CPU, in per mille. */
static unsigned int look_for(struct run *run, __u64 cost_ns, __u64 interval_ns, __u64 ns)
{
	__u64 began_ns = run->now_ns, before_ns = run->cpu_ns;

	while (run->now_ns < began_ns + ns)
		look(run, cost_ns, interval_ns);
	return (unsigned int)((run->cpu_ns - before_ns) * 1000 / (run->now_ns - began_ns));
}

static void what_is_cheap_waits_for_nothing(void **state)
{
	struct run run;
	__u64 began_ns;

	(void)state;
	run_start_paid(&run);
	began_ns = run.now_ns;
	while (run.looks < 1000)
		look(&run, 49 * MS, SECOND);
	assert_true(run.now_ns == began_ns + 1000 * (SECOND + 49 * MS));
}

/* Of usual looks: not the first, when all is new, nor one among many. */
static void a_single_dear_look_stretches_nothing(void **state)
{
	struct run run;
	__u64 began_ns;

	(void)state;
	run_start(&run);
	look(&run, 400 * MS, SECOND);
	assert_true(run.now_ns == 100 * SECOND + 400 * MS + SECOND);
	run_start_paid(&run);
	look_for(&run, 10 * MS, SECOND, 100 * SECOND);
	began_ns = run.now_ns;
	look(&run, 500 * MS, SECOND);
	look(&run, 10 * MS, SECOND);
	look(&run, 10 * MS, SECOND);
	assert_true(run.now_ns == began_ns + 520 * MS + 3 * SECOND);
}

/* With 300 network namespaces: to get started, a first look in which each is new, and then cheap ones, often. */
static void a_dear_first_look_is_paid_at_once(void **state)
{
	struct run run;

	(void)state;
	run_start(&run);
	look(&run, 250 * MS, 100 * MS);
	look_for(&run, 4 * MS, 100 * MS, 9650 * MS);
	/* Of ten seconds: 5 %, and the tenth of a second that is free, are 600 ms. */
	assert_in_range(run.cpu_ns, 400 * MS, 620 * MS);
	look_for(&run, 4 * MS, 100 * MS, 20 * SECOND);
	run.looks = 0;
	look_for(&run, 4 * MS, 100 * MS, 20 * SECOND);
	assert_in_range(run.looks, 180, 200);
}

/* On a slow machine the BPF programs take long to load: that is no reason to look less often. */
static void a_slow_start_delays_nothing(void **state)
{
	struct run run = {.cpu_ns = 3 * SECOND, .now_ns = 100 * SECOND};

	(void)state;
	budget_spend(&run.budget, run.cpu_ns, run.now_ns, false);
	look_for(&run, 20 * MS, SECOND, 20 * SECOND);
	assert_in_range(run.looks, 19, 20);
}

/* Also where the looks become dear at once. */
static void what_is_dear_stays_in_the_budget(void **state)
{
	const __u64 costs[] = {6 * MS, 60 * MS, 700 * MS, 5 * SECOND};
	struct run run;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		run_start(&run);
		look_for(&run, 1 * MS, 100 * MS, 100 * SECOND);
		assert_in_range(look_for(&run, costs[i], 100 * MS, 2000 * SECOND), 45, 51);
	}
}

/* Each second one: usual is the cheap one, and all the same they may not take more in the long run. */
static void what_is_dear_now_and_then_stays_in_the_budget(void **state)
{
	struct run run;

	(void)state;
	run_start_paid(&run);
	while (run.looks < 1000)
		look(&run, run.looks % 2 ? 400 * MS : 5 * MS, SECOND);
	assert_in_range((run.cpu_ns - 100 * MS) * 1000 / (run.now_ns - 200 * SECOND), 45, 51);
	assert_true(run.budget.debt_ns <= BUDGET_MOST_NS + 400 * MS);
}

static void once_it_is_cheap_again_looks_come_as_they_did(void **state)
{
	struct run run;

	(void)state;
	run_start(&run);
	look_for(&run, 700 * MS, SECOND, 100 * SECOND);
	run.looks = 0;
	look_for(&run, 5 * MS, SECOND, 20 * SECOND);
	assert_in_range(run.looks, 19, 20);
	assert_true(budget_wait(&run.budget) < SECOND);
}

static void what_can_be_put_off_delays_no_look(void **state)
{
	struct run run;

	(void)state;
	run_start(&run);
	run.put_off_ns = 700 * MS;
	assert_in_range(look_for(&run, 5 * MS, SECOND, 1000 * SECOND), 45, 51);
	assert_in_range(run.looks, 930, 1000);
	assert_in_range(run.done, 55, 65);
}

/* Where all the rest would take the whole budget. */
static void what_can_be_put_off_is_done_some_time(void **state)
{
	struct run run;

	(void)state;
	run_start(&run);
	run.put_off_ns = 700 * MS;
	assert_in_range(look_for(&run, 200 * MS, SECOND, 2000 * SECOND), 40, 52);
	assert_in_range(run.done, 50, 60);
	assert_in_range(run.looks, 280, 340);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_cheap_waits_for_nothing),
		cmocka_unit_test(a_single_dear_look_stretches_nothing),
		cmocka_unit_test(a_dear_first_look_is_paid_at_once),
		cmocka_unit_test(a_slow_start_delays_nothing),
		cmocka_unit_test(what_is_dear_stays_in_the_budget),
		cmocka_unit_test(what_is_dear_now_and_then_stays_in_the_budget),
		cmocka_unit_test(once_it_is_cheap_again_looks_come_as_they_did),
		cmocka_unit_test(what_can_be_put_off_delays_no_look),
		cmocka_unit_test(what_can_be_put_off_is_done_some_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
