/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Messages between sockstall and the process that unwinds stacks: either side may be somebody else's. The first byte
 * says what takes what follows, the next four how many modules it knows, or chunks it asked for. What a check has taken
 * lies inside the bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "code/messages/message.h"

static unsigned int sum;

/* Each byte is read: the sanitizers see what lies outside. */
static void touch(const char *bytes, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		sum += (unsigned char)bytes[i];
}

static void take_request(const void *bytes, size_t size)
{
	const struct code_module *modules;
	struct code_request head;
	const char *stack;
	__u32 i;

	if (!code_request_check(bytes, size, &head, &modules, &stack))
		return;
	for (i = 0; i < head.modules; i++)
		if (modules[i].end <= modules[i].start || (i && modules[i].start < modules[i - 1].end))
			abort();
	touch((const char *)modules, head.modules * sizeof(*modules));
	touch(stack, head.stack_size);
}

static void take_answer(const char *bytes, size_t size, __u32 modules)
{
	const char *name, *file;
	struct code_answer head;
	struct code_frame frame;
	size_t offset = 0;
	__u32 count = 0;

	if (!code_answer_check(bytes, size, 0, modules, &head))
		return;
	bytes += sizeof(head);
	size -= sizeof(head);
	if (head.kind == CODE_NEEDS_MEMORY) {
		if (head.count > CODE_CHUNKS)
			abort();
		touch(bytes, head.count * sizeof(__u64));
		return;
	}
	if (head.kind == CODE_NEEDS_NAMES)
		return;
	if (head.kind != CODE_DONE) {
		if (head.module >= modules || head.count > CODE_BUILD_ID_MOST)
			abort();
		touch(bytes, head.count);
		return;
	}
	while (code_frame_next(bytes, size, &offset, &frame, &name, &file)) {
		touch(name, frame.name);
		touch(file, frame.file);
		count++;
	}
	if (count != head.count || count > CODE_FRAMES || offset != size)
		abort();
}

static void take_memory(const char *bytes, size_t size, __u32 asked)
{
	struct code_memory_reply head;
	int chunks = code_memory_reply_check(bytes, size, 0, asked, &head);

	if (chunks < 0)
		return;
	if ((__u32)chunks > asked || asked > CODE_CHUNKS)
		abort();
	touch(bytes + sizeof(head), (size_t)chunks * CODE_CHUNK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t which = size ? data[0] : 0;
	__u32 modules = 0;
	char *bytes;

	if (size < 1 + sizeof(modules))
		return 0;
	memcpy(&modules, data + 1, sizeof(modules));
	data += 1 + sizeof(modules);
	size -= 1 + sizeof(modules);
	/* Of just that size, and aligned. */
	bytes = malloc(size + !size);
	memcpy(bytes, data, size);
	if (which & 1)
		take_request(bytes, size);
	else if (which & 2)
		take_memory(bytes, size, modules);
	else
		take_answer(bytes, size, modules);
	free(bytes);
	return 0;
}
