/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * All that differs between kernels and architectures, in one place. Each entry names the version or
 * the commit that changed it. Features are found through the running kernel's BTF, never by version.
 * A ___suffix names a flavour: libbpf drops it when it looks for the type.
 *
 * Two differences cannot be hidden here: socket_scan and usage_scan exist twice, with bpf_loop() and without
 * (probe/load/load.c chooses); and a tracepoint that a kernel lacks is left out (probe/load/attach.c).
 */
#ifndef SOCKSTALL_COMPAT_BPF_H
#define SOCKSTALL_COMPAT_BPF_H

#include "vmlinux.h"

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/*
 * Reads an integer member whatever its size is in this kernel. Many sysctls were int until Linux 5.13
 * made them u8 (4ecc1baf362c and its neighbours).
 */
#define read_integer(from, member) BPF_CORE_READ_BITFIELD_PROBED(from, member)

#define CORE __attribute__((preserve_access_index))

/*
 * User space tries what tracing programs may do here (see probe/load/features.c), and sets this. Local storage of
 * tasks, and drawing a socket's cookie, is Linux 5.12 (a10787e6d58c, c5dbb89fc2ac), bpf_get_current_task_btf() and
 * bpf_sock_from_file() 5.11. Before, hashes stand in, and user space has the cookies drawn.
 */
const volatile bool cfg_local_storage __weak = true;

/* The current task, for compat_task_storage() and compat_read(). */
static __always_inline struct task_struct *compat_current(void)
{
	return cfg_local_storage ? bpf_get_current_task_btf() : (struct task_struct *)bpf_get_current_task();
}

/* For a pointer that older kernels give without its type: there every step must be read by probing. */
#define compat_read(task, member) (cfg_local_storage ? (task)->member : BPF_CORE_READ(task, member))

/* With the start, a thread id that is used again is another thread's. */
struct thread_key {
	__u32 tid;
	__u32 which; /* of the values of a thread that are in one hash */
	__u64 start_ns;
};

#define TASK_STORAGE(name, value_type)                   \
	struct {                                         \
		__uint(type, BPF_MAP_TYPE_TASK_STORAGE); \
		__uint(map_flags, BPF_F_NO_PREALLOC);    \
		__type(key, int);                        \
		__type(value, value_type);               \
	} name __weak SEC(".maps")

/*
 * The replacement for kernels without task storage: a hash of the same values, and one initial value. It is an LRU
 * hash, because nothing reports the end of a thread, and preallocated, because no other hash is safe in a tracepoint of
 * those kernels.
 */
#define THREAD_HASH(name, value_type)                \
	struct {                                     \
		__uint(type, BPF_MAP_TYPE_LRU_HASH); \
		__uint(max_entries, 8192);           \
		__type(key, struct thread_key);      \
		__type(value, value_type);           \
	} name##_by_thread __weak SEC(".maps");      \
	const volatile __u8 name##_empty[sizeof(value_type)] __weak = {}

static __always_inline void *by_thread(void *hash, const volatile void *empty, const struct task_struct *task,
				       __u32 which, bool create)
{
	struct thread_key key = {
		.tid = BPF_CORE_READ(task, pid),
		.which = which,
		.start_ns = BPF_CORE_READ(task, start_boottime),
	};
	void *value = bpf_map_lookup_elem(hash, &key);

	if (value || !create)
		return value;
	bpf_map_update_elem(hash, &key, (const void *)empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(hash, &key);
}

/*
 * The value stored with the task, or NULL. With create, a missing one is made, zeroed. `hash` is the name that
 * THREAD_HASH() was given; `which` tells apart the storages that share it.
 */
#define compat_task_storage(storage, hash, which, task, create)                                                       \
	(cfg_local_storage ? bpf_task_storage_get(storage, task, NULL, (create) ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0) \
			   : by_thread(&hash##_by_thread, &hash##_empty, task, which, create))

/* The file must be known to be a socket. */
static __always_inline struct socket *compat_sock_from_file(struct file *file)
{
	return cfg_local_storage ? bpf_sock_from_file(file) : BPF_CORE_READ(file, private_data);
}

/* Has the kernel give the socket a cookie, if it can be told to from here. */
#define compat_draw_cookie(sk)                     \
	({                                         \
		if (cfg_local_storage)             \
			bpf_get_socket_cookie(sk); \
	})

/* Linux 5.14 renamed task->state to __state and made it an unsigned int (2f064a59a11f). */
struct task_struct___before_5_14 {
	long state;
} CORE;

struct task_struct___since_5_14 {
	unsigned int __state;
} CORE;

/* The verifier must know `task` as a task. */
static __always_inline __u32 compat_task_state(const struct task_struct *task)
{
	const struct task_struct___since_5_14 *now = (const void *)task;

	if (bpf_core_field_exists(now->__state))
		return now->__state;
	return ((const struct task_struct___before_5_14 *)task)->state;
}

/* Before 6.1 (f5d39b020809) the refrigerator, which the freezer of cgroup v1 uses, is a sleep with a flag. */
#define TASK_INTERRUPTIBLE   0x1
#define TASK_UNINTERRUPTIBLE 0x2
#define TASK_FROZEN	     0x8000
#define PF_FROZEN	     0x00010000

/* Whether the freezer of cgroup v2 holds it. Also true of a stopped task. */
struct task_struct___cgroups {
	unsigned int frozen : 1;
} CORE;

static __always_inline bool compat_is_frozen(const struct task_struct *task, __u32 state)
{
	const struct task_struct___cgroups *with = (const void *)task;

	if (state & TASK_FROZEN || (state & TASK_UNINTERRUPTIBLE && task->flags & PF_FROZEN))
		return true;
	return state & TASK_INTERRUPTIBLE && bpf_core_field_exists(with->frozen) && read_integer(with, frozen);
}

/* How often a task has called read, write and their forms, plus 1; 0: without CONFIG_TASK_XACCT. */
struct task_io_accounting___calls {
	__u64 syscr, syscw;
} CORE;

struct task_struct___io {
	struct task_io_accounting___calls ioac;
} CORE;

static __always_inline __u64 compat_io_calls(const struct task_struct *task)
{
	const struct task_struct___io *with = (const void *)task;

	return bpf_core_field_exists(with->ioac.syscr) ? with->ioac.syscr + with->ioac.syscw + 1 : 0;
}

/* The CPU bandwidth of a task's control group: struct cfs_bandwidth, with CONFIG_CFS_BANDWIDTH. */
struct cfs_bandwidth___quota {
	__s64 period;
	__u64 quota, throttled_time;
} CORE;

struct task_group___quota {
	struct task_group___quota *parent;
	struct cfs_bandwidth___quota cfs_bandwidth;
} CORE;

struct task_struct___group {
	struct task_group___quota *sched_task_group;
} CORE;

/* Registers of a syscall: struct pt_regs of the two architectures, the same on all kernels from 5.10 on. */
struct pt_regs___x86 {
	unsigned long di, si, dx, r10, r8, r9, orig_ax, sp;
} CORE;

struct user_pt_regs___arm64 {
	__u64 regs[31];
	__u64 sp;
} CORE;

struct pt_regs___arm64 {
	struct user_pt_regs___arm64 user_regs;
	__u64 orig_x0;
	__s32 syscallno;
} CORE;

struct syscall_state {
	__s32 number;
	unsigned long args[6];
};

/* bpf_task_pt_regs() is Linux 5.15 (dd6e10fbd9fb). */
enum bpf_func_id___task_pt_regs {
	BPF_FUNC_task_pt_regs___task_pt_regs = 175,
};

#define has_task_pt_regs() \
	bpf_core_enum_value_exists(enum bpf_func_id___task_pt_regs, BPF_FUNC_task_pt_regs___task_pt_regs)

/* The verifier knows the result as registers. */
#define read_register(regs, field) (has_task_pt_regs() ? (regs)->field : BPF_CORE_READ(regs, field))

static __always_inline void compat_syscall_x86(const void *from, struct syscall_state *syscall)
{
	const struct pt_regs___x86 *regs = from;

	syscall->number = (__s32)read_register(regs, orig_ax);
	syscall->args[0] = read_register(regs, di);
	syscall->args[1] = read_register(regs, si);
	syscall->args[2] = read_register(regs, dx);
	syscall->args[3] = read_register(regs, r10);
	syscall->args[4] = read_register(regs, r8);
	syscall->args[5] = read_register(regs, r9);
}

static __always_inline void compat_syscall_arm64(const void *from, struct syscall_state *syscall)
{
	const struct pt_regs___arm64 *regs = from;

	syscall->number = read_register(regs, syscallno);
	syscall->args[0] = read_register(regs, orig_x0);
	syscall->args[1] = read_register(regs, user_regs.regs[1]);
	syscall->args[2] = read_register(regs, user_regs.regs[2]);
	syscall->args[3] = read_register(regs, user_regs.regs[3]);
	syscall->args[4] = read_register(regs, user_regs.regs[4]);
	syscall->args[5] = read_register(regs, user_regs.regs[5]);
}

struct vm_struct___stack {
	unsigned long size;
	unsigned int nr_pages;
} CORE;

struct task_struct___stack {
	struct vm_struct___stack *stack_vm_area;
} CORE;

struct pt_regs___any {
	long unused;
} CORE;

#define USUAL_STACK_SIZE 16384 /* x86-64, and arm64 with small pages; without KASAN */

/*
 * With CONFIG_VMAP_STACK (Linux 4.9, ba14a194a434) a stack has an area of its own, with a guard page behind it. The
 * area's size includes the guard page, its pages do not.
 */
static __always_inline unsigned long stack_size(const struct task_struct *task)
{
	const struct task_struct___stack *with_area = (const void *)task;
	const struct vm_struct___stack *area = NULL;
	unsigned int pages;

	if (bpf_core_field_exists(with_area->stack_vm_area))
		area = BPF_CORE_READ(with_area, stack_vm_area);
	if (!area)
		return USUAL_STACK_SIZE;
	pages = BPF_CORE_READ(area, nr_pages);
	return BPF_CORE_READ(area, size) / (pages + 1) * pages;
}

/*
 * The registers that a task saved when it entered the kernel: at the very end of its stack, on x86-64 and on arm64.
 * NULL: not available.
 */
static __always_inline const void *compat_task_pt_regs(struct task_struct *task)
{
	unsigned long stack;

	if (has_task_pt_regs())
		return (const void *)bpf_task_pt_regs(task);
	stack = (unsigned long)BPF_CORE_READ(task, stack);
	if (!stack)
		return NULL;
	return (const void *)(stack + stack_size(task) - bpf_core_type_size(struct pt_regs___any));
}

/*
 * A member of the scheduler's record of a task. Without CONFIG_SCHED_INFO there is none, on any version: then 0, which
 * is "not known". `task` is as for compat_read().
 */
#define compat_sched_info(task, member) \
	(bpf_core_field_exists((task)->sched_info.member) ? compat_read(task, sched_info.member) : 0)

/*
 * A number that is another whenever the task has got a CPU again. The time of that is near what else is read of it;
 * without CONFIG_SCHED_INFO the switches do.
 */
#define compat_slice(task)                                      \
	(bpf_core_field_exists((task)->sched_info.last_arrival) \
		 ? compat_read(task, sched_info.last_arrival)   \
		 : compat_read(task, nvcsw) + compat_read(task, nivcsw))

/* The same of a task that is known by address only. */
static __always_inline __u64 compat_last_arrival(const struct task_struct *task)
{
	return bpf_core_field_exists(task->sched_info.last_arrival) ? BPF_CORE_READ(task, sched_info.last_arrival) : 0;
}

/* The syscall that a sleeping task is in. Returns false where the registers cannot be had. */
static __always_inline bool compat_syscall(struct task_struct *task, struct syscall_state *syscall)
{
	const struct pt_regs___x86 *x86 = NULL;
	const void *regs = compat_task_pt_regs(task);

	if (!regs)
		return false;
	if (bpf_core_field_exists(x86->orig_ax))
		compat_syscall_x86(regs, syscall);
	else
		compat_syscall_arm64(regs, syscall);
	return true;
}

/*
 * How many descriptors a user's epoll instances watch. An atomic until Linux 5.16 counted it for each CPU
 * (1e1c15839df0): since then what lies in the CPUs' own counters, at most the larger of 32 and twice the CPUs in each,
 * is left out. -1: not known.
 */
struct epoll_watches___by_cpu {
	__s64 count;
} CORE;

struct epoll_watches___atomic {
	__s64 counter;
} CORE;

struct user_struct___since_5_16 {
	struct epoll_watches___by_cpu epoll_watches;
} CORE;

struct user_struct___before_5_16 {
	struct epoll_watches___atomic epoll_watches;
} CORE;

struct cred___user {
	void *user;
} CORE;

struct task_struct___cred {
	struct cred___user *cred;
} CORE;

static __always_inline __s64 compat_user_watches(const struct task_struct *task)
{
	const void *user = BPF_CORE_READ((const struct task_struct___cred *)task, cred, user);
	const struct user_struct___before_5_16 *before = user;
	const struct user_struct___since_5_16 *now = user;
	__s64 count = -1;

	if (bpf_core_field_exists(now->epoll_watches.count))
		count = BPF_CORE_READ(now, epoll_watches.count);
	else if (bpf_core_field_exists(before->epoll_watches.counter))
		count = BPF_CORE_READ(before, epoll_watches.counter);
	else
		return -1;
	return count < 0 ? 0 : count;
}

/*
 * A 32-bit task's syscall: its numbers are another table. x86 has kept that in thread_info since Linux 4.16
 * (37a8f7c38339), arm64 as a flag from the start.
 */
struct thread_info___x86 {
	__u32 status;
} CORE;

struct thread_info___arm64 {
	unsigned long flags;
	__u64 ttbr0;
} CORE;

struct thread_struct___x86 {
	unsigned long fsbase;
} CORE;

struct thread_struct___arm64 {
	struct {
		unsigned long tp_value;
	} uw;
} CORE;

struct task_struct___x86 {
	struct thread_info___x86 thread_info;
	struct thread_struct___x86 thread;
} CORE;

struct task_struct___arm64 {
	struct thread_info___arm64 thread_info;
	struct thread_struct___arm64 thread;
} CORE;

#define X86_TS_COMPAT	0x2
#define ARM64_TIF_32BIT 22

static __always_inline bool compat_is_32bit(const struct task_struct *task)
{
	const struct task_struct___x86 *x86 = (const void *)task;
	const struct task_struct___arm64 *arm64 = (const void *)task;

	if (bpf_core_field_exists(x86->thread_info.status))
		return x86->thread_info.status & X86_TS_COMPAT;
	if (bpf_core_field_exists(arm64->thread_info.ttbr0))
		return arm64->thread_info.flags >> ARM64_TIF_32BIT & 1;
	return false;
}

/*
 * The user stack pointer: of a thread in the kernel where it left off, of one on a CPU where it was when it last
 * came in. 0: not known.
 */
static __always_inline __u64 compat_user_sp(struct task_struct *task)
{
	const struct pt_regs___x86 *x86 = NULL;
	const void *regs = compat_task_pt_regs(task);

	if (!regs)
		return 0;
	if (bpf_core_field_exists(x86->sp))
		return BPF_CORE_READ((const struct pt_regs___x86 *)regs, sp);
	return BPF_CORE_READ((const struct pt_regs___arm64 *)regs, user_regs.sp);
}

/* Where the thread's own block of the C library is. 0: not known. */
static __always_inline __u64 compat_tls(const struct task_struct *task)
{
	const struct task_struct___x86 *x86 = (const void *)task;
	const struct task_struct___arm64 *arm64 = (const void *)task;

	if (bpf_core_field_exists(x86->thread.fsbase))
		return BPF_CORE_READ(x86, thread.fsbase);
	if (bpf_core_field_exists(arm64->thread.uw.tp_value))
		return BPF_CORE_READ(arm64, thread.uw.tp_value);
	return 0;
}

/*
 * The timers of a TCP socket. Linux 7.0 moved the retransmission timer into struct sock, where sk_timer
 * was, and the keepalive timer out of it. Before, icsk_timeout is the moment that counts (the timer may
 * fire earlier and go back to sleep) until it became the timer's own expiry.
 */
struct sock___since_7_0 {
	struct timer_list tcp_retransmit_timer;
} CORE;

struct inet_connection_sock___since_7_0 {
	struct timer_list icsk_keepalive_timer;
} CORE;

struct inet_connection_sock___timers {
	unsigned long icsk_timeout;
	struct timer_list icsk_retransmit_timer;
} CORE;

static __always_inline unsigned long compat_retransmit_expires(const struct sock *sk)
{
	const struct inet_connection_sock___timers *timers = (const void *)sk;
	const struct sock___since_7_0 *moved = (const void *)sk;

	if (bpf_core_field_exists(moved->tcp_retransmit_timer))
		return BPF_CORE_READ(moved, tcp_retransmit_timer.expires);
	if (bpf_core_field_exists(timers->icsk_timeout))
		return BPF_CORE_READ(timers, icsk_timeout);
	return BPF_CORE_READ(timers, icsk_retransmit_timer.expires);
}

/* 0: the timer is not running. */
static __always_inline unsigned long compat_keepalive_expires(const struct sock *sk)
{
	const struct inet_connection_sock___since_7_0 *moved = (const void *)sk;

	if (bpf_core_field_exists(moved->icsk_keepalive_timer))
		return BPF_CORE_READ(moved, icsk_keepalive_timer.entry.pprev)
			       ? BPF_CORE_READ(moved, icsk_keepalive_timer.expires)
			       : 0;
	return BPF_CORE_READ(sk, sk_timer.entry.pprev) ? BPF_CORE_READ(sk, sk_timer.expires) : 0;
}

/* tcp_rto_max_ms and TCP_RTO_MAX_MS are Linux 6.15 (54a378f43425). 0: the constant of before. */
struct inet_connection_sock___since_6_15 {
	__u32 icsk_rto_max;
} CORE;

static __always_inline __u32 compat_rto_max(const struct sock *sk)
{
	const struct inet_connection_sock___since_6_15 *icsk = (const void *)sk;

	return bpf_core_field_exists(icsk->icsk_rto_max) ? BPF_CORE_READ(icsk, icsk_rto_max) : 0;
}

/* tcp_syn_linear_timeouts is Linux 6.5 (ccce324dabfe). */
struct netns_ipv4___since_6_5 {
	__u8 sysctl_tcp_syn_linear_timeouts;
} CORE;

struct net___since_6_5 {
	struct netns_ipv4___since_6_5 ipv4;
} CORE;

static __always_inline __u32 compat_syn_linear_timeouts(const struct net *net)
{
	const struct net___since_6_5 *now = (const void *)net;

	if (!bpf_core_field_exists(now->ipv4.sysctl_tcp_syn_linear_timeouts))
		return 0;
	return BPF_CORE_READ(now, ipv4.sysctl_tcp_syn_linear_timeouts);
}

/* Timestamps in microseconds, by route: Linux 6.7 (614e8316aa4c). Then retrans_stamp is in them too. */
struct tcp_sock___since_6_7 {
	__u8 tcp_usec_ts : 1;
} CORE;

static __always_inline bool compat_usec_timestamps(const struct sock *sk)
{
	const struct tcp_sock___since_6_7 *tp = (const void *)sk;

	return bpf_core_field_exists(tp->tcp_usec_ts) && BPF_CORE_READ_BITFIELD_PROBED(tp, tcp_usec_ts);
}

/* The first timeout of a request is its own since Linux 5.17 (5903123f662e). 0: TCP_TIMEOUT_INIT. */
struct request_sock___since_5_17 {
	__u32 timeout;
} CORE;

static __always_inline __u32 compat_request_timeout(const struct request_sock *request)
{
	const struct request_sock___since_5_17 *now = (const void *)request;

	return bpf_core_field_exists(now->timeout) ? BPF_CORE_READ(now, timeout) : 0;
}

/* Whether the timer runs: is_queued in place of the state since Linux 7.1, where it is linked otherwise. */
struct hrtimer___with_state {
	__u8 state;
} CORE;

struct hrtimer___with_queued {
	bool is_queued;
} CORE;

static __always_inline bool compat_timer_runs(const struct hrtimer *timer)
{
	const struct hrtimer___with_queued *now = (const void *)timer;
	const struct hrtimer___with_state *before = (const void *)timer;

	if (bpf_core_field_exists(now->is_queued))
		return BPF_CORE_READ(now, is_queued);
	return bpf_core_field_exists(before->state) && BPF_CORE_READ(before, state);
}

/* When an entry in TIME_WAIT or FIN_WAIT2 was made, ms of CLOCK_MONOTONIC: Linux 6.14 (19ce8cd30465). 0: not known. */
struct inet_timewait_sock___since_6_14 {
	__u32 tw_entry_stamp;
} CORE;

static __always_inline __u32 compat_timewait_entered(const struct inet_timewait_sock *timewait)
{
	const struct inet_timewait_sock___since_6_14 *now = (const void *)timewait;

	return bpf_core_field_exists(now->tw_entry_stamp) ? BPF_CORE_READ(now, tw_entry_stamp) : 0;
}

/* struct mutex has its owner itself; with PREEMPT_RT (5.15, bb630f9f7a7d) its rt_mutex has. */
struct atomic_long___owner {
	__s64 counter;
} CORE;

struct mutex___owner {
	struct atomic_long___owner owner; /* a task_struct, and three bits */
} CORE;

struct rt_mutex_base___owner {
	void *owner; /* and one bit */
} CORE;

struct mutex___rt {
	struct rt_mutex_base___owner rtmutex;
} CORE;

struct eventpoll___mutex {
	struct mutex___owner mtx;
} CORE;

struct eventpoll___rt {
	struct mutex___rt mtx;
} CORE;

/* The state of who holds an epoll instance's mutex; 0: nobody does, it runs, or this kernel does not tell. */
static __always_inline __u32 compat_epoll_holder_state(const void *ep)
{
	const struct task_struct___before_5_14 *before;
	const struct task_struct___since_5_14 *holder;
	const struct eventpoll___mutex *with = ep;
	const struct eventpoll___rt *rt = ep;
	__u64 owner = 0;

	if (bpf_core_field_exists(with->mtx.owner.counter))
		bpf_core_read(&owner, sizeof(owner), &with->mtx.owner.counter);
	else if (bpf_core_field_exists(rt->mtx.rtmutex.owner))
		bpf_core_read(&owner, sizeof(owner), &rt->mtx.rtmutex.owner);
	holder = (const void *)(owner & ~7ULL);
	before = (const void *)holder;
	if (!holder)
		return 0;
	if (bpf_core_field_exists(holder->__state))
		return BPF_CORE_READ(holder, __state);
	return BPF_CORE_READ(before, state);
}

/* The epoll items that watch a file: a list of their own since Linux 5.11 (319c15174757), in the file itself before. */
struct hlist_head___watchers {
	struct hlist_node *first;
} CORE;

struct file___watchers {
	struct hlist_head___watchers *f_ep;
} CORE;

struct file___watchers_before_5_11 {
	struct list_head f_ep_links;
} CORE;

struct epitem___watchers {
	struct hlist_node fllink; /* a list_head before 5.11: its first member leads on as well */
} CORE;

/* The first link of that list, and where it ends; 0: nobody watches the file. */
static __always_inline __u64 compat_first_watcher(const struct file *file, __u64 *end)
{
	const struct file___watchers_before_5_11 *before = (const void *)file;
	const struct file___watchers *now = (const void *)file;

	*end = 0;
	if (bpf_core_field_exists(now->f_ep))
		return (__u64)BPF_CORE_READ(now, f_ep, first);
	if (!bpf_core_field_exists(before->f_ep_links))
		return 0;
	*end = (__u64)__builtin_preserve_access_index(&before->f_ep_links);
	return (__u64)BPF_CORE_READ(before, f_ep_links.next);
}

/* The item of a link, and the link behind it. */
#define compat_watcher(link)	  ((const struct epitem *)((link)-bpf_core_field_offset(struct epitem___watchers, fllink)))
#define compat_next_watcher(link) ((__u64)BPF_CORE_READ((const struct list_head *)(link), next))

#endif
