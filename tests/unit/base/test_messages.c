/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/messages.h"

/* What one of these writes to stderr meanwhile. */
static const char *said(void (*say)(void))
{
	static char text[2 * MESSAGES_HELD];
	int ends[2], kept = dup(STDERR_FILENO);
	ssize_t size;

	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	dup2(ends[1], STDERR_FILENO);
	say();
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(ends[1]);
	size = read(ends[0], text, sizeof(text) - 1);
	close(ends[0]);
	text[size > 0 ? size : 0] = '\0';
	return text;
}

static void tell(void)
{
	messages_tell("%s: no", "a\x1b[2J\nb");
}

static void lines_are_printable(void **state)
{
	(void)state;
	assert_string_equal(said(tell), "sockstall: a\\x1b[2J\\x0ab: no\n");
}

static struct messages messages;

static void hold(void)
{
	messages.hold = true;
	messages_say(&messages, "first");
	messages_say(&messages, "second");
}

static void end(void)
{
	messages_end(&messages);
}

static void what_is_held_comes_at_the_end(void **state)
{
	(void)state;
	assert_string_equal(said(hold), "");
	assert_string_equal(said(end), "sockstall: first\nsockstall: second\n");
}

static void hold_much(void)
{
	messages.hold = true;
	for (int i = 0; i < 1000; i++)
		messages_say(&messages, "a message of some length, number %d", i);
}

static void more_than_is_held_is_dropped(void **state)
{
	const char *text;

	(void)state;
	said(hold_much);
	text = said(end);
	assert_in_range(strlen(text), MESSAGES_HELD - 100, MESSAGES_HELD);
	assert_int_equal(text[strlen(text) - 1], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_printable),
		cmocka_unit_test(what_is_held_comes_at_the_end),
		cmocka_unit_test(more_than_is_held_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
