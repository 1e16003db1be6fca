/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The common part of the BPF objects. They are linked into one object before loading; a __weak
 * definition that stands in several of them is then one.
 */
#ifndef SOCKSTALL_SHARED_BPF_H
#define SOCKSTALL_SHARED_BPF_H

#include "compat.bpf.h"

#include "detail_record.h"
#include "event_record.h"
#include "held_record.h"
#include "look_record.h"
#include "loop_record.h"
#include "owner_record.h"
#include "socket_record.h"
#include "thread_record.h"
#include "time_units.h"
#include "watch_record.h"

/* Length of a jiffy, ns. */
const volatile __u64 cfg_tick_ns __weak = 4000000;

/* Which threads the scan brings: see thread_scan.bpf.c. */
const volatile bool cfg_readers __weak = false;
const volatile bool cfg_loops __weak = false;
const volatile bool cfg_other_loops __weak = false; /* those that do not use epoll */
const volatile bool cfg_threads __weak = false;
const volatile bool cfg_writers __weak = false;
const volatile bool cfg_acceptors __weak = false;
const volatile bool cfg_peers __weak = false; /* of unix sockets */
const volatile bool cfg_chains __weak = false; /* all threads, and both ends of what is awaited: */
bool chains_on __weak = false; /* now; a person at the screen may ask for it */

static __always_inline bool want_chains(void)
{
	return cfg_chains && chains_on;
}

/* Which sockets the scan of a namespace brings: see socket_scan.bpf.c. */
const volatile bool cfg_handshakes __weak = false;
const volatile bool cfg_closing __weak = false;
const volatile bool cfg_held __weak = false; /* and who waits for them */

/* Whether it counts the connections of each listener: see services.bpf.h. */
const volatile bool cfg_services __weak = false;

/* Those that are being closed, once nothing has happened on them for this long. */
__u64 closing_quiet_ns __weak = 0;

/* Those on which an answer is due, likewise. */
__u64 chains_quiet_ns __weak = 0;

/* What each syscall is: enum syscall_kind by number. */
const volatile __u8 cfg_syscall_kinds[SYSCALL_NUMBERS] __weak = {};

/* The look that is being collected: maxima are kept for one look. User space counts it up. */
__u64 look_epoch __weak = 0;

/* Counts since the start of what could not be kept. */
__u64 lost_events __weak = 0;
__u64 lost_loops __weak = 0;

/*
 * Counters of every thread that has waited since sockstall attached, for each interface; freed with the
 * thread.
 */
TASK_STORAGE(epoll_loops, struct loop_record);
TASK_STORAGE(poll_loops, struct loop_record);
TASK_STORAGE(select_loops, struct loop_record);
TASK_STORAGE(ring_loops, struct loop_record);
THREAD_HASH(loops, struct loop_record);

/*
 * The same value, which the verifier knows nothing of any more: it has been in memory. Paths that differ in it alone go
 * on as one. Where a condition is kept for later, that halves what there is to verify behind it. One scan runs at a
 * time.
 */
static volatile __u64 forgotten;

static __always_inline __u64 forget(__u64 value)
{
	forgotten = value;
	return forgotten;
}

/* The thread's counters of one interface, or NULL. */
static __always_inline struct loop_record *loop_of(void *storage, __u32 interface, struct task_struct *task,
						   bool create)
{
	return compat_task_storage(storage, loops, interface, task, create);
}

/* For chains: pipes that threads wait on, by the kernel's address of each, with a number that may leave the kernel. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u64);
} wanted_pipes __weak SEC(".maps");

/*
 * Which numbers processes go by: those of the process namespace that sockstall is in, because that is what its user and
 * its /proc mean. How deep that one lies below the first is noted by the scans: current is sockstall there.
 */
__u32 own_level __weak = 0;

static __always_inline void note_own_level(void)
{
	const struct task_struct *self = (const void *)bpf_get_current_task();

	own_level = BPF_CORE_READ(self, thread_pid, level);
}

/* 0: it has no number there, because it is not below that namespace. */
static __always_inline __u32 own_number(const struct pid *pid)
{
	__s32 number = 0;

	if (BPF_CORE_READ(pid, level) < own_level)
		return 0;
	bpf_probe_read_kernel(&number, sizeof(number),
			      (const char *)pid + bpf_core_field_offset(struct pid, numbers) +
				      own_level * bpf_core_type_size(struct upid) +
				      bpf_core_field_offset(struct upid, nr));
	return number;
}

/* Without a namespace, which is nearly always, it is as good and costs less to read it from the task. */
static __always_inline __u32 own_tid(const struct task_struct *task)
{
	return own_level ? own_number(BPF_CORE_READ(task, thread_pid)) : (__u32)BPF_CORE_READ(task, pid);
}

static __always_inline __u32 own_tgid(const struct task_struct *task)
{
	return own_level ? own_number(BPF_CORE_READ(task, group_leader, thread_pid)) : (__u32)BPF_CORE_READ(task, tgid);
}

/* The parent of its process. A tracer is not its parent. */
static __always_inline __u32 own_parent(const struct task_struct *task)
{
	return own_tgid(BPF_CORE_READ(task, group_leader, real_parent));
}

/* The number in the innermost namespace that it is in. */
static __always_inline __u32 inner_number(const struct pid *pid)
{
	__u32 level = BPF_CORE_READ(pid, level);
	__s32 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number),
			      (const char *)pid + bpf_core_field_offset(struct pid, numbers) +
				      level * bpf_core_type_size(struct upid) + bpf_core_field_offset(struct upid, nr));
	return number;
}

/*
 * The same of a task that the verifier knows for one, as an iterator's: then a load does, and need be no call. For a
 * scan that comes by each of ten thousand threads that is half of what it costs.
 */
static __always_inline __u32 own_tid_of(const struct task_struct *task)
{
	return own_level ? own_tid(task) : (__u32)task->pid;
}

static __always_inline __u32 own_tgid_of(const struct task_struct *task)
{
	return own_level ? own_tgid(task) : (__u32)task->tgid;
}

/* The file of a descriptor; NULL: it has none. */
static __always_inline struct file *file_at(const struct task_struct *task, __u32 fd)
{
	const struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file *file = NULL;

	if (fd < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + fd);
	return file;
}

#endif
