/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "history/deflated.h"

#define PLAIN 100000
#define MOST  (1u << 30)

/* Like records: little that differs. Shrinks to about a tenth. */
static void add_plain(struct buffer *bytes)
{
	uint32_t seed = 1, i;

	for (i = 0; i < PLAIN / 8; i++) {
		uint32_t words[2] = {i % 5, 0};

		seed = seed * 1103515245 + 12345;
		if (i % 9 == 0)
			words[1] = seed;
		assert_int_equal(buffer_append(bytes, words, sizeof(words)), 0);
	}
}

static void comes_back_as_it_was(void **state)
{
	struct buffer plain = {0}, deflated = {0}, out = {0};

	(void)state;
	add_plain(&plain);
	assert_int_equal(buffer_append(&out, "before", 6), 0);
	assert_int_equal(buffer_append(&deflated, NULL, 0), 0);
	assert_int_equal(deflated_make(&deflated, &plain), 1);
	assert_true(deflated.size < plain.size / 4);
	assert_int_equal(deflated_read(&out, &deflated, MOST), 0);
	assert_int_equal(out.size, 6 + plain.size);
	assert_memory_equal(out.data, "before", 6);
	assert_memory_equal(out.data + 6, plain.data, plain.size);
	buffer_free(&plain);
	buffer_free(&deflated);
	buffer_free(&out);
}

static void what_is_not_worth_it_stays(void **state)
{
	struct buffer plain = {0}, deflated = {0};
	uint32_t seed = 1, i;

	(void)state;
	assert_int_equal(deflated_make(&deflated, &plain), 0);
	for (i = 0; i < 1000; i++) {
		seed = seed * 1103515245 + 12345;
		assert_int_equal(buffer_append(&plain, (char *)&seed + 2, 1), 0);
	}
	assert_int_equal(deflated_make(&deflated, &plain), 0);
	/* Zeros shrink to a thousandth: a reader would have to believe that, too. */
	buffer_reset(&plain);
	assert_int_equal(buffer_append(&plain, NULL, 1 << 20), 0);
	assert_int_equal(deflated_make(&deflated, &plain), 0);
	assert_int_equal(deflated.size, 0);
	buffer_free(&plain);
	buffer_free(&deflated);
}

/* A stream of `size` zeros that says it is of `claim` bytes. */
static void make_bomb(struct buffer *out, size_t size, uint32_t claim)
{
	char *zeros = calloc(1, size);
	uLongf length = compressBound(size);

	assert_non_null(zeros);
	claim = htole32(claim);
	assert_int_equal(buffer_append(out, &claim, sizeof(claim)), 0);
	assert_non_null(buffer_reserve(out, length));
	assert_int_equal(compress2((void *)(out->data + out->size), &length, (void *)zeros, size, 9), Z_OK);
	out->size += length;
	free(zeros);
}

static void refuses_bombs(void **state)
{
	static const uint32_t claims[] = {0,	1,	  1 << 12,   (1 << 20) - 1, 1 << 20, (1 << 20) + 1,
					  MOST, MOST + 1, UINT32_MAX};
	struct buffer bomb = {0}, out = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		buffer_reset(&bomb);
		make_bomb(&bomb, 1 << 20, claims[i]);
		assert_int_equal(deflated_read(&out, &bomb, MOST), -EBADMSG);
		/* Not before it had that memory. */
		assert_true(out.capacity <= 2 * DEFLATED_MOST * bomb.size);
		assert_int_equal(out.size, 0);
	}
	buffer_free(&bomb);
	buffer_free(&out);
}

static void refuses_more_than_is_allowed(void **state)
{
	struct buffer plain = {0}, deflated = {0}, out = {0};

	(void)state;
	add_plain(&plain);
	assert_int_equal(deflated_make(&deflated, &plain), 1);
	assert_int_equal(deflated_read(&out, &deflated, plain.size - 1), -EBADMSG);
	assert_int_equal(deflated_read(&out, &deflated, plain.size), 0);
	buffer_free(&plain);
	buffer_free(&deflated);
	buffer_free(&out);
}

/* The chunk's checksum is not looked at here: the stream has one of its own. */
static void notices_damage(void **state)
{
	struct buffer plain = {0}, deflated = {0}, out = {0};
	size_t i, whole;

	(void)state;
	add_plain(&plain);
	assert_int_equal(deflated_make(&deflated, &plain), 1);
	for (i = 0; i < deflated.size; i += i < 64 || i + 64 > deflated.size ? 1 : 37) {
		deflated.data[i] ^= 0x10;
		buffer_reset(&out);
		/* A bit of the zlib header says nothing that matters here; what comes out must be right then. */
		if (deflated_read(&out, &deflated, MOST) == 0) {
			assert_int_equal(out.size, plain.size);
			assert_memory_equal(out.data, plain.data, plain.size);
		}
		deflated.data[i] ^= 0x10;
	}
	whole = deflated.size;
	for (deflated.size = 0; deflated.size < whole; deflated.size += deflated.size < 64 ? 1 : 101)
		assert_int_equal(deflated_read(&out, &deflated, MOST), -EBADMSG);
	deflated.size = whole;
	assert_int_equal(buffer_append(&deflated, "x", 1), 0);
	assert_int_equal(deflated_read(&out, &deflated, MOST), -EBADMSG);
	buffer_free(&plain);
	buffer_free(&deflated);
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_as_it_was), cmocka_unit_test(what_is_not_worth_it_stays),
		cmocka_unit_test(refuses_bombs),	cmocka_unit_test(refuses_more_than_is_allowed),
		cmocka_unit_test(notices_damage),
	};

	return cmocka_run_group_tests_name("deflated", tests, NULL, NULL);
}
