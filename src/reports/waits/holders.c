/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/waits/holders.h"

#include "look/owners.h"

/* How likely a process is the one that serves what it holds; the lowest rank is chosen. */
enum rank {
	RANK_STOPPED_FIRST,
	RANK_ACTIVE,
	RANK_STOPPED_LAST,
	RANK_LOOKS_AFTER, /* waits for children, or for signals */
	RANK_LEAVES_WORK, /* see owners_leaves_work() */
	RANK_LAST_CHOICE, /* see owners_is_last_choice() */
};

static enum rank rank_of(const struct processes *processes, const struct owner_record *owner, bool stopped_first)
{
	const struct process_view *process = processes_find(processes, owner->pid);

	if (owners_is_last_choice(owner))
		return RANK_LAST_CHOICE;
	if (process && process->stopped)
		return stopped_first ? RANK_STOPPED_FIRST : RANK_STOPPED_LAST;
	if (owners_leaves_work(owner))
		return RANK_LEAVES_WORK;
	return process && process->looks_after ? RANK_LOOKS_AFTER : RANK_ACTIVE;
}

/* Chosen as good as alone: none of the others, if there are any, does what is waited for. */
static bool is_alone(enum rank best, __u32 count, const __u32 ranked[RANK_LAST_CHOICE + 1])
{
	__u32 active = ranked[RANK_STOPPED_FIRST] + ranked[RANK_ACTIVE] + ranked[RANK_STOPPED_LAST];

	if (count == 1)
		return true;
	return best < RANK_LOOKS_AFTER ? active == 1 : best == RANK_LOOKS_AFTER && ranked[best] == 1;
}

struct holder holders_choose(const struct processes *processes, const struct owner_record *const *owners, size_t count,
			     __u32 except, bool stopped_first)
{
	__u32 ranked[RANK_LAST_CHOICE + 1] = {0};
	struct holder holder = {.count = 0};
	enum rank best = RANK_LAST_CHOICE;
	size_t i;

	for (i = 0; i < count; i++) {
		enum rank rank;

		if ((i && owners[i]->pid == owners[i - 1]->pid) || owners[i]->pid == except)
			continue;
		rank = rank_of(processes, owners[i], stopped_first);
		ranked[rank]++;
		holder.count += rank != RANK_LAST_CHOICE;
		if (holder.owner && rank >= best)
			continue;
		holder.owner = owners[i];
		best = rank;
	}
	if (holder.owner && !holder.count)
		holder.count = 1;
	holder.alone = is_alone(best, holder.count, ranked);
	return holder;
}
