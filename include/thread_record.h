/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A thread at the moment when the thread scan came by. */
#ifndef SOCKSTALL_THREAD_RECORD_H
#define SOCKSTALL_THREAD_RECORD_H

#include "record.h"

/*
 * The kinds of syscalls that sockstall tells apart. User space gives BPF one byte for each number, made from its one
 * table of syscalls, so BPF code needs no number of any architecture.
 */
enum syscall_kind {
	SYSCALL_OTHER = 0,
	SYSCALL_READS = 1, /* reads from the descriptor that is its first argument */
	SYSCALL_WAITS_EPOLL = 2, /* epoll_wait and its forms */
	SYSCALL_ON_FD = 3, /* the first argument is a descriptor, but it is none of the others */
	SYSCALL_WRITES = 4, /* writes to the descriptor that is its first argument */
	SYSCALL_CONNECTS = 5, /* connect */
	SYSCALL_ACCEPTS = 6, /* accept and accept4 */
	SYSCALL_WAITS = 7, /* poll, select, io_uring_enter and their forms */
};
#define SYSCALL_NUMBERS 512

/* Whether the first argument is a descriptor. */
#define SYSCALL_HAS_FD(kind) ((kind) == SYSCALL_READS || ((kind) >= SYSCALL_ON_FD && (kind) <= SYSCALL_ACCEPTS))

enum thread_flag {
	THREAD_HAS_SOCKET = 1 << 0, /* a socket_record follows */
	THREAD_SLEEPING = 1 << 2, /* not runnable; asleep_since can be told */
	THREAD_COMPAT = 1 << 3, /* in a 32-bit syscall: syscall is not known */
	THREAD_KERNEL = 1 << 4, /* a kernel thread */
	THREAD_FAIR = 1 << 5, /* slice_ns is valid: SCHED_NORMAL, BATCH or IDLE */
	THREAD_HAS_DETAIL = 1 << 7, /* a detail_record follows (after the loop) */
	/*
	 * Set by user space where the kernel has no CONFIG_SCHED_INFO: last_arrival is when a look first saw the thread
	 * asleep, so it has slept for at least that long.
	 */
	THREAD_AT_LEAST = 1 << 8,
	THREAD_STOPPED = 1 << 6, /* by a signal or a tracer; what it was in is told as for sleepers */
	THREAD_FROZEN = 1 << 9, /* with its cgroup; THREAD_SLEEPING, too */
	THREAD_EPOLL_HELD =
		1 << 10, /* the mutex of the epoll instance that it waits for is held by a thread that sleeps */
};

struct thread_record {
	struct record_header header;
	__u32 pid; /* thread group */
	__u32 tid;
	__u64 start_ns; /* of the thread, CLOCK_BOOTTIME */
	__u64 process_start_ns; /* of the thread group's leader, CLOCK_BOOTTIME */
	__u64 seen_ns;
	__u64 last_arrival; /* sched_info: when it last got a CPU; scheduler's clock; 0: not known */
	__u64 slice_ns; /* how long it then ran */
	__u32 flags; /* enum thread_flag */
	__u32 state; /* task->__state */
	__s32 syscall; /* number; -1: in none, or not known */
	__s32 fd; /* of that syscall, where it has one; else -1 */
	__u64 args[6];
	__u64 cpu_ns; /* used, in its life */
	__u64 run_delay_ns; /* waited for a CPU, in its life; the wait that goes on not included */
	__u64 last_queued; /* since when it waits for a CPU; scheduler's clock; 0: it does not */
	__u64 voluntary; /* switches */
	__u64 involuntary;
	__u32 threads; /* in the thread group */
	__u32 netns; /* inode */
	__u64 cgroup_id; /* in the v2 hierarchy */
	char comm[16];
	char process_comm[16]; /* of the thread group's leader */
	/*
	 * The meaning of that number on the machine that was looked at. The probe fills it in from its table, so a
	 * recording means the same on a machine with other numbers.
	 */
	__u32 syscall_kind; /* enum syscall_kind */
	__u32 loops; /* loop_records that follow (after the socket) */
	char syscall_name[24]; /* empty: not known, or in none */
	__u64 alarm_ns; /* when the alarm of its process (ITIMER_REAL) interrupts it; CLOCK_MONOTONIC; 0: nothing does */
	__u64 io_calls; /* of read, write and their forms (not recv and send) in its life, plus 1; 0: not known */
	__u32 parent_pid; /* of its process; 0: not known */
	__u32 inner_pid; /* pid, as its own process namespace and its parent have it; 0: not known */
	/*
	 * CPU bandwidth of its cgroup, or of the nearest one above that has a quota: cpu.max. Only for loops, and
	 * threads that run.
	 */
	__u64 quota_ns; /* that it may use in each period; 0: no quota, or not known */
	__u64 quota_period_ns;
	__u64 throttled_ns; /* in their life, the sum over these cgroups and over all CPUs: throttled_usec of cpu.stat */
};

_Static_assert(sizeof(struct thread_record) == 288, "thread_record");

#endif
