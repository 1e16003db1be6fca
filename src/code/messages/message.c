/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/messages/message.h"

#include <stdint.h>
#include <string.h>

static bool modules_are_in_order(const struct code_module *modules, size_t count)
{
	__u64 end = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if (modules[i].start < end || modules[i].end <= modules[i].start)
			return false;
		end = modules[i].end;
	}
	return true;
}

bool code_request_check(const void *bytes, size_t size, struct code_request *head, const struct code_module **modules,
			const char **stack)
{
	size_t table;

	if (size < sizeof(*head))
		return false;
	memcpy(head, bytes, sizeof(*head));
	table = head->modules * sizeof(**modules);
	if (head->modules > CODE_MODULES || head->stack_size > CODE_STACK ||
	    size != sizeof(*head) + table + head->stack_size || head->stack > ~0ULL - head->stack_size ||
	    head->memory > 1)
		return false;
	*modules = (const void *)((const char *)bytes + sizeof(*head));
	*stack = (const char *)bytes + sizeof(*head) + table;
	return modules_are_in_order(*modules, head->modules);
}

static bool frames_are_whole(const void *bytes, size_t size, __u32 count)
{
	struct code_frame frame;
	const char *name, *file;
	size_t offset = 0;
	__u32 i;

	for (i = 0; i < count; i++)
		if (!code_frame_next(bytes, size, &offset, &frame, &name, &file))
			return false;
	return offset == size;
}

/* Each in one page of memory that programs may have. */
static bool chunks_are_valid(const char *bytes, size_t size, __u32 count)
{
	__u64 address;
	__u32 i;

	if (!count || count > CODE_CHUNKS || size != count * sizeof(address))
		return false;
	for (i = 0; i < count; i++) {
		memcpy(&address, bytes + i * sizeof(address), sizeof(address));
		if (address % CODE_CHUNK || address > INT64_MAX - CODE_CHUNK)
			return false;
	}
	return true;
}

bool code_answer_check(const void *bytes, size_t size, __u32 sequence, __u32 modules, struct code_answer *head)
{
	const char *rest = (const char *)bytes + sizeof(*head);

	if (size < sizeof(*head))
		return false;
	memcpy(head, bytes, sizeof(*head));
	size -= sizeof(*head);
	if (head->sequence != sequence || head->kind >= CODE_KINDS)
		return false;
	if (head->kind == CODE_DONE)
		return head->count <= CODE_FRAMES && frames_are_whole(rest, size, head->count);
	if (head->kind == CODE_NEEDS_MEMORY)
		return !head->module && chunks_are_valid(rest, size, head->count);
	if (head->kind == CODE_NEEDS_NAMES)
		return !head->module && !head->count && !size;
	if (head->module >= modules)
		return false;
	if (head->kind == CODE_NEEDS_FILE)
		return !size && !head->count;
	return size == head->count && size > 1 && size <= CODE_BUILD_ID_MOST;
}

int code_memory_reply_check(const void *bytes, size_t size, __u32 sequence, __u32 asked, struct code_memory_reply *head)
{
	int count;

	if (size < sizeof(*head))
		return -1;
	memcpy(head, bytes, sizeof(*head));
	if (head->head.sequence != sequence || head->head.status || asked > CODE_CHUNKS ||
	    (asked < CODE_CHUNKS && head->read >> asked))
		return -1;
	count = __builtin_popcountll(head->read);
	return size - sizeof(*head) == (size_t)count * CODE_CHUNK ? count : -1;
}

bool code_frame_next(const void *bytes, size_t size, size_t *offset, struct code_frame *frame, const char **name,
		     const char **file)
{
	const char *at = (const char *)bytes + *offset;

	if (size - *offset < sizeof(*frame))
		return false;
	memcpy(frame, at, sizeof(*frame));
	if (frame->name > CODE_TEXT || frame->file > CODE_TEXT || frame->kind >= CODE_FRAME_KINDS || frame->pad ||
	    size - *offset - sizeof(*frame) < (size_t)frame->name + frame->file)
		return false;
	*name = at + sizeof(*frame);
	*file = *name + frame->name;
	*offset += sizeof(*frame) + frame->name + frame->file;
	return true;
}
