/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "act/environment.h"

static struct arena arena;

static int free_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* The value of a variable, or NULL. */
static const char *value_of(char **environment, const char *name)
{
	size_t length = strlen(name);

	for (; *environment; environment++)
		if (!strncmp(*environment, name, length) && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

static void known_fields_become_variables(void **state)
{
	char **environment;
	struct row row;

	(void)state;
	row_init(&row, ROW_READER);
	row.event = STALL_OPEN;
	row.pid = 4711;
	row.comm = "cu\x1brl";
	row.age_s = 12.5;
	row.verdict = "awaiting_reply";
	row.stuck = true;
	row.reader.keepalive = 0;
	environment = field_environment(&arena, &row);
	assert_non_null(environment);
	assert_string_equal(value_of(environment, "SOCKSTALL_TYPE"), "reader");
	assert_string_equal(value_of(environment, "SOCKSTALL_EVENT"), "open");
	assert_string_equal(value_of(environment, "SOCKSTALL_PID"), "4711");
	assert_string_equal(value_of(environment, "SOCKSTALL_AGE_S"), "12.5");
	assert_string_equal(value_of(environment, "SOCKSTALL_VERDICT"), "awaiting_reply");
	assert_string_equal(value_of(environment, "SOCKSTALL_KEEPALIVE"), "false");
	/* A name that another process chose reaches no terminal as it is. */
	assert_null(strchr(value_of(environment, "SOCKSTALL_COMM"), '\x1b'));
}

static void unknown_fields_are_not_there(void **state)
{
	char **environment;
	struct row row;

	(void)state;
	row_init(&row, ROW_READER);
	environment = field_environment(&arena, &row);
	assert_non_null(environment);
	assert_null(value_of(environment, "SOCKSTALL_PID"));
	assert_null(value_of(environment, "SOCKSTALL_AGE_S"));
	assert_null(value_of(environment, "SOCKSTALL_COMM"));
	assert_null(value_of(environment, "SOCKSTALL_KEEPALIVE"));
}

/* A shell takes each name, and no two are the same. */
static void names_are_a_shells(void **state)
{
	char **environment, **at, **other;
	struct row row;
	size_t length;

	(void)state;
	row_init(&row, ROW_LOOP);
	row.pid = row.tid = 1;
	environment = field_environment(&arena, &row);
	for (at = environment; *at; at++) {
		length = strspn(*at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
		assert_int_equal((*at)[length], '=');
		for (other = environment; other < at; other++)
			assert_int_not_equal(strncmp(*at, *other, length + 1), 0);
	}
	assert_true(at - environment >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(known_fields_become_variables, free_arena),
		cmocka_unit_test_teardown(unknown_fields_are_not_there, free_arena),
		cmocka_unit_test_teardown(names_are_a_shells, free_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
