/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who created which thread: kept with the thread itself from the moment it is made. */
#ifndef SOCKSTALL_ORIGINS_BPF_H
#define SOCKSTALL_ORIGINS_BPF_H

#include "shared.bpf.h"

/* The processes that `threads` was asked about. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u8);
} wanted_pids __weak SEC(".maps");

struct thread_origin {
	__u64 first_sp; /* user stack pointer that clone() was given; 0: none */
	__u32 creator_tid;
	__u32 pad;
};

TASK_STORAGE(origins, struct thread_origin);
THREAD_HASH(origins, struct thread_origin);

static __always_inline struct thread_origin *origin_of(struct task_struct *task, bool create)
{
	return compat_task_storage(&origins, origins, 0, task, create);
}

static __always_inline bool is_wanted_pid(__u32 pid)
{
	return bpf_map_lookup_elem(&wanted_pids, &pid);
}

#endif
