/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the process that unwinds stacks (code/unwinder.h) gets of the one whose stack it is: a part of the probe. */
#ifndef SOCKSTALL_PROBE_STACKS_SUPPLY_H
#define SOCKSTALL_PROBE_STACKS_SUPPLY_H

#include "code/unwinder.h"
#include "probe/maps.h"

/* What the unwinder is told of a process, and what reads the files and the memory of that process. */
struct told {
	struct probe *probe;
	const struct thread_record *thread;
	const struct process_maps *maps;
	struct code_module modules[CODE_MODULES];
	size_t regions[CODE_MODULES]; /* the first of each */
	__u32 count;
	bool gave_memory; /* what is known of the stack is more than its copy */
};

/* Fills in modules, by maps. */
void told_find_modules(struct told *told);

/* Members of struct code_supply: the context is what was told. */
int told_file(void *context, const struct code_answer *need, const __u8 *build_id);
int told_memory(void *context, const __u64 *addresses, size_t count, __u64 *read, char *bytes);

#endif
