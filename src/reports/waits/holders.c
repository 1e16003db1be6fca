/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/waits/holders.h"

#include "look/owners.h"

/* What keeps a process from what it holds; the least is chosen. */
enum rank {
	RANK_STOPPED_FIRST,
	RANK_ACTIVE,
	RANK_STOPPED_LAST,
	RANK_LOOKS_AFTER, /* waits for children, or for signals */
	RANK_LAST_CHOICE, /* see owners_is_last_choice() */
};

static enum rank rank_of(const struct processes *processes, const struct owner_record *owner, bool stopped_first)
{
	const struct process_view *process = processes_find(processes, owner->pid);

	if (owners_is_last_choice(owner))
		return RANK_LAST_CHOICE;
	if (process && process->stopped)
		return stopped_first ? RANK_STOPPED_FIRST : RANK_STOPPED_LAST;
	return process && process->looks_after ? RANK_LOOKS_AFTER : RANK_ACTIVE;
}

struct holder holders_choose(const struct processes *processes, const struct owner_record *const *owners, size_t count,
			     __u32 except, bool stopped_first)
{
	struct holder holder = {.count = 0};
	enum rank best = RANK_LAST_CHOICE;
	__u32 able = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		enum rank rank;

		if ((i && owners[i]->pid == owners[i - 1]->pid) || owners[i]->pid == except)
			continue;
		rank = rank_of(processes, owners[i], stopped_first);
		holder.count += rank != RANK_LAST_CHOICE;
		able += rank < RANK_LOOKS_AFTER;
		if (holder.owner && rank >= best)
			continue;
		holder.owner = owners[i];
		best = rank;
	}
	if (holder.owner && !holder.count)
		holder.count = 1;
	holder.alone = holder.count == 1 || (able == 1 && best < RANK_LOOKS_AFTER);
	return holder;
}
