/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "rules/say_commands.h"

static void each_stands_by_itself(void **state)
{
	static const struct {
		const char *advice, *commands;
	} cases[] = {
		{"see what a (pid 7) is doing: sockstall threads -p 7", "sockstall threads -p 7"},
		{"end one of them; sockstall threads -p 7,12 shows what it is doing", "sockstall threads -p 7,12"},
		{"see whether :80 is up; to end the connection now: sockstall end local=10.0.0.1:80 peer=10.0.0.2:5000 "
		 "netns=4026531840, or nsenter -t 12 -n ss -K 'src 10.0.0.1:80 dst 10.0.0.2:5000'",
		 "sockstall end local=10.0.0.1:80 peer=10.0.0.2:5000 netns=4026531840\n"
		 "nsenter -t 12 -n ss -K 'src 10.0.0.1:80 dst 10.0.0.2:5000'"},
		{"to end the connection now: sockstall end 'local=[::1]:80' 'peer=[::2]:1' netns=1",
		 "sockstall end 'local=[::1]:80' 'peer=[::2]:1' netns=1"},
		{"resume it: kill -CONT 12 (or detach its debugger)", "kill -CONT 12"},
		{"see what this user's processes watch (sockstall loops -p 3 --watches), or raise it",
		 "sockstall loops -p 3 --watches"},
		{"see whether its accept queue is full (sockstall handshakes --port 80), or a filter drops the SYN",
		 "sockstall handshakes --port 80"},
		{"see which process should accept it: sockstall handshakes", "sockstall handshakes"},
		{"see which descriptors it does not close (ls -l /proc/5/fd), or raise its limit", "ls -l /proc/5/fd"},
		{"see whether 1.1.1.1:53 is up and answers (dig @1.1.1.1), and which other", "dig @1.1.1.1"},
		{"find the process that listens (ss -lnp) and see", "ss -lnp"},
		{"see what wakes thread 9 without an event: strace -p 9", "strace -p 9"},
		{"see where thread 9 is and move that work off the loop: gdb -p 8, or its runtime's stack dump",
		 "gdb -p 8"},
		/* Once each. */
		{"sockstall threads -p 7; sockstall threads -p 7", "sockstall threads -p 7"},
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(say_commands(&arena, cases[i].advice), cases[i].commands);
	arena_free(&arena);
}

/* The name of a process has 15 bytes: none of them makes a command, alone or with what stands around it. */
static void names_are_no_commands(void **state)
{
	static const char *const advices[] = {
		"set a receive timeout (SO_RCVTIMEO) or SO_KEEPALIVE in kill -CONT 1; to end it",
		"see what sockstall end x does instead of reading",
		"see what ss -K 'dst 1' (pid 7) is doing",
		"see what thread 7 (nsenter -t 1 -n) of strace -p 1 (pid 7) is doing",
		"resume it: kill -CONT PID",
		"sockstall threads -p ",
		"sockstall loops -p x",
		"see what gdb -p 1 (pid 7) is doing",
		"do this, or nsenter -t 1 and not that",
		"",
	};
	struct arena arena = {0};

	(void)state;
	assert_true(say_commands_shortest() > 15);
	for (size_t i = 0; i < COUNT_OF(advices); i++)
		assert_null(say_commands(&arena, advices[i]));
	assert_null(say_commands(&arena, NULL));
	arena_free(&arena);
}

static void others_are_added(void **state)
{
	struct arena arena = {0};
	const char *first = "sockstall threads -p 7";

	(void)state;
	assert_string_equal(say_commands_and(&arena, first, "systemctl status a.service, journalctl -u a.service"),
			    "sockstall threads -p 7\nsystemctl status a.service\njournalctl -u a.service");
	assert_string_equal(say_commands_and(&arena, NULL, "docker logs x"), "docker logs x");
	assert_string_equal(say_commands_and(&arena, first, NULL), first);
	assert_null(say_commands_and(&arena, NULL, NULL));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_stands_by_itself),
		cmocka_unit_test(names_are_no_commands),
		cmocka_unit_test(others_are_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
