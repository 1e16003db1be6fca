/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "options/merge.h"

static struct port_range recorded_port = {1, 1}, given_port = {2, 2};

static const struct options recorded = {
	.scope =
		{
			.command = COMMAND_READERS,
			.min_age_ns = 5,
			.interactive = true,
			.selection = {.ports = &recorded_port, .port_count = 1, .unit = "old.service", .pod = "old"},
		},
	.pace = {.once = true, .interval_ns = 7},
	.sinks = {.record_file = "it.rec", .exit_code = true},
};

static void what_is_not_said_stays(void **state)
{
	const struct options given = {.scope.command = COMMAND_REPLAY, .replay_file = "it.rec"};
	struct options merged;

	(void)state;
	options_merge(&merged, &recorded, &given);
	assert_int_equal(merged.scope.command, COMMAND_READERS);
	assert_int_equal(merged.scope.min_age_ns, 5);
	assert_int_equal(merged.pace.interval_ns, 7);
	assert_ptr_equal(merged.scope.selection.ports, &recorded_port);
	assert_string_equal(merged.scope.selection.unit, "old.service");
	assert_string_equal(merged.replay_file, "it.rec");
}

static void the_command_line_wins(void **state)
{
	const struct options given = {
		.scope =
			{
				.command = COMMAND_CHAINS,
				.command_given = true,
				.min_age_ns = 9,
				.min_age_given = true,
				.all = true,
				.selection = {.ports = &given_port, .port_count = 1, .pod = "new", .netns_all = true},
			},
	};
	struct options merged;

	(void)state;
	options_merge(&merged, &recorded, &given);
	assert_int_equal(merged.scope.command, COMMAND_CHAINS);
	assert_int_equal(merged.scope.min_age_ns, 9);
	assert_true(merged.scope.all);
	assert_ptr_equal(merged.scope.selection.ports, &given_port);
	assert_string_equal(merged.scope.selection.pod, "new");
	assert_string_equal(merged.scope.selection.unit, "old.service");
}

/* A replay writes no recording, and how it writes is its own affair. */
static void sinks_are_not_recorded(void **state)
{
	const struct options given = {.sinks.json = true};
	struct options merged;

	(void)state;
	options_merge(&merged, &recorded, &given);
	assert_null(merged.sinks.record_file);
	assert_false(merged.sinks.exit_code);
	assert_true(merged.sinks.json);
	assert_false(merged.sinks.otlp);
	assert_true(merged.sinks.was_folded);
	assert_false(merged.scope.interactive);
	assert_int_equal(merged.sinks.ready_fd, -1);
}

static void filters_are_known(void **state)
{
	const struct selection none = {0}, all = {.netns_all = true}, pod = {.pod = "new"};

	(void)state;
	assert_false(options_have_filters(&none));
	assert_true(options_have_filters(&all));
	assert_true(options_have_filters(&pod));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_said_stays),
		cmocka_unit_test(the_command_line_wins),
		cmocka_unit_test(sinks_are_not_recorded),
		cmocka_unit_test(filters_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
