/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "probe/stacks/user_stacks.h"

#include <errno.h>
#include <string.h>

#include "code/unwinder.h"
#include "probe/maps.h"
#include "probe/stacks/frames_text.h"
#include "probe/stacks/supply.h"

/* What one question brings; and how many of them a stack takes. */
#define PIECE_BYTES 32760
#define PIECES	    2

_Static_assert(PIECES *PIECE_BYTES <= CODE_STACK, "it fits in a request");

/* Stacks that are copied at once. */
#define COPIES_AT_ONCE 32

/* ---- Bytes ---- */

/* The end of the mapping that holds the address; 0: there is none. */
static __u64 end_of(const struct process_maps *maps, __u64 address)
{
	const struct memory_region *region = memory_map_find(maps->regions, maps->count, address);

	return region ? region->end : 0;
}

static int maps_of(struct probe *probe, const struct thread_record *thread, const struct process_maps **maps)
{
	return probe_maps_get(probe, thread->pid, thread->tid, thread->process_start_ns, maps);
}

/* Fills in what is to be read of one stack. Returns how many questions that takes; or -ENOMEM, -ECANCELED. */
static int ask_stack(struct probe *probe, struct foreign_question questions[PIECES], const struct user_stack *stack)
{
	const struct thread_record *thread = stack->thread;
	const struct process_maps *maps;
	int err = maps_of(probe, thread, &maps), count;
	__u64 at = stack->sample->user_sp, end = err ? 0 : end_of(maps, at);

	for (count = 0; !err && count < PIECES && at < end; count++) {
		questions[count] = (struct foreign_question){
			.request = {.kind = FOREIGN_MEMORY,
				    .pid = thread->pid,
				    .tid = thread->tid,
				    .address = at,
				    .size = end - at < PIECE_BYTES ? end - at : PIECE_BYTES,
				    .anchor = at,
				    .swapped = 1},
			.process_start_ns = thread->process_start_ns,
		};
		at += questions[count].request.size;
	}
	return err ? err : count;
}

/* Pieces that follow one another, as far as they do. */
static int take_stack(struct user_stack *stack, const struct foreign_question *questions, int count,
		      const struct buffer *answers, struct buffer *bytes)
{
	__u64 start, next = stack->sample->user_sp;
	size_t length;
	int i, err = 0;

	stack->at = bytes->size;
	stack->size = 0;
	for (i = 0; i < count && !err; i++) {
		if (questions[i].err ||
		    !foreign_memory_check(&questions[i].request, answers->data + questions[i].at, questions[i].size,
					  &start, &length) ||
		    start != next)
			break;
		err = buffer_append(bytes, answers->data + questions[i].at + sizeof(start), length);
		stack->size += (__u32)length;
		next += length;
	}
	return err;
}

static int copy_some(struct probe *probe, struct user_stack *stacks, size_t count, struct buffer *bytes)
{
	struct foreign_question questions[COPIES_AT_ONCE * PIECES];
	struct buffer answers = {0};
	int counts[COPIES_AT_ONCE] = {0}, err = 0;
	size_t i, asked = 0;

	for (i = 0; i < count && err >= 0; i++) {
		err = stacks[i].sample ? ask_stack(probe, &questions[asked], &stacks[i]) : 0;
		counts[i] = err > 0 ? err : 0;
		asked += (size_t)counts[i];
	}
	err = err < 0 ? err : foreign_ask(probe->foreign, questions, asked, &answers);
	for (i = 0, asked = 0; i < count && !err; asked += (size_t)counts[i++])
		if (stacks[i].sample)
			err = take_stack(&stacks[i], &questions[asked], counts[i], &answers, bytes);
	buffer_free(&answers);
	return err;
}

int user_stacks_copy(struct probe *probe, struct user_stack *stacks, size_t count, struct buffer *bytes)
{
	size_t done, some;
	int err = 0;

	for (done = 0; done < count && !err; done += some) {
		some = count - done < COPIES_AT_ONCE ? count - done : COPIES_AT_ONCE;
		err = copy_some(probe, stacks + done, some, bytes);
	}
	return err;
}

/* ---- Frame pointers, where nothing else is known ---- */

static int add_address(struct buffer *frames, __u64 address)
{
	const struct code_frame frame = {.address = address};

	return buffer_append(frames, &frame, sizeof(frame));
}

/* Frames lie one above the other: what does not is none, and would go round in circles. */
static int follow_pointers(const struct user_stack *stack, const char *bytes, struct buffer *frames)
{
	__u64 at = stack->sample->user_fp, above = stack->sample->user_sp, place, frame[2];
	int count, err = add_address(frames, stack->sample->user_ip);

	for (count = 1; count < STACK_FRAMES && !err && at >= above && !(at % sizeof(at)); count++) {
		place = at - stack->sample->user_sp;
		if (place > stack->size || stack->size - place < sizeof(frame))
			break;
		memcpy(frame, bytes + place, sizeof(frame));
		if (!frame[1])
			break;
		err = add_address(frames, frame[1]);
		above = at + sizeof(frame);
		at = frame[0];
	}
	return err;
}

/* ---- Frames ---- */

/* The thread's number as its process has it; 0: not known, in another PID namespace. */
static __u32 inner_thread(const struct thread_record *thread)
{
	if (thread->inner_pid == thread->pid)
		return thread->tid;
	return thread->tid == thread->pid ? thread->inner_pid : 0;
}

static int ask(struct told *told, const struct user_stack *stack, const char *bytes, bool memory, struct buffer *frames)
{
	const struct code_supply supply = {.file = told_file, .memory = memory ? told_memory : NULL, .context = told};
	struct code_request request = {
		.pid = told->thread->pid,
		.process_start_ns = told->thread->process_start_ns,
		.stack = stack->sample->user_sp,
		.stack_size = stack->size,
		.modules = told->count,
		.thread = inner_thread(told->thread),
	};

	memcpy(request.registers, stack->sample->user, sizeof(request.registers));
	return unwinder_ask(told->probe->unwinder, &request, told->modules, bytes, &supply, frames);
}

int user_stack_unwind(struct probe *probe, struct user_stack *stack, const struct buffer *bytes, bool memory)
{
	struct told told = {.probe = probe, .thread = stack->thread};
	int err;

	buffer_reset(&stack->frames);
	if (!stack->sample || !stack->sample->user_ip)
		return 0;
	err = maps_of(probe, stack->thread, &told.maps);
	if (!err)
		told_find_modules(&told);
	if (!err)
		err = ask(&told, stack, bytes->data + stack->at, memory, &stack->frames);
	stack->unwound = !err && stack->frames.size;
	stack->gave_memory = stack->unwound && told.gave_memory;
	if (err == -EAGAIN)
		probe->losses.count[LOST_NOTES]++;
	if (err == -EAGAIN || (!err && !stack->frames.size))
		err = follow_pointers(stack, bytes->data + stack->at, &stack->frames);
	return err;
}

int user_stack_say(struct probe *probe, const struct user_stack *stack, struct buffer *text, struct buffer *code)
{
	const struct process_maps *maps;
	int err;

	if (!stack->frames.size)
		return 0;
	err = maps_of(probe, stack->thread, &maps);
	if (!err)
		err = frames_say(text, maps, &stack->frames);
	/* Where code has no frame pointers the register holds anything: no code is named by that. */
	if (!err && stack->unwound)
		err = frames_say_code(code, maps, &stack->frames);
	return err;
}
