/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Records which thread creates a thread, and with which stack, for the processes that `threads` was asked about. */
#include "origins.bpf.h"

/* The creator runs: it is current, whichever of fork, clone and clone3 it called. */
SEC("tp_btf/task_newtask")
int BPF_PROG(threads_newtask, struct task_struct *task, unsigned long clone_flags)
{
	struct task_struct *creator = compat_current();
	struct thread_origin *origin;
	__u64 first_sp;

	if (!is_wanted_pid(own_tgid(task)))
		return 0;
	origin = origin_of(task, true);
	if (!origin) {
		__sync_fetch_and_add(&lost_events, 1);
		return 0;
	}
	origin->creator_tid = own_tid(creator);
	first_sp = compat_user_sp(task);
	/* Without a stack of its own it goes on where its creator is: that is no stack's end. */
	if (first_sp != compat_user_sp(creator))
		origin->first_sp = first_sp;
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
