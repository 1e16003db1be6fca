/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/text.h"
#include "output/advice.h"

/* Each part on a line, commands behind a dollar. */
static int add(void *data, const char *text, size_t length, bool is_command)
{
	struct buffer *out = data;

	return text_add(out, is_command ? "$ " : "") ?: buffer_append(out, text, length) ?: text_add(out, "\n");
}

static void commands_are_taken_out_of_the_sentence(void **state)
{
	static const struct {
		const char *advice, *commands, *parts;
	} cases[] = {
		{"call accept", NULL, "call accept\n"},
		{"see what it does: sockstall threads -p 7", "sockstall threads -p 7",
		 "see what it does:\n$ sockstall threads -p 7\n"},
		/* A part of a longer number is another process. */
		{"see it: sockstall threads -p 77; resume it: kill -CONT 7",
		 "sockstall threads -p 7\nkill -CONT 7\nsockstall threads -p 77",
		 "see it:\n$ sockstall threads -p 77\nresume it:\n$ kill -CONT 7\n$ sockstall threads -p 7\n"},
		{"see it; to end it now: sockstall end local=1 peer=2, or nsenter -t 7 -n ss -K 'src 1'",
		 "sockstall end local=1 peer=2\nnsenter -t 7 -n ss -K 'src 1'",
		 "see it; to end it now:\n$ sockstall end local=1 peer=2\n$ nsenter -t 7 -n ss -K 'src 1'\n"},
		/* Where the sentence goes on it is left as it is. */
		{"find who listens (ss -lnp) and see what it does", "ss -lnp",
		 "find who listens (ss -lnp) and see what it does\n$ ss -lnp\n"},
		{"look; see also systemctl status a, journalctl -u a", "systemctl status a\njournalctl -u a",
		 "look; see also\n$ systemctl status a\n$ journalctl -u a\n"},
		{NULL, "kill -CONT 7", "$ kill -CONT 7\n"},
		{NULL, NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buffer out = {0};

		assert_int_equal(advice_parts(cases[i].advice, cases[i].commands, add, &out), 0);
		assert_int_equal(buffer_append(&out, "", 1), 0);
		assert_string_equal(out.data, cases[i].parts);
		buffer_free(&out);
	}
}

/* More commands than are looked for, each of which is shown once. */
static void many_commands(void **state)
{
	struct buffer commands = {0}, out = {0};
	size_t count = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(text_printf(&commands, "%skill -CONT %d", i ? "\n" : "", i), 0);
	assert_int_equal(buffer_append(&commands, "", 1), 0);
	assert_int_equal(advice_parts("kill -CONT 5", commands.data, add, &out), 0);
	assert_int_equal(buffer_append(&out, "", 1), 0);
	for (const char *at = out.data; (at = strstr(at, "$ ")); at++)
		count++;
	assert_int_equal(count, 100);
	buffer_free(&commands);
	buffer_free(&out);
}

static void a_hostile_command_is_text(void **state)
{
	struct lines lines = {0};

	(void)state;
	assert_int_equal(advice_add_command(&lines, "kill \x1b[2J", 9, 0, 80), 0);
	assert_string_equal(lines_text(&lines, lines_at(&lines, 0)), "kill \\x1b[2J");
	lines_free(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_taken_out_of_the_sentence),
		cmocka_unit_test(many_commands),
		cmocka_unit_test(a_hostile_command_is_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
