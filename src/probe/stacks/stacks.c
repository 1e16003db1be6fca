/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stacks as text. The stack scan brings the kernel's, and the registers with which the thread left its program. The
 * bytes of the program's stack are copied then, and the scan is done once more: a thread that was not switched in
 * between stands as it was copied. One that was is copied once more, and where that does not help nothing is said of
 * it. Functions of a language are in memory beside the stack, which is read while it is unwound: so the scan is then
 * done a third time, and who moved has native frames alone.
 */
#include <errno.h>

#include <bpf/bpf.h>

#include "base/messages.h"
#include "code/unwinder.h"
#include "look/records.h"
#include "probe/internal.h"
#include "probe/notes.h"
#include "probe/stacks/kernel_symbols.h"
#include "probe/stacks/user_stacks.h"
#include "stack_sample.h"

/* Threads whose stacks are copied and unwound together. */
#define STACKS_AT_ONCE 64

/* How often a stack is copied. */
#define TRIES 2

/* ---- The scan ---- */

static int scan(struct probe *probe, const struct user_stack *stacks, size_t count, struct buffer *samples)
{
	int map = bpf_map__fd(probe->attached.skeleton->maps.wanted_stacks), err;
	__u8 yes = 1;
	size_t i;

	for (i = 0; i < count; i++)
		bpf_map_update_elem(map, &stacks[i].thread->tid, &yes, BPF_ANY);
	buffer_reset(samples);
	err = probe_read_iter(probe->attached.stack_iter, samples, &probe->losses.count[LOST_THREADS]);
	for (i = 0; i < count; i++)
		bpf_map_delete_elem(map, &stacks[i].thread->tid);
	return err;
}

static const struct stack_sample *find_sample(const struct buffer *samples, const struct thread_record *thread)
{
	const struct stack_sample *sample;
	size_t offset = 0;

	while ((sample = (const void *)record_next(samples, &offset)))
		if (sample->tid == thread->tid && sample->start_ns == thread->start_ns)
			return sample;
	return NULL;
}

/* ---- Stacks of programs ---- */

/* Takes out those that were switched in since they were copied. Returns how many. */
static size_t check(struct user_stack *stacks, size_t count, const struct buffer *samples)
{
	const struct stack_sample *now;
	size_t i, moved = 0;

	for (i = 0; i < count; i++) {
		if (!stacks[i].sample || !stacks[i].sample->user_ip)
			continue;
		now = find_sample(samples, stacks[i].thread);
		if (now && now->user_ip && now->switches == stacks[i].sample->switches)
			continue;
		stacks[i].sample = NULL;
		moved++;
	}
	return moved;
}

/* From the second time on only those that moved: theirs are the registers of the scan that showed it. */
static int copy(struct probe *probe, struct user_stack *stacks, size_t count, struct buffer samples[TRIES + 1],
		struct buffer *bytes)
{
	struct user_stack again[STACKS_AT_ONCE];
	size_t i, moved = count;
	int try, err = 0;

	for (i = 0; i < count; i++)
		again[i] = stacks[i];
	for (try = 0; try < TRIES && moved && !err; try++) {
		for (i = 0; i < count; i++)
			again[i].sample = stacks[i].sample ? NULL : find_sample(&samples[try], stacks[i].thread);
		err = user_stacks_copy(probe, again, count, bytes);
		if (!err)
			err = scan(probe, stacks, count, &samples[try + 1]);
		moved = err ? 0 : check(again, count, &samples[try + 1]);
		for (i = 0; i < count && !err; i++)
			if (again[i].sample)
				stacks[i] = again[i];
	}
	return err;
}

/* ---- Notes ---- */

static int add_note(struct buffer *notes, const struct thread_record *thread, __u32 kind, struct buffer *text)
{
	int err = text->size ? buffer_append(text, NULL, 1) : 0;

	if (!err && text->size)
		err = record_add_note(notes, thread, kind, text->data);
	buffer_reset(text);
	return err;
}

/* A thread that went on after the look is in other code than what was reported of it. */
static bool is_of_the_look(const struct user_stack *stack)
{
	return stack->sample && stack->sample->switches == stack->thread->voluntary + stack->thread->involuntary;
}

static int unwind_again(struct probe *probe, struct user_stack *stacks, size_t count, const struct buffer *bytes)
{
	struct buffer samples = {0};
	const struct stack_sample *now;
	size_t i;
	int err = scan(probe, stacks, count, &samples);

	for (i = 0; i < count && !err; i++) {
		now = stacks[i].gave_memory ? find_sample(&samples, stacks[i].thread) : NULL;
		if (stacks[i].gave_memory && (!now || !now->user_ip || now->switches != stacks[i].sample->switches))
			err = user_stack_unwind(probe, &stacks[i], bytes, false);
	}
	buffer_free(&samples);
	return err;
}

static int unwind_all(struct probe *probe, struct user_stack *stacks, size_t count, const struct buffer *bytes,
		      unsigned int parts)
{
	bool gave_memory = false;
	size_t i;
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		if (!(parts & STACKS_USER) && !is_of_the_look(&stacks[i]))
			continue;
		err = probe_is_asked_to_end() ? -ECANCELED : user_stack_unwind(probe, &stacks[i], bytes, true);
		gave_memory |= stacks[i].gave_memory;
	}
	return gave_memory && !err ? unwind_again(probe, stacks, count, bytes) : err;
}

static int add_user(struct probe *probe, struct buffer *notes, const struct user_stack *stack, unsigned int parts)
{
	struct buffer text = {0}, code = {0};
	int err = user_stack_say(probe, stack, &text, &code);

	if (!err && (parts & STACKS_USER || is_of_the_look(stack)))
		err = add_note(notes, stack->thread, NOTE_USER_STACK, &text);
	if (!err && is_of_the_look(stack))
		err = add_note(notes, stack->thread, NOTE_CODE, &code);
	buffer_free(&text);
	buffer_free(&code);
	return err;
}

static int add_kernel(struct probe *probe, struct buffer *notes, const struct thread_record *thread,
		      const struct stack_sample *sample)
{
	struct buffer text = {0};
	int err = sample ? kernel_symbols_say(probe->symbols, sample, &text) : 0;

	if (!err)
		err = add_note(notes, thread, NOTE_KERNEL_STACK, &text);
	buffer_free(&text);
	return err;
}

/* At most STACKS_AT_ONCE of them. */
static int add_some(struct probe *probe, struct buffer *notes, const struct thread_record *const *threads, size_t count,
		    unsigned int parts)
{
	struct user_stack stacks[STACKS_AT_ONCE] = {0};
	struct buffer samples[TRIES + 1] = {0}, bytes = {0};
	const bool user = parts & (STACKS_USER | STACKS_CODE);
	size_t i;
	int err;

	for (i = 0; i < count; i++)
		stacks[i].thread = threads[i];
	err = scan(probe, stacks, count, &samples[0]);
	for (i = 0; i < count && !err && parts & STACKS_KERNEL; i++)
		err = add_kernel(probe, notes, threads[i], find_sample(&samples[0], threads[i]));
	if (!err && user)
		err = copy(probe, stacks, count, samples, &bytes);
	if (!err && user)
		err = unwind_all(probe, stacks, count, &bytes, parts);
	for (i = 0; i < count && !err && user; i++)
		err = add_user(probe, notes, &stacks[i], parts);
	for (i = 0; i < count; i++)
		buffer_free(&stacks[i].frames);
	for (i = 0; i <= TRIES; i++)
		buffer_free(&samples[i]);
	buffer_free(&bytes);
	return err;
}

int probe_stacks_add(struct probe *probe, struct buffer *notes, const struct thread_record *const *threads,
		     size_t count, unsigned int parts)
{
	size_t done, some;
	const char *end;
	int err = count && parts & STACKS_KERNEL ? kernel_symbols_read(probe->symbols) : 0;

	for (done = 0; done < count && !err; done += some) {
		some = count - done < STACKS_AT_ONCE ? count - done : STACKS_AT_ONCE;
		err = add_some(probe, notes, threads + done, some, parts);
	}
	end = unwinder_take_end(probe->unwinder);
	if (end)
		messages_tell("%s: for a minute, stacks of programs are as far as frame pointers lead", end);
	return err;
}
