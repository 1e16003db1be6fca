/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/python/layout.h"

#include <stddef.h>
#include <string.h>

#include "base/array.h"
#include "code/messages/memory.h"

/* What all of them have alike. */
#define OBJECTS .object_type = 8, .object_size = 16, .bytes_text = 32, .text_length = 16, .text_state = 32

static const struct python_layout python_3_11 = {
	OBJECTS,
	.runtime_interpreters = 40,
	.interpreter_next = 0,
	.interpreter_threads = 16,
	.thread_next = 8,
	.thread_interpreter = 16,
	.thread_native = 160,
	.thread_frame = 56,
	.has_cframe = 1,
	.cframe_frame = 8,
	.frame_size = 72,
	.frame_code = 32,
	.frame_previous = 48,
	.frame_instruction = 56,
	.frame_owner = 69,
	.frame_entry = 68,
	.code_size = 184,
	.code_first_line = 72,
	.code_file = 112,
	.code_name = 128,
	.code_lines = 136,
	.code_instructions = 184,
	.ascii_text = 48,
	.other_text = 72,
};

static const struct python_layout python_3_12 = {
	OBJECTS,
	.runtime_interpreters = 40,
	.interpreter_next = 0,
	.interpreter_threads = 72,
	.thread_next = 8,
	.thread_interpreter = 16,
	.thread_native = 144,
	.thread_frame = 56,
	.has_cframe = 1,
	.cframe_frame = 0,
	.frame_size = 72,
	.frame_code = 0,
	.frame_previous = 8,
	.frame_instruction = 56,
	.frame_owner = 70,
	.owner_entry = 3,
	.code_size = 192,
	.code_first_line = 68,
	.code_file = 112,
	.code_name = 128,
	.code_lines = 136,
	.code_instructions = 192,
	.ascii_text = 40,
	.other_text = 56,
};

/* ---- 3.13 ---- */

/* _Py_DebugOffsets of 3.13, as words. */
struct debug_offsets {
	char cookie[8];
	__u64 version, free_threaded;
	struct {
		__u64 size, finalizing, interpreters;
	} runtime;
	struct {
		__u64 size, id, next, threads, collector, modules, sysdict, builtins, gil, gil_state, gil_enabled,
			gil_locked, gil_holder;
	} interpreter;
	struct {
		__u64 size, previous, next, interpreter, frame, id, native, chunk, status;
	} thread;
	struct {
		__u64 size, previous, executable, instruction, locals, owner;
	} frame;
	struct {
		__u64 size, file, name, qualified, lines, first_line, arguments, names, kinds, instructions;
	} code;
	struct {
		__u64 size, type;
	} object;
	__u64 others[4 + 3 + 3 + 3 + 2 + 3]; /* type, tuple, list, dict, float, long */
	struct {
		__u64 size, length, text;
	} bytes;
	struct {
		__u64 size, state, length, ascii_size;
	} text;
	__u64 collector[2];
};

/* Larger than any structure is, and small enough for an address and two of them. */
#define SIZE_MOST (16u << 20)

/* A member of `width` bytes at this offset: false: it does not lie in a structure of this size. */
static bool is_inside(__u64 size, __u64 offset, __u64 width)
{
	return size <= SIZE_MOST && offset <= size && size - offset >= width && !(offset % (width < 4 ? 1 : 4));
}

static bool are_inside(const struct debug_offsets *said)
{
	const __u64 members[][3] = {
		{said->runtime.size, said->runtime.interpreters, 8},
		{said->interpreter.size, said->interpreter.next, 8},
		{said->interpreter.size, said->interpreter.threads, 8},
		{said->thread.size, said->thread.next, 8},
		{said->thread.size, said->thread.interpreter, 8},
		{said->thread.size, said->thread.native, 8},
		{said->thread.size, said->thread.frame, 8},
		{said->frame.size, said->frame.executable, 8},
		{said->frame.size, said->frame.previous, 8},
		{said->frame.size, said->frame.instruction, 8},
		{said->frame.size, said->frame.owner, 1},
		{said->code.size, said->code.first_line, 4},
		{said->code.size, said->code.file, 8},
		{said->code.size, said->code.qualified, 8},
		{said->code.size, said->code.lines, 8},
		{said->code.size, said->code.instructions, 0},
		{said->object.size, said->object.type, 8},
		{said->bytes.size, said->bytes.length, 8},
		{said->bytes.size, said->bytes.text, 0},
		{said->text.size, said->text.length, 8},
		{said->text.size, said->text.state, 4},
		{said->text.size, said->text.ascii_size, 0},
	};
	size_t i;

	for (i = 0; i < COUNT_OF(members); i++)
		if (!is_inside(members[i][0], members[i][1], members[i][2]))
			return false;
	return said->frame.size <= 512 && said->code.size <= 1024 && said->text.size <= 256;
}

static bool take_debug_offsets(struct python_layout *layout, __u32 version, __u64 runtime)
{
	struct debug_offsets said;

	if (!memory_read(runtime, &said, sizeof(said)) || memcmp(said.cookie, "xdebugpy", sizeof(said.cookie)) != 0 ||
	    said.version != version || said.free_threaded || !are_inside(&said))
		return false;
	*layout = (struct python_layout){
		.runtime_interpreters = (__u32)said.runtime.interpreters,
		.interpreter_next = (__u32)said.interpreter.next,
		.interpreter_threads = (__u32)said.interpreter.threads,
		.thread_next = (__u32)said.thread.next,
		.thread_interpreter = (__u32)said.thread.interpreter,
		.thread_native = (__u32)said.thread.native,
		.thread_frame = (__u32)said.thread.frame,
		.frame_size = (__u32)said.frame.size,
		.frame_code = (__u32)said.frame.executable,
		.frame_previous = (__u32)said.frame.previous,
		.frame_instruction = (__u32)said.frame.instruction,
		.frame_owner = (__u32)said.frame.owner,
		.owner_entry = 3,
		.code_size = (__u32)said.code.size,
		.code_first_line = (__u32)said.code.first_line,
		.code_file = (__u32)said.code.file,
		.code_name = (__u32)said.code.qualified,
		.code_lines = (__u32)said.code.lines,
		.code_instructions = (__u32)said.code.instructions,
		.object_type = (__u32)said.object.type,
		.object_size = (__u32)said.bytes.length,
		.bytes_text = (__u32)said.bytes.text,
		.text_length = (__u32)said.text.length,
		.text_state = (__u32)said.text.state,
		.ascii_text = (__u32)said.text.ascii_size,
		/* PyCompactUnicodeObject has two members more. */
		.other_text = (__u32)said.text.ascii_size + 16,
	};
	return true;
}

bool python_layout_get(struct python_layout *layout, __u32 version, __u64 runtime)
{
	switch (PYTHON_OF(version)) {
	case PYTHON_3_11:
		*layout = python_3_11;
		return true;
	case PYTHON_3_12:
		*layout = python_3_12;
		return true;
	case PYTHON_3_13:
		return take_debug_offsets(layout, version, runtime);
	default:
		return false;
	}
}
