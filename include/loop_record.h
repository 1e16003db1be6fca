/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Counters of one thread and one of its ways to wait, kept in task storage by loop_trace. */
#ifndef SOCKSTALL_LOOP_RECORD_H
#define SOCKSTALL_LOOP_RECORD_H

#include "record.h"

/* A thread has one record for each that it used since sockstall attached, in this order. */
enum loop_interface {
	LOOP_EPOLL = 1,
	LOOP_POLL,
	LOOP_SELECT,
	LOOP_IO_URING,
	LOOP_INTERFACES,
};

/*
 * Buckets of durations, in units of 1024 ns and four to each power of two. The first four are one unit wide;
 * bucket i above them begins at (4 + i % 4) << (i / 4 - 1) units. The last one, which begins at 15 s, holds
 * also what lies beyond it. With this many, a thread's counters fit into 1024 bytes of kernel memory.
 */
#define LOOP_BUCKETS	92
#define LOOP_UNIT_SHIFT 10

#define LOOP_TIMEOUT_INFINITE (~0ULL)

enum loop_waiting {
	LOOP_OUTSIDE,
	LOOP_WAITING,
	/* A signal came. The kernel may go on with the wait as restart_syscall, or the wait has failed. */
	LOOP_INTERRUPTED,
};

struct loop_record {
	struct record_header header;
	__u32 interface; /* enum loop_interface */
	__s32 epoll_fd; /* of the last wait: the epoll instance or io_uring; -1: poll and select */
	__u32 max_events; /* of the last wait with epoll; 0: the others have no such limit */
	__u32 waiting; /* enum loop_waiting */
	__u64 timeout_ns; /* of the last wait, or one not long before; LOOP_TIMEOUT_INFINITE: none */
	__u64 first_ns; /* when the first wait was seen to begin */
	__u64 entered_ns; /* last entry into a wait; 0: not seen */
	__u64 returned_ns; /* last return from a wait, within some µs; 0: not seen */
	__u64 slice; /* which of its turns on a CPU the thread was in when the two below were taken */
	/* The scheduler's account of the thread at that return, on its own clock: */
	__u64 returned_cpu_base; /* CPU time used when it last got a CPU, minus the moment of that */
	__u64 returned_run_delay; /* time spent waiting for a CPU, in its life */
	/* Since sockstall attached: */
	__u64 waits; /* returns from a wait */
	__u64 events; /* sum of what the waits returned; not known for io_uring */
	__u64 empty; /* waits that returned 0; not known for io_uring */
	__u64 full; /* waits that returned max_events, where that is more than 1 */
	__u64 failed; /* waits that returned an error, EINTR mostly */
	__u64 wait_ns; /* time inside the waits that have ended */
	__u64 lag_ns; /* time between a return and the next wait, of those that have ended, */
	__u64 lag_cpu_ns; /* and its parts: on a CPU, */
	__u64 lag_runqueue_ns; /* waiting for one; the rest: blocked */
	__u64 set_bytes; /* of descriptor sets or events copied between the program and the kernel */
	__u64 epoch; /* of the extremes */
	__u64 lag_min_ns, lag_max_ns; /* since the look before; of none: ~0 and 0 */
	__u64 wait_min_ns, wait_max_ns;
	__u32 descriptors; /* poll: in the set of the last wait; select: one more than the highest of it */
	union {
		__u32 epoll_fd_before; /* epoll: the instance that it waited on before this one, plus 1; 0: none */
		__u32 one_connection; /* poll: the last wait, or one not long before, was for a connection alone */
	};
	__u64 brief_wait_ns; /* the last timed wait in which the thread did not sleep, if it was short; 0: none */
	__u32 lag[LOOP_BUCKETS];
	__u32 wait[LOOP_BUCKETS];
};

_Static_assert(sizeof(struct loop_record) == 952, "loop_record");

#endif
