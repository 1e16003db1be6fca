/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Address spaces of one look: each process's is read once, whoever asks for it. */
#ifndef SOCKSTALL_PROBE_MAPS_H
#define SOCKSTALL_PROBE_MAPS_H

#include "probe/internal.h"
#include "system/memory_map.h"

struct process_maps {
	__u64 process_start_ns;
	__u32 pid;
	struct buffer text;
	struct memory_region *regions; /* sorted; names are in text */
	size_t count;
	size_t cut; /* 1: there is more than was read; 0: that is all */
};

struct maps_cache {
	struct process_maps *items;
	size_t count;
	size_t bytes; /* of text */
};

/*
 * tid: one of its threads, because the leader may have exited, and its address space with it. *maps is valid until the
 * next call; it has no regions where the process is gone, or could not be looked at. Returns 0, -ENOMEM, or -ECANCELED.
 */
int probe_maps_get(struct probe *probe, __u32 pid, __u32 tid, __u64 process_start_ns, const struct process_maps **maps);

/* At the end of a look. */
void probe_maps_forget(struct maps_cache *cache);

#endif
