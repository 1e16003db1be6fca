/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/python/threads.h"

#include "code/messages/memory.h"

/* Lists of another process may have no end. What they cost is limited by code/messages/memory.h, too. */
#define INTERPRETERS_MOST 8
/* In one search: the next goes on there. Two round trips each, of CODE_MEMORY_NEEDS. */
#define THREADS_MOST 110
#define FRAMES_MOST  256

/* Frames of functions that call one another lie one behind the other, the outer one below. */
#define FRAMES_BELOW 2048

bool python_is_on_stack(const struct python_stack *stack, __u64 address)
{
	return address >= stack->start && address - stack->start < stack->size;
}

/* ---- Frames ---- */

bool python_frame_read(const struct python *python, __u64 address, struct python_memory_frame *frame)
{
	const struct python_layout *layout = &python->layout;
	__u8 owner = 0, entry = 0;

	if (!address || address % sizeof(__u64))
		return false;
	memory_want(address > FRAMES_BELOW ? address - FRAMES_BELOW : 0, FRAMES_BELOW + layout->frame_size);
	if (!memory_read_word(address + layout->frame_code, &frame->code) ||
	    !memory_read_word(address + layout->frame_previous, &frame->previous) ||
	    !memory_read_word(address + layout->frame_instruction, &frame->instruction) ||
	    !memory_read(address + layout->frame_owner, &owner, sizeof(owner)) || owner > 3)
		return false;
	if (!layout->frame_entry) {
		frame->entry = owner == layout->owner_entry;
		frame->function = !frame->entry;
		return true;
	}
	frame->function = true;
	if (!memory_read(address + layout->frame_entry, &entry, sizeof(entry)) || entry > 1)
		return false;
	frame->entry = entry;
	return true;
}

/* The frame that is there for the end of the innermost call lies on the stack of its thread. */
static bool ends_on_stack(const struct python *python, const struct python_stack *stack, __u64 address)
{
	struct python_memory_frame frame;
	size_t i;

	for (i = 0; i < FRAMES_MOST && python_frame_read(python, address, &frame); i++) {
		if (frame.entry)
			return python_is_on_stack(stack, address);
		address = frame.previous;
	}
	return false;
}

/* ---- Threads ---- */

/* Returns its innermost frame; 0: it is another thread. */
static __u64 frame_of(const struct python *python, const struct python_stack *stack, __u64 thread)
{
	const struct python_layout *layout = &python->layout;
	__u64 number, at, frame = 0;

	if (!memory_read_word(thread + layout->thread_native, &number) || (stack->thread && number != stack->thread) ||
	    !memory_read_word(thread + layout->thread_frame, &at) || !at)
		return 0;
	if (!layout->has_cframe)
		return ends_on_stack(python, stack, at) ? at : 0;
	if (!python_is_on_stack(stack, at) || !memory_read_word(at + layout->cframe_frame, &frame))
		return 0;
	return frame;
}

static void remember(struct python *python, __u64 thread)
{
	__u64 number;

	if (memory_read_word(thread + python->layout.thread_native, &number) && number)
		python->hints[number % PYTHON_HINTS] = (struct python_hint){number, thread};
}

static __u64 find_remembered(const struct python *python, const struct python_stack *stack)
{
	const struct python_hint *hint = &python->hints[stack->thread % PYTHON_HINTS];

	return stack->thread && hint->number == stack->thread ? frame_of(python, stack, hint->address) : 0;
}

static bool is_of(const struct python *python, __u64 thread, __u64 interpreter)
{
	__u64 belongs_to;

	return memory_read_word(thread + python->layout.thread_interpreter, &belongs_to) && belongs_to == interpreter;
}

static __u64 find_in(struct python *python, const struct python_stack *stack, __u64 interpreter)
{
	const struct python_layout *layout = &python->layout;
	__u64 thread = python->resume, frame;
	size_t i;

	if ((!thread || !is_of(python, thread, interpreter)) &&
	    !memory_read_word(interpreter + layout->interpreter_threads, &thread))
		return 0;
	python->resume = 0;
	for (i = 0; i < THREADS_MOST && thread; i++) {
		if (!is_of(python, thread, interpreter))
			return 0;
		remember(python, thread);
		frame = frame_of(python, stack, thread);
		if (frame)
			return frame;
		if (!memory_read_word(thread + layout->thread_next, &thread))
			return 0;
	}
	python->resume = thread;
	return 0;
}

__u64 python_thread_find(struct python *python, const struct python_stack *stack)
{
	__u64 interpreter, frame = find_remembered(python, stack);
	size_t i;

	if (frame)
		return frame;
	if (!memory_read_word(python->runtime + python->layout.runtime_interpreters, &interpreter))
		return 0;
	for (i = 0; i < INTERPRETERS_MOST && interpreter; i++) {
		frame = find_in(python, stack, interpreter);
		if (frame)
			return frame;
		if (!memory_read_word(interpreter + python->layout.interpreter_next, &interpreter))
			return 0;
	}
	return 0;
}
