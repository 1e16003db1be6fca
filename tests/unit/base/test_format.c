/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/format.h"

#define ROOM 400

/* In every room, up to one that is large enough, there must be what libc writes, and behind it what was there. */
__attribute__((format(printf, 1, 2))) static void is_as_libc(const char *format, ...)
{
	char ours[ROOM], theirs[ROOM];
	va_list arguments;
	int length = 0, expected = 0;

	for (size_t room = 0; room<ROOM; room = room>(size_t) expected + 1 ? ROOM : room + 1) {
		memset(ours, 'x', sizeof(ours));
		memset(theirs, 'x', sizeof(theirs));
		va_start(arguments, format);
		length = format_text(ours, room, format, arguments);
		va_end(arguments);
		va_start(arguments, format);
		expected = vsnprintf(theirs, room, format, arguments);
		va_end(arguments);
		assert_int_equal(length, expected);
		assert_memory_equal(ours + room, theirs + room, ROOM - room);
		if (room)
			assert_string_equal(ours, theirs);
	}
}

static void text_is_as_libc_has_it(void **state)
{
	const char unended[4] = {'a', 'b', 'c', 'd'};

	(void)state;
	is_as_libc("nothing to fill in");
	is_as_libc("%s", "");
	is_as_libc("%s and %s%%, %c", "one", "another", '!');
	is_as_libc("%.*s", 4, unended);
	is_as_libc("%.4s|%.2s|%.0s", unended, unended, "gone");
	is_as_libc("%.16s", "more than sixteen characters");
	is_as_libc("%.*s|%.*s|%.*s", 2, "cut", 0, "cut", -1, "whole");
	is_as_libc("\xc3\xa9 %.1s", "\xc3\xa9");
}

static void numbers_are_as_libc_has_them(void **state)
{
	(void)state;
	is_as_libc("%d %i %d %d", 0, 7, INT_MIN, INT_MAX);
	is_as_libc("%ld %ld %lld %lld", LONG_MIN, LONG_MAX, LLONG_MIN, LLONG_MAX);
	is_as_libc("%u %lu %llu %zu", UINT_MAX, ULONG_MAX, ULLONG_MAX, SIZE_MAX);
	is_as_libc("%x %lx %llx %zx", 0u, 0xabcdef0123456789ul, ULLONG_MAX, (size_t)16);
	is_as_libc("%02x|%08x|%04x|%03u|%09llu|%020llu", 0xau, 0x1234567u, 0x12345u, 7u, 123ull, 5ull);
	is_as_libc("%zd", (ssize_t)-5);
}

/* What it does not know comes with all arguments that were given before it. */
static void the_rest_is_left_to_libc(void **state)
{
	const char *volatile none = NULL; /* the compiler must not know */

	(void)state;
	is_as_libc("%s %5d|%-5s|%5s|", "before", 3, "left", "right");
	is_as_libc("%u %.3f %s", 4u, 2.5, "behind");
	is_as_libc("%d %#x %+d %X", 1, 255u, 4, 255u);
	is_as_libc("%s %hhu %*d %05d", "a", 300 & 0xff, 6, 42, -42);
	is_as_libc("%.3d %.3u %.30s", 5, 5u, "longer than is known");
	is_as_libc("%025u", 7u);
	is_as_libc("%s, %.2s", "text", none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_as_libc_has_it),
		cmocka_unit_test(numbers_are_as_libc_has_them),
		cmocka_unit_test(the_rest_is_left_to_libc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
