/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"

static void buffer_keeps_what_was_appended(void **state)
{
	struct buffer buffer = {0};
	unsigned int i;

	(void)state;
	for (i = 0; i < 10000; i++)
		assert_int_equal(buffer_append(&buffer, &i, sizeof(i)), 0);
	assert_int_equal(buffer.size, 10000 * sizeof(i));
	for (i = 0; i < 10000; i++)
		assert_memory_equal(buffer.data + i * sizeof(i), &i, sizeof(i));
	buffer_free(&buffer);
	assert_null(buffer.data);
	assert_int_equal(buffer.size, 0);
}

static void buffer_append_without_data_is_zeroes(void **state)
{
	static const char zeroes[100];
	struct buffer buffer = {0};

	(void)state;
	memset(buffer_reserve(&buffer, 100), 0xff, 100);
	assert_int_equal(buffer_append(&buffer, NULL, 100), 0);
	assert_memory_equal(buffer.data, zeroes, 100);
	assert_int_equal(buffer_append(&buffer, NULL, 0), 0);
	assert_int_equal(buffer.size, 100);
	buffer_free(&buffer);
}

static void buffer_reserve_does_not_change_size(void **state)
{
	struct buffer buffer = {0};
	char *end;

	(void)state;
	assert_non_null(buffer_reserve(&buffer, 0));
	assert_int_equal(buffer_append(&buffer, "abc", 3), 0);
	end = buffer_reserve(&buffer, 100000);
	assert_ptr_equal(end, buffer.data + 3);
	assert_int_equal(buffer.size, 3);
	assert_true(buffer.capacity >= 100003);
	memset(end, 'x', 100000);
	buffer_free(&buffer);
}

static void buffer_reset_keeps_memory(void **state)
{
	struct buffer buffer = {0};
	const char *data;

	(void)state;
	assert_int_equal(buffer_append(&buffer, NULL, 50000), 0);
	data = buffer.data;
	buffer_reset(&buffer);
	assert_int_equal(buffer.size, 0);
	assert_int_equal(buffer_append(&buffer, NULL, 50000), 0);
	assert_ptr_equal(buffer.data, data);
	buffer_free(&buffer);
}

/* A size that overflows fails, and the buffer is as it was. */
static void buffer_survives_failure(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	assert_int_equal(buffer_append(&buffer, "abc", 3), 0);
	assert_null(buffer_reserve(&buffer, SIZE_MAX));
	assert_int_equal(buffer_append(&buffer, NULL, SIZE_MAX - 2), -ENOMEM);
	assert_int_equal(buffer.size, 3);
	assert_memory_equal(buffer.data, "abc", 3);
	buffer_free(&buffer);
}

static void arena_memory_is_zeroed_aligned_and_stays(void **state)
{
	struct arena arena = {0};
	unsigned char *pieces[300];
	size_t i, j;

	(void)state;
	for (i = 0; i < 300; i++) {
		pieces[i] = arena_alloc(&arena, i);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
		for (j = 0; j < i; j++)
			assert_int_equal(pieces[i][j], 0);
		memset(pieces[i], (int)i, i);
	}
	for (i = 0; i < 300; i++) {
		for (j = 0; j < i; j++)
			assert_int_equal(pieces[i][j], i & 0xff);
	}
	arena_free(&arena);
	assert_null(arena.blocks);
}

static void arena_takes_large_pieces(void **state)
{
	struct arena arena = {0};
	char *large, *small;

	(void)state;
	small = arena_alloc(&arena, 8);
	large = arena_alloc(&arena, 3 << 20);
	assert_non_null(large);
	memset(large, 'x', 3 << 20);
	assert_int_equal(small[0], 0);
	assert_non_null(arena_alloc(&arena, 8));
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_non_null(arena_alloc(&arena, 8));
	arena_free(&arena);
}

static void arena_printf_makes_text(void **state)
{
	struct arena arena = {0};
	const char *first, *second;

	(void)state;
	first = arena_printf(&arena, "%s %d", "port", 80);
	second = arena_printf(&arena, "%*s", 10000, "x");
	assert_string_equal(first, "port 80");
	assert_int_equal(strlen(second), 10000);
	assert_string_equal(arena_printf(&arena, "%s", ""), "");
	arena_free(&arena);
}

static void a_copy_has_nothing_to_spare(void **state)
{
	struct buffer buffer = {0}, copy;

	(void)state;
	assert_int_equal(buffer_copy(&copy, &buffer), 0);
	assert_int_equal(copy.size, 0);
	assert_int_equal(buffer_append(&copy, "x", 1), 0);
	buffer_free(&copy);
	assert_int_equal(buffer_append(&buffer, "abc", 3), 0);
	assert_true(buffer.capacity > 3);
	assert_int_equal(buffer_copy(&copy, &buffer), 0);
	assert_int_equal(copy.size, 3);
	assert_int_equal(copy.capacity, 3);
	assert_memory_equal(copy.data, "abc", 3);
	assert_ptr_not_equal(copy.data, buffer.data);
	assert_int_equal(buffer_append(&copy, "defg", 4), 0);
	assert_memory_equal(copy.data, "abcdefg", 7);
	buffer_free(&copy);
	buffer_free(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_has_nothing_to_spare),
		cmocka_unit_test(buffer_keeps_what_was_appended),
		cmocka_unit_test(buffer_append_without_data_is_zeroes),
		cmocka_unit_test(buffer_reserve_does_not_change_size),
		cmocka_unit_test(buffer_reset_keeps_memory),
		cmocka_unit_test(buffer_survives_failure),
		cmocka_unit_test(arena_memory_is_zeroed_aligned_and_stays),
		cmocka_unit_test(arena_takes_large_pieces),
		cmocka_unit_test(arena_printf_makes_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
