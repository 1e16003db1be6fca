/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Functions of Python in memory that is the input: its first byte says which version (1: the layout that 3.13 describes
 * itself), the rest lies where the images of the unit tests do. Texts that come out end, and have no control
 * characters.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/code/python/make_python.h"
#include "code/messages/memory.h"

static const uint8_t *input;
static size_t input_size;

/* The input is shorter than its last chunk: zeros follow. */
static __u64 source(const __u64 *addresses, size_t count, char *bytes)
{
	__u64 read = 0;
	size_t i, at, part;

	if (!count || count > CODE_CHUNKS)
		abort();
	for (i = 0; i < count; i++) {
		if (addresses[i] % CODE_CHUNK)
			abort();
		if (addresses[i] < IMAGE || addresses[i] - IMAGE >= input_size)
			continue;
		at = (size_t)(addresses[i] - IMAGE);
		part = input_size - at < CODE_CHUNK ? input_size - at : CODE_CHUNK;
		memset(bytes, 0, CODE_CHUNK);
		memcpy(bytes, input + at, part);
		bytes += CODE_CHUNK;
		read |= 1ULL << i;
	}
	return read;
}

static void check_text(const char *text)
{
	size_t i, length = strnlen(text, CODE_TEXT + 1);

	if (length > CODE_TEXT)
		abort();
	for (i = 0; i < length; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct python_function functions[CODE_FRAMES];
	struct python_stack stack = {IMAGE, 0, 0};
	struct python python = image_python();
	size_t i, count;
	bool whole;

	if (!size)
		return 0;
	if (data[0] & 1)
		python.version = 0x030d00f0;
	else if (data[0] & 2)
		python.version = 0x030c01f0;
	stack.thread = data[0] & 4 ? 77 : 0;
	input = data + 1;
	input_size = size - 1;
	stack.size = input_size < IMAGE_STACK ? input_size : IMAGE_STACK;
	memory_begin(IMAGE, (const char *)input, stack.size, source);
	count = python_read(&python, &stack, functions, CODE_FRAMES, &whole);
	if (count > CODE_FRAMES)
		abort();
	for (i = 0; i < count; i++) {
		check_text(functions[i].name);
		check_text(functions[i].file);
	}
	return 0;
}
