/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "system/memory_map.h"

static bool parse(struct memory_region *region, const char *line)
{
	return memory_map_parse(region, line, strlen(line));
}

static void lines_of_the_kernel(void **state)
{
	struct memory_region region;

	(void)state;
	assert_true(parse(&region, "7ffcfa030000-7ffcfa051000 rw-p 00000000 00:00 0                          [stack]"));
	assert_int_equal(region.start, 0x7ffcfa030000);
	assert_int_equal(region.end, 0x7ffcfa051000);
	assert_string_equal(region.permissions, "rw-p");
	assert_int_equal(region.inode, 0);
	assert_int_equal(region.name_length, 7);
	assert_memory_equal(region.name, "[stack]", 7);
	assert_true(parse(&region,
			  "55bf00161000-55bf00162000 r-xp 00001000 fe:00 10952905                   /a b (deleted)"));
	assert_int_equal(region.inode, 10952905);
	assert_int_equal(region.name_length, 14);
	assert_true(parse(&region, "55bf00166000-55bf001a8000 rw-p 00000000 00:00 0 "));
	assert_int_equal(region.name_length, 0);
	assert_true(parse(&region, "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]"));
}

static void lines_that_are_none(void **state)
{
	static const char *const lines[] = {
		"",
		"-",
		"1000",
		"1000-",
		"1000-2000",
		"1000-2000 ",
		"1000-2000 rw",
		"1000-2000 rw-p",
		"1000-2000 rw-p 0",
		"1000-2000 rw-p 0 0",
		"1000-2000 rw-p 0 0:",
		"1000-2000 rw-p 0 0:0",
		"1000-2000 rw-p 0 0:0 x",
		"2000-1000 rw-p 0 0:0 0",
		"1000-1000 rw-p 0 0:0 0",
		"g000-2000 rw-p 0 0:0 0",
		"10000000000000000-2000 rw-p 0 0:0 0",
		"1000-2000 rw-p 0 0:0 99999999999999999999",
	};
	struct memory_region region;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(parse(&region, lines[i]));
}

static void any_bytes(void **state)
{
	static const char alphabet[] = "0123456789abcdef-: rwxp/[]\n\xff";
	char line[80];
	struct memory_region region;
	int round, i;

	(void)state;
	srandom(4);
	for (round = 0; round < 20000; round++) {
		int length = (int)(random() % (long)sizeof(line));
		char *copy = malloc((size_t)length + 1); /* its end is watched by the sanitizer */

		for (i = 0; i < length; i++)
			copy[i] = alphabet[random() % (long)sizeof(alphabet)];
		if (memory_map_parse(&region, copy, (size_t)length))
			assert_true(region.start < region.end);
		free(copy);
	}
}

static const struct memory_region regions[] = {
	{.start = 0x1000, .end = 0x2000, .permissions = "---p", .name = ""},
	{.start = 0x2000, .end = 0x6000, .permissions = "rw-p", .name = ""},
	{.start = 0x7000, .end = 0x8000, .permissions = "rw-p", .name = "[heap]", .name_length = 6},
	{.start = 0x9000, .end = 0xa000, .permissions = "r-xp", .name = ""},
	{.start = 0xb000, .end = 0xc000, .permissions = "rw-p", .name = "[stack]", .name_length = 7},
};
#define COUNT (sizeof(regions) / sizeof(regions[0]))

static void finding(void **state)
{
	(void)state;
	assert_null(memory_map_find(regions, COUNT, 0xfff));
	assert_ptr_equal(memory_map_find(regions, COUNT, 0x1000), &regions[0]);
	assert_ptr_equal(memory_map_find(regions, COUNT, 0x5fff), &regions[1]);
	assert_null(memory_map_find(regions, COUNT, 0x6000));
	assert_ptr_equal(memory_map_find(regions, COUNT, 0xb123), &regions[4]);
	assert_null(memory_map_find(regions, COUNT, 0xc000));
	assert_null(memory_map_find(NULL, 0, 0xc000));
}

static void stacks_by_mapping(void **state)
{
	struct stack_place place;

	(void)state;
	assert_true(stack_by_mapping(&place, regions, COUNT, 0x3000, 0));
	assert_int_equal(place.start, 0x2000);
	assert_int_equal(place.end, 0x6000);
	assert_true(place.guard_known);
	assert_int_equal(place.guard, 0x1000);
	/* It began in the middle of a mapping. */
	assert_true(stack_by_mapping(&place, regions, COUNT, 0x3000, 0x4000));
	assert_int_equal(place.end, 0x4000);
	/* It uses another stack by now. */
	assert_true(stack_by_mapping(&place, regions, COUNT, 0x3000, 0xb800));
	assert_int_equal(place.end, 0x6000);
	/* Nothing is on it. */
	assert_true(stack_by_mapping(&place, regions, COUNT, 0x6000, 0));
	assert_int_equal(place.start, 0x2000);
	assert_true(stack_by_mapping(&place, regions, COUNT, 0xb100, 0));
	assert_false(place.guard_known);
	assert_false(stack_by_mapping(&place, regions, COUNT, 0x7100, 0));
	assert_false(stack_by_mapping(&place, regions, COUNT, 0x9100, 0));
	assert_false(stack_by_mapping(&place, regions, COUNT, 0, 0));
}

static void stacks_by_the_library(void **state)
{
	__u64 words[] = {1, 0x7f0000000000, 0x7f0000000000, 0x21000, 0x1000, 0x1000, 0};
	struct stack_place place;

	(void)state;
	assert_true(stack_by_library(&place, words, 7, 0x7f0000020000, 0x7f000001ff00));
	assert_int_equal(place.start, 0x7f0000001000);
	assert_int_equal(place.end, 0x7f0000021000);
	assert_int_equal(place.guard, 0x1000);
	assert_true(place.guard_known);
	/* The stack pointer or the TLS block lies elsewhere; a guard that is none. */
	assert_false(stack_by_library(&place, words, 7, 0x7f0000020000, 0x7f0000021000));
	assert_false(stack_by_library(&place, words, 7, 0x7f0000021000, 0x7f000001ff00));
	words[4] = 0x1001;
	assert_false(stack_by_library(&place, words, 7, 0x7f0000020000, 0x7f000001ff00));
	words[4] = 0x21000;
	assert_false(stack_by_library(&place, words, 7, 0x7f0000020000, 0x7f000001ff00));
	assert_false(stack_by_library(&place, words, 2, 0x7f0000020000, 0x7f000001ff00));
	assert_false(stack_by_library(&place, words, 0, 0x7f0000020000, 0x7f000001ff00));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_the_kernel), cmocka_unit_test(lines_that_are_none),
		cmocka_unit_test(any_bytes),	       cmocka_unit_test(finding),
		cmocka_unit_test(stacks_by_mapping),   cmocka_unit_test(stacks_by_the_library),
	};

	return cmocka_run_group_tests_name("memory_map", tests, NULL, NULL);
}
