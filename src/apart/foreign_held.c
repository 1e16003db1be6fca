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

void held_note(struct held_processes *held, __u32 pid, __u64 start_ns, __u64 now_ns)
{
	size_t at = find(held, pid, start_ns);
	__u64 alone_ns = HELD_FIRST_NS;
	__u32 i;

	if (at == held->count) {
		at = find_place(held);
		held->items[at] = (struct held_process){.pid = pid, .start_ns = start_ns};
	}
	for (i = 0; i < held->items[at].times && alone_ns < HELD_LONGEST_NS; i++)
		alone_ns *= 2;
	held->items[at].times++;
	held->items[at].until_ns = now_ns + (alone_ns < HELD_LONGEST_NS ? alone_ns : HELD_LONGEST_NS);
}
