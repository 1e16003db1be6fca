/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Tables of lines, as CPython 3.11 makes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "code/python/lines.h"

/*
 * co_linetable of a function at line 3, with a comprehension and a call over two lines; co_lines() says what it means.
 */
static const unsigned char table[] = {
	128, 0,	  240, 4,   1, 9,  21,	240, 0,	  1,  9,   21,	216, 18, 19, 240, 3,   1, 9,   21, 241, 0,
	1,   9,	  21,  244, 0, 1,  9,	21,  128, 65, 240, 8,	0,   13, 14, 221, 7,   8, 136, 17, 216, 9,
	10,  241, 3,   1,   8, 12, 244, 0,   1,	  8,  12,  240, 3,   2,	 12, 13,  240, 0, 2,   5,  13,
};

static void a_function(void **state)
{
	static const struct {
		__u64 offset;
		__u32 line;
	} wanted[] = {{0, 3}, {2, 5}, {4, 5}, {6, 6}, {8, 5}, {23, 5}, {26, 9}, {38, 10}, {42, 11}, {44, 10}, {60, 9}};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_int_equal(python_line(table, sizeof(table), 3, wanted[i].offset), wanted[i].line);
	assert_int_equal(python_line(table, sizeof(table), 3, 62), 0);
	/* Its beginning is enough for what is at the beginning. */
	assert_int_equal(python_line(table, 6, 3, 2), 5);
	assert_int_equal(python_line(table, 6, 3, 26), 0);
}

static void disorder(void **state)
{
	static const unsigned char no_first[] = {0x13, 0x80}, none[] = {0x80 | 15 << 3};
	static const unsigned char endless[] = {0x80 | 13 << 3, 127, 127, 127, 127, 127, 127, 127, 127};

	(void)state;
	assert_int_equal(python_line(no_first, sizeof(no_first), 3, 0), 0);
	assert_int_equal(python_line(none, sizeof(none), 3, 0), 0);
	assert_int_equal(python_line(endless, sizeof(endless), 3, 0), 0);
	assert_int_equal(python_line(table, 0, 3, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_function), cmocka_unit_test(disorder)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
