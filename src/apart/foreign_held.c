/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "apart/foreign_held.h"

static size_t find(const struct held_processes *held, __u32 pid, __u64 start_ns)
{
	size_t i;

	for (i = 0; i < held->count; i++)
		if (held->items[i].pid == pid && held->items[i].start_ns == start_ns)
			break;
	return i;
}

bool held_is(const struct held_processes *held, __u32 pid, __u64 start_ns, __u64 now_ns)
{
	size_t at = find(held, pid, start_ns);

	return at < held->count && now_ns < held->items[at].until_ns;
}

static size_t find_place(struct held_processes *held)
{
	size_t i, soonest = 0;

	if (held->count < HELD_MOST)
		return held->count++;
	for (i = 1; i < held->count; i++)
		if (held->items[i].until_ns < held->items[soonest].until_ns)
			soonest = i;
	return soonest;
}

static struct held_process *find_or_add(struct held_processes *held, __u32 pid, __u64 start_ns)
{
	size_t at = find(held, pid, start_ns);

	if (at == held->count) {
		at = find_place(held);
		held->items[at] = (struct held_process){.pid = pid, .start_ns = start_ns};
	}
	return &held->items[at];
}

/* It was neither left alone nor due at the look before: reads of it have come back, or none was tried. */
static void begin_anew(const struct held_processes *held, struct held_process *process)
{
	if (process->until_ns + HELD_DUE_NS > held->previous_ns)
		return;
	process->since_ns = process->last_ns = 0;
	process->reads = process->kinds = 0;
}

static void note_sleep(const struct held_processes *held, struct held_process *process, __u64 now_ns, __u32 kind)
{
	if (!process->reads)
		process->since_ns = now_ns;
	if (!process->reads || process->last_ns < held->look_ns)
		process->reads++;
	process->last_ns = now_ns;
	process->kinds |= 1u << kind;
}

void held_begin(struct held_processes *held, __u64 now_ns)
{
	held->previous_ns = held->look_ns;
	held->look_ns = now_ns;
}

void held_note(struct held_processes *held, __u32 pid, __u64 start_ns, __u64 now_ns, __u32 kind, bool slept)
{
	struct held_process *process = find_or_add(held, pid, start_ns);
	__u64 alone_ns = HELD_FIRST_NS;
	__u32 i;

	begin_anew(held, process);
	if (slept)
		note_sleep(held, process, now_ns, kind);
	for (i = 0; i < process->times && alone_ns < HELD_LONGEST_NS; i++)
		alone_ns *= 2;
	process->times++;
	process->until_ns = now_ns + (alone_ns < HELD_LONGEST_NS ? alone_ns : HELD_LONGEST_NS);
}

bool held_is_unread(const struct held_processes *held, const struct held_process *process)
{
	return process->reads && process->until_ns + HELD_DUE_NS > held->look_ns;
}
