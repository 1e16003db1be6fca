/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Tables of functions of Go: the last eight bytes say at which address is looked, the rest is the table; also a stack
 * that is followed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "code/go/frames.h"
#include "code/go/pclntab.h"

struct input {
	const char *bytes;
	size_t size;
};

static bool read_bytes(void *context, __u64 offset, void *to, size_t size)
{
	const struct input *input = context;

	if (offset > input->size || input->size - offset < size)
		return false;
	memcpy(to, input->bytes + offset, size);
	return true;
}

static bool find(void *context, __u64 address, struct go_function *function)
{
	if (!pclntab_find(context, address, function))
		return false;
	if (!function->name[0] || !memchr(function->name, 0, GO_NAME) || !memchr(function->file, 0, GO_NAME) ||
	    (function->line && !function->file[0]) || function->frame < -1)
		abort();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {(const char *)data, size};
	struct pclntab table = {.read = read_bytes, .context = &input};
	struct go_stack stack = {.stack = 0x1000, .first = 0x1000};
	__u64 addresses[64];
	int link;

	if (size < sizeof(stack.code))
		return 0;
	input.size = table.size = size - sizeof(stack.code);
	memcpy(&stack.code, data + input.size, sizeof(stack.code));
	stack.link = stack.code;
	stack.bytes = input.bytes;
	stack.size = input.size;
	if (pclntab_open(&table) != PCLNTAB_KNOWN)
		return 0;
	for (link = 0; link < 2; link++) {
		stack.has_link = link;
		if (go_frames(&stack, find, &table, addresses, 64) > 64)
			abort();
	}
	return 0;
}
