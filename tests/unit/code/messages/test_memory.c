/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Memory of another process by chunks: how much is asked for, and how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "code/messages/memory.h"

#define FIRST	(1ULL << 20)
#define MISSING (1ULL << 30)

static size_t calls, chunks;

/* Each byte is the number of its chunk. Beyond MISSING there is nothing. */
static __u64 source(const __u64 *addresses, size_t count, char *bytes)
{
	__u64 read = 0;
	size_t i;

	calls++;
	chunks += count;
	for (i = 0; i < count; i++) {
		assert_int_equal(addresses[i] % CODE_CHUNK, 0);
		if (addresses[i] >= MISSING)
			continue;
		memset(bytes, (int)(addresses[i] / CODE_CHUNK & 127), CODE_CHUNK);
		bytes += CODE_CHUNK;
		read |= 1ULL << i;
	}
	return read;
}

static void begin(void)
{
	static const char stack[] = "stack";

	memory_begin(0x2000, stack, 5, source);
	calls = chunks = 0;
}

static void stack(void **state)
{
	char bytes[6];

	(void)state;
	begin();
	assert_true(memory_read(0x2000, bytes, 5));
	assert_memory_equal(bytes, "stack", 5);
	assert_int_equal(calls, 0);
	assert_false(memory_was_asked());
}

static void once(void **state)
{
	char bytes[2];

	(void)state;
	begin();
	memory_want(FIRST + 2 * CODE_CHUNK, 1);
	assert_true(memory_read(FIRST + CODE_CHUNK - 1, bytes, 2));
	assert_int_equal(bytes[1] - bytes[0], 1);
	assert_true(memory_read(FIRST + 2 * CODE_CHUNK, bytes, 1));
	assert_true(memory_read(FIRST, bytes, 1));
	assert_int_equal(calls, 1);
	assert_int_equal(chunks, 3);
	assert_true(memory_was_asked());
}

static void missing(void **state)
{
	char bytes[8];
	__u64 word;

	(void)state;
	begin();
	assert_false(memory_read(MISSING - 4, bytes, 8));
	assert_true(memory_read(MISSING - 4, bytes, 4));
	assert_false(memory_read(MISSING, bytes, 1));
	assert_int_equal(calls, 1);
	assert_false(memory_read(0, bytes, 8));
	assert_false(memory_read(UINT64_MAX - 2, bytes, 8));
	assert_false(memory_read_word(FIRST + 1, &word));
	assert_int_equal(calls, 1);
}

static void limits(void **state)
{
	char byte;
	size_t i;

	(void)state;
	begin();
	for (i = 0; i < 2 * (size_t)CODE_MEMORY_NEEDS && memory_read(FIRST + i * CODE_CHUNK, &byte, 1); i++)
		;
	assert_int_equal(i, CODE_MEMORY_NEEDS);
	assert_int_equal(calls, CODE_MEMORY_NEEDS);
	begin();
	for (i = 0; i < 2 * (size_t)CODE_CHUNKS_MOST; i++)
		memory_want(FIRST + i * CODE_CHUNK, 1);
	assert_int_equal(calls, 0);
	for (i = 0; i < 2 * (size_t)CODE_CHUNKS_MOST; i++) {
		memory_want(FIRST + (i + 1) * CODE_CHUNK, 40 * CODE_CHUNK);
		if (!memory_read(FIRST + i * CODE_CHUNK, &byte, 1))
			break;
	}
	assert_int_equal(i, CODE_CHUNKS_MOST);
	assert_int_equal(chunks, CODE_CHUNKS_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stack),
		cmocka_unit_test(once),
		cmocka_unit_test(missing),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
