/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "code/go/frames.h"
#include "code/go/pclntab.h"
#include "make_pclntab.h"

#define STACK 0xc000100000

static char bytes[TABLE_SIZE];

static bool read_bytes(void *context, __u64 offset, void *to, size_t size)
{
	(void)context;
	if (offset > sizeof(bytes) || sizeof(bytes) - offset < size)
		return false;
	memcpy(to, bytes + offset, size);
	return true;
}

static struct pclntab table;

static enum pclntab_state open_table(void)
{
	table = (struct pclntab){.read = read_bytes, .size = sizeof(bytes)};
	return pclntab_open(&table);
}

static int begin(void **state)
{
	(void)state;
	make_pclntab(bytes);
	assert_int_equal(open_table(), PCLNTAB_KNOWN);
	return 0;
}

static void assert_at(__u64 place, const char *name, const char *file, __u32 line, __s64 frame)
{
	struct go_function function;

	assert_true(pclntab_find(&table, TABLE_TEXT + place, &function));
	assert_string_equal(function.name, name);
	assert_string_equal(function.file, file);
	assert_int_equal(function.line, line);
	assert_int_equal(function.frame, frame);
}

static void functions_and_lines(void **state)
{
	(void)state;
	assert_at(0, "main.main", "main.go", 10, 0);
	assert_at(3, "main.main", "main.go", 10, 0);
	assert_at(4, "main.main", "main.go", 10, 24);
	assert_at(16, "main.main", "main.go", 12, 24);
	assert_at(63, "main.main", "main.go", 12, 24);
	assert_at(64, "main.(*Store).Get", "store.go", 40, 8);
	assert_at(191, "runtime.goexit", "", 0, 0);
}

/* What stands there is of another function, whose name is not known. */
static void code_of_another_file_has_no_line(void **state)
{
	(void)state;
	assert_at(95, "main.(*Store).Get", "store.go", 40, 8);
	assert_at(96, "main.(*Store).Get", "", 0, 8);
}

static void outside_there_is_nothing(void **state)
{
	struct go_function function;

	(void)state;
	assert_false(pclntab_find(&table, TABLE_TEXT - 1, &function));
	assert_false(pclntab_find(&table, TABLE_TEXT + 192, &function));
	assert_false(pclntab_find(&table, 0, &function));
	assert_false(pclntab_find(&table, UINT64_MAX, &function));
}

static void both_layouts(void **state)
{
	(void)state;
	put(bytes, 0, 0xfffffff1, 4);
	assert_int_equal(open_table(), PCLNTAB_KNOWN);
	assert_at(64, "main.(*Store).Get", "store.go", 40, 8);
}

static void other_versions_are_not_known(void **state)
{
	(void)state;
	put(bytes, 0, 0xfffffffa, 4); /* 1.16 */
	assert_int_equal(open_table(), PCLNTAB_OTHER);
	make_pclntab(bytes);
	put(bytes, 24, 0, 8); /* since 1.26 it is elsewhere where code begins */
	assert_int_equal(open_table(), PCLNTAB_OTHER);
}

static void what_does_not_fit_is_no_table(void **state)
{
	static const struct {
		size_t at;
		__u64 value;
		size_t size;
	} faults[] = {
		{4, 1, 1},	     {6, 0, 1},	 {6, 3, 1},	{7, 4, 1},	     {8, 0, 8},
		{8, UINT64_MAX, 8},  {8, 40, 8}, {32, 0, 8},	{32, TABLE_SIZE, 8}, {40, 1, 8},
		{48, UINT64_MAX, 8}, {56, 8, 8}, {64, 5000, 8}, {64, UINT64_MAX, 8}, {64, 504, 8},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		make_pclntab(bytes);
		put(bytes, faults[i].at, faults[i].value, faults[i].size);
		assert_int_equal(open_table(), PCLNTAB_NONE);
	}
	table.size = 71;
	assert_int_equal(pclntab_open(&table), PCLNTAB_NONE);
}

/* A description of other code, a name outside, tables of values that do not end. */
static void each_offset_is_checked(void **state)
{
	const size_t description = AT_TABLE + AT_DESCRIPTIONS;
	struct go_function function;

	(void)state;
	put(bytes, description, 1, 4);
	assert_false(pclntab_find(&table, TABLE_TEXT, &function));
	put(bytes, description, 0, 4);
	put(bytes, description + 4, 100000, 4);
	assert_false(pclntab_find(&table, TABLE_TEXT, &function));
	put(bytes, description + 4, 0x80000001, 4);
	assert_false(pclntab_find(&table, TABLE_TEXT, &function));
	put(bytes, description + 4, 1, 4);
	put(bytes, description + 16, 300, 4); /* zeros, and the end of all */
	put(bytes, description + 20, 0xffffffff, 4);
	assert_at(0, "main.main", "", 0, -1);
	memset(bytes + AT_VALUES, 0xff, 40);
	assert_at(64, "main.(*Store).Get", "", 0, -1);
	put(bytes, AT_TABLE + 4, 0xfffffff0, 4);
	assert_false(pclntab_find(&table, TABLE_TEXT, &function));
}

/* ---- Frames ---- */

static bool find(void *context, __u64 address, struct go_function *function)
{
	(void)context;
	return pclntab_find(&table, address, function);
}

static size_t frames_of(const __u64 *words, size_t count, bool has_link, __u64 code, __u64 addresses[8])
{
	const struct go_stack stack = {.code = code,
				       .stack = STACK,
				       .link = TABLE_TEXT + 70,
				       .has_link = has_link,
				       .bytes = (const char *)words,
				       .first = STACK,
				       .size = count * sizeof(*words)};

	return go_frames(&stack, find, NULL, addresses, 8);
}

/* Get, whose frame is of 8 bytes, was called by main, at 20, whose frame is of 24. */
static void frames_by_their_sizes(void **state)
{
	const __u64 words[] = {0, TABLE_TEXT + 20, 1, 2, 3, TABLE_TEXT + 130, 0};
	__u64 addresses[8];

	(void)state;
	assert_int_equal(frames_of(words, 7, false, TABLE_TEXT + 70, addresses), 3);
	assert_int_equal(addresses[0], TABLE_TEXT + 70);
	assert_int_equal(addresses[1], TABLE_TEXT + 20);
	assert_int_equal(addresses[2], TABLE_TEXT + 130);
	assert_int_equal(frames_of(words, 1, false, TABLE_TEXT + 70, addresses), 1);
	assert_int_equal(frames_of(words, 7, false, TABLE_TEXT + 300, addresses), 0);
}

/* What a function that calls none returns to is in a register; of others it lies at the end of the frame. */
static void frames_with_a_link(void **state)
{
	const __u64 words[] = {TABLE_TEXT + 20, TABLE_TEXT + 130, 2, 3, 0};
	__u64 addresses[8];

	(void)state;
	assert_int_equal(frames_of(words, 5, true, TABLE_TEXT + 130, addresses), 4);
	assert_int_equal(addresses[1], TABLE_TEXT + 70);
	assert_int_equal(addresses[2], TABLE_TEXT + 20);
	assert_int_equal(addresses[3], TABLE_TEXT + 130);
}

static void frames_do_not_go_in_circles(void **state)
{
	__u64 words[64], addresses[8];
	size_t i;

	(void)state;
	for (i = 0; i < 64; i++)
		words[i] = TABLE_TEXT + 130; /* a function without a frame */
	assert_int_equal(frames_of(words, 64, true, TABLE_TEXT + 70, addresses), 2);
	assert_int_equal(frames_of(words, 64, false, TABLE_TEXT + 70, addresses), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(functions_and_lines, begin),
		cmocka_unit_test_setup(code_of_another_file_has_no_line, begin),
		cmocka_unit_test_setup(outside_there_is_nothing, begin),
		cmocka_unit_test_setup(both_layouts, begin),
		cmocka_unit_test_setup(other_versions_are_not_known, begin),
		cmocka_unit_test_setup(what_does_not_fit_is_no_table, begin),
		cmocka_unit_test_setup(each_offset_is_checked, begin),
		cmocka_unit_test_setup(frames_by_their_sizes, begin),
		cmocka_unit_test_setup(frames_with_a_link, begin),
		cmocka_unit_test_setup(frames_do_not_go_in_circles, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
