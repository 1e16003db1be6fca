/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which threads have rows as loops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "make_look.h"
#include "reports/reports.h"

#define NOW (10000 * SECOND)

/* One that has exited, and that nobody has waited for, has counters still, but neither descriptors nor a namespace. */
static void one_that_has_exited(void **state)
{
	enum { THERE, ZOMBIE, DEAD, CASES } at;

	(void)state;
	for (at = THERE; at < CASES; at++) {
		struct options options = {
			.scope.command = COMMAND_EPOLL, .scope.min_age_ns = SECOND, .scope.all = true};
		struct report report = {0};
		struct look_builder builder;
		struct look look = {0};

		look_begin(&builder, NOW);
		look_add_sleeping(&builder, 10, 10, "loop", NOW - 5 * SECOND)->state = at == ZOMBIE ? 0x20
										       : at == DEAD ? 0x10
												    : 1;
		look_add_loop(&builder)->waits = 1000;
		look_finish(&builder, &look);
		assert_int_equal(report_run(&report, &look, NULL, &options.scope), 0);
		assert_int_equal(report.count, at == THERE);
		report_free(&report);
		look_free(&look);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_has_exited),
	};

	return cmocka_run_group_tests_name("loops", tests, NULL, NULL);
}
