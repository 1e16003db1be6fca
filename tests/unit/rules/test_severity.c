/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "rules/severity.h"

/* Who suffers: nobody gets an answer, nobody gets in, a loop, some, one; and one whose peer is gone. */
static void levels_are_ordered_by_who_suffers(void **state)
{
	static const enum severity levels[] = {
		SEVERITY_DEADLOCK, SEVERITY_UNANSWERED, SEVERITY_FULL, SEVERITY_STALLED, SEVERITY_STARVED,
		SEVERITY_WAITING,  SEVERITY_UNFINISHED, SEVERITY_DEAD, SEVERITY_SUSPECT, SEVERITY_NONE,
	};

	(void)state;
	for (size_t i = 1; i < sizeof(levels) / sizeof(levels[0]); i++)
		assert_true(levels[i - 1] > levels[i]);
}

static void weight_stays_within_a_level(void **state)
{
	(void)state;
	assert_int_equal(severity_weighed(SEVERITY_WAITING, 0, NAN), SEVERITY_WAITING);
	assert_int_equal(severity_weighed(SEVERITY_WAITING, 1, 9.9), SEVERITY_WAITING);
	assert_int_equal(severity_weighed(SEVERITY_WAITING, 2, 10), SEVERITY_WAITING + 2);
	assert_int_equal(severity_weighed(SEVERITY_WAITING, UINT64_MAX, 1e9), SEVERITY_WAITING + SEVERITY_WEIGHT_MOST);
	assert_true(severity_weighed(SEVERITY_DEADLOCK, UINT64_MAX, INFINITY) <= 100);
	assert_int_equal(severity_weighed(SEVERITY_NONE, 1000, 1e9), SEVERITY_NONE);
}

/* A chain in which many wait is shown before a loop that nobody is known to wait for; a full queue stays worse. */
static void chains_are_as_bad_as_many_wait(void **state)
{
	(void)state;
	assert_int_equal(severity_of_chain(false, 1), SEVERITY_WAITING);
	assert_int_equal(severity_of_chain(false, 5), SEVERITY_STARVED);
	assert_true(severity_weighed(severity_of_chain(false, 300), 300, 5) > SEVERITY_STALLED);
	assert_true(severity_weighed(severity_of_chain(false, UINT64_MAX), UINT64_MAX, 1e9) < SEVERITY_FULL);
	assert_int_equal(severity_of_chain(true, 1), SEVERITY_DEADLOCK);
}

static void many_that_are_shown_as_one_raise_it(void **state)
{
	(void)state;
	assert_int_equal(severity_raised(SEVERITY_DEAD, 1, 5), SEVERITY_DEAD);
	assert_int_equal(severity_raised(SEVERITY_DEAD, 300, 5), SEVERITY_DEAD + 5);
	assert_int_equal(severity_raised(SEVERITY_DEAD + 7, 2, 5), SEVERITY_DEAD + 7);
	assert_true(severity_raised(SEVERITY_DEAD, UINT64_MAX, 1e9) < SEVERITY_UNFINISHED);
	assert_int_equal(severity_raised(SEVERITY_NONE, 300, 5), SEVERITY_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_are_ordered_by_who_suffers),
		cmocka_unit_test(weight_stays_within_a_level),
		cmocka_unit_test(chains_are_as_bad_as_many_wait),
		cmocka_unit_test(many_that_are_shown_as_one_raise_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
