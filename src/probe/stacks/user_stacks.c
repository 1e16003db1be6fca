/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "probe/stacks/user_stacks.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "code/own.h"
#include "code/unwinder.h"
#include "probe/maps.h"
#include "probe/stacks/kernel_symbols.h"

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

/* ---- Files ---- */

/* What the unwinder is told of a process, and what opens the files of that process. */
struct told {
	struct probe *probe;
	const struct thread_record *thread;
	const struct process_maps *maps;
	struct code_module modules[CODE_MODULES];
	size_t regions[CODE_MODULES]; /* the first of each */
	__u32 count;
};

static bool is_same_file(const struct memory_region *a, const struct memory_region *b)
{
	return a->inode == b->inode && a->name_length == b->name_length && !memcmp(a->name, b->name, a->name_length);
}

/* A file that has code is mapped in parts, one behind the other, the first from the file's beginning. */
static void find_modules(struct told *told)
{
	const struct memory_region *regions = told->maps->regions, *first;
	size_t i, after;
	bool code;

	told->count = 0;
	for (i = 0; i < told->maps->count && told->count < CODE_MODULES; i = after) {
		first = &regions[i];
		code = false;
		for (after = i; after < told->maps->count && is_same_file(first, &regions[after]); after++)
			code |= regions[after].permissions[2] == 'x';
		/* What is read while it changes may be in disorder. */
		if (!code || !first->inode || first->offset ||
		    (told->count && first->start < told->modules[told->count - 1].end))
			continue;
		told->regions[told->count] = i;
		told->modules[told->count++] = (struct code_module){
			.start = first->start,
			.end = regions[after - 1].end,
			.inode = first->inode,
			.own = code_file_is_own(first->name, first->name_length),
		};
	}
}

static int supply_file(void *context, const struct code_answer *need, const __u8 *build_id)
{
	const struct told *told = context;
	const struct memory_region *region = &told->maps->regions[told->regions[need->module]];
	struct foreign_question question = {
		.request = {.kind = FOREIGN_OPEN,
			    .pid = told->thread->pid,
			    .tid = told->thread->tid,
			    .address = region->start,
			    .size = region->end - region->start,
			    .anchor = region->inode},
		.process_start_ns = told->thread->process_start_ns,
	};
	struct buffer none = {0};
	int err;

	if (need->kind == CODE_NEEDS_DEBUG) {
		question.request.kind = FOREIGN_DEBUG;
		question.request.fd = (int)need->count;
		question.request.size = 1;
		memcpy(question.request.container, build_id, need->count);
	}
	err = foreign_ask_one(told->probe->foreign, &question, &none);
	buffer_free(&none);
	if (err || question.err)
		return err ? err : question.err;
	return question.fd;
}

/* ---- Text ---- */

/*
 * Appends the function's name, where that is known, module+offset, and the line. The offset is into the file, as addr2line and
 * objdump count it for a shared object.
 */
static int say_frame(struct buffer *text, const struct process_maps *maps, const struct code_frame *frame,
		     const char *name, const char *file)
{
	const char *between = text->size ? STACK_SEPARATOR : "";
	const struct memory_region *region = memory_map_find(maps->regions, maps->count, frame->address);
	int err = text_printf(text, "%s%.*s%s", between, (int)frame->name, name, frame->name ? " " : "");

	if (!err && !region)
		err = text_printf(text, "0x%llx", frame->address);
	else if (!err)
		err = text_printf(text, "%.*s+0x%llx", region->name_length ? (int)region->name_length : 11,
				  region->name_length ? region->name : "[anonymous]",
				  frame->address - region->start + region->offset);
	if (!err && frame->file && frame->line)
		err = text_printf(text, " (%.*s:%u)", (int)frame->file, file, frame->line);
	return err;
}

/* As a person names it: handle_request (server.c:88), or server+0x12ab. */
static int say_code(struct buffer *code, const struct memory_region *region, const struct code_frame *frame,
		    const char *name, const char *file)
{
	const char *slash = memrchr(region->name, '/', region->name_length);
	int err;

	if (!frame->name)
		return text_printf(code, "%.*s+0x%llx", (int)(region->name + region->name_length - slash - 1),
				   slash + 1, frame->address - region->start + region->offset);
	err = text_printf(code, "%.*s", (int)frame->name, name);
	if (!err && frame->file && frame->line)
		err = text_printf(code, " (%.*s:%u)", (int)frame->file, file, frame->line);
	return err;
}

static int find_code(struct buffer *code, const struct process_maps *maps, const struct buffer *frames)
{
	const struct memory_region *region;
	struct code_frame frame;
	const char *name, *file;
	size_t offset = 0;

	while (code_frame_next(frames->data, frames->size, &offset, &frame, &name, &file)) {
		region = memory_map_find(maps->regions, maps->count, frame.address);
		if (region && region->permissions[2] == 'x' &&
		    code_is_own(region->name, region->name_length, name, frame.name))
			return say_code(code, region, &frame, name, file);
	}
	return 0;
}

static int say_frames(struct buffer *text, const struct process_maps *maps, const struct buffer *frames)
{
	struct code_frame frame;
	const char *name, *file;
	size_t offset = 0;
	int err = 0;

	while (!err && code_frame_next(frames->data, frames->size, &offset, &frame, &name, &file))
		err = say_frame(text, maps, &frame, name, file);
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

static int unwind(const struct told *told, const struct user_stack *stack, const char *bytes, struct buffer *frames)
{
	const struct code_supply supply = {.file = supply_file, .context = (void *)told};
	struct code_request request = {
		.pid = told->thread->pid,
		.process_start_ns = told->thread->process_start_ns,
		.stack = stack->sample->user_sp,
		.stack_size = stack->size,
		.modules = told->count,
	};

	memcpy(request.registers, stack->sample->user, sizeof(request.registers));
	return unwinder_ask(told->probe->unwinder, &request, told->modules, bytes, &supply, frames);
}

int user_stack_say(struct probe *probe, const struct user_stack *stack, const struct buffer *bytes, struct buffer *text,
		   struct buffer *code)
{
	struct told told = {.probe = probe, .thread = stack->thread};
	struct buffer frames = {0};
	bool unwound = false;
	int err;

	if (!stack->sample || !stack->sample->user_ip)
		return 0;
	err = maps_of(probe, stack->thread, &told.maps);
	if (!err)
		find_modules(&told);
	if (!err)
		err = unwind(&told, stack, bytes->data + stack->at, &frames);
	unwound = !err && frames.size;
	if (err == -EAGAIN)
		probe->losses.count[LOST_NOTES]++;
	if (err == -EAGAIN || (!err && !frames.size))
		err = follow_pointers(stack, bytes->data + stack->at, &frames);
	if (!err)
		err = say_frames(text, told.maps, &frames);
	/* Where code has no frame pointers the register holds anything: no code is named by that. */
	if (!err && unwound)
		err = find_code(code, told.maps, &frames);
	buffer_free(&frames);
	return err;
}
