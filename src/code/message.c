/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/message.h"

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
	    size != sizeof(*head) + table + head->stack_size || head->stack > ~0ULL - head->stack_size)
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
	if (head->module >= modules)
		return false;
	if (head->kind == CODE_NEEDS_FILE)
		return !size && !head->count;
	return size == head->count && size > 1 && size <= CODE_BUILD_ID_MOST;
}

bool code_frame_next(const void *bytes, size_t size, size_t *offset, struct code_frame *frame, const char **name,
		     const char **file)
{
	const char *at = (const char *)bytes + *offset;

	if (size - *offset < sizeof(*frame))
		return false;
	memcpy(frame, at, sizeof(*frame));
	if (frame->name > CODE_TEXT || frame->file > CODE_TEXT ||
	    size - *offset - sizeof(*frame) < (size_t)frame->name + frame->file)
		return false;
	*name = at + sizeof(*frame);
	*file = *name + frame->name;
	*offset += sizeof(*frame) + frame->name + frame->file;
	return true;
}
