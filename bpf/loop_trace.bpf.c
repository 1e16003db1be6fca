/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Counters of event loops: two small programs on the entry and the exit of each wait. They are on the
 * classic syscall tracepoints, so that other syscalls do not pay for them. They run at every wait of
 * every thread: one look into task storage each, and one at the clock for a wait that is over at once, are all
 * they can afford.
 */
#include "shared.bpf.h"

#define S_IFMT	 0170000
#define S_IFSOCK 0140000

#define AF_UNIX 1

#define IPPROTO_TCP	6
#define TCP_ESTABLISHED 1
#define TCP_LISTEN	10

#define ERESTART_RESTARTBLOCK 516 /* linux/errno.h, which is not for user space */

#define IORING_ENTER_GETEVENTS (1U << 0)
#define IORING_ENTER_EXT_ARG   (1U << 3)

/* The bytes that poll copies for one descriptor: struct pollfd on the way in, its revents on the way out. */
#define POLL_BYTES (8 + 2)

struct timespec {
	__s64 tv_sec;
	__s64 tv_nsec;
};

struct io_uring_getevents_arg {
	__u64 sigmask;
	__u32 sigmask_sz;
	__u32 pad;
	__u64 ts;
};

/* ---- What is counted ---- */

/* The place of the highest bit that is set; value is not 0 and below 2^32. */
static __always_inline __u32 log2_of(__u64 value)
{
	__u32 result = 0;

	if (value >> 16) {
		value >>= 16;
		result = 16;
	}
	if (value >> 8) {
		value >>= 8;
		result += 8;
	}
	if (value >> 4) {
		value >>= 4;
		result += 4;
	}
	if (value >> 2) {
		value >>= 2;
		result += 2;
	}
	return result + (value >> 1);
}

/* See loop_record.h. */
static __always_inline void count_bucket(__u32 *buckets, __u64 ns)
{
	__u64 value = ns >> LOOP_UNIT_SHIFT;
	__u64 index = value;

	if (value >= 1ULL << 24) {
		index = LOOP_BUCKETS - 1;
	} else if (value >= 4) {
		__u32 power = log2_of(value);

		index = (power - 1) * 4 + ((value >> (power - 2)) & 3);
	}
	if (index < LOOP_BUCKETS)
		buckets[index]++;
}

static __always_inline void start_epoch(struct loop_record *loop)
{
	if (loop->epoch == look_epoch)
		return;
	loop->epoch = look_epoch;
	loop->lag_min_ns = ~0ULL;
	loop->lag_max_ns = 0;
	loop->wait_min_ns = ~0ULL;
	loop->wait_max_ns = 0;
	loop->brief_wait_ns = 0; /* the next wait is timed, and counts */
}

/*
 * CPU time used is prev_sum_exec_runtime + (now - last_arrival): this is the part of it that only changes
 * when the thread is switched out. The scheduler's clock and bpf_ktime_get_ns() differ by a constant, which the
 * difference between two moments does not have.
 */
static __always_inline __u64 cpu_base(const struct task_struct *task)
{
	return compat_read(task, se.prev_sum_exec_runtime) - compat_sched_info(task, last_arrival);
}

/* All of it changes with the slice only, and so it is read once a slice. */
static __always_inline void note_slice(struct loop_record *loop, const struct task_struct *task, __u64 slice)
{
	loop->slice = slice;
	loop->returned_cpu_base = cpu_base(task);
	loop->returned_run_delay = compat_sched_info(task, run_delay);
}

static __always_inline void split_lag(struct loop_record *loop, const struct task_struct *task, __u64 lag)
{
	__u64 slice = compat_slice(task), base = loop->returned_cpu_base, delay = loop->returned_run_delay;
	__u64 used, queued;

	/* Mostly the thread was not switched out at all, and there is nothing to split. */
	if (slice == loop->slice) {
		loop->lag_cpu_ns += lag;
		return;
	}
	note_slice(loop, task, slice);
	used = lag + loop->returned_cpu_base - base;
	queued = loop->returned_run_delay - delay;
	/* Only the fair class keeps prev_sum_exec_runtime: no sum of parts may get larger than the whole. */
	if (used > lag)
		used = (__s64)used < 0 ? 0 : lag;
	if (queued > lag - used)
		queued = lag - used;
	loop->lag_cpu_ns += used;
	loop->lag_runqueue_ns += queued;
}

static __always_inline void count_lag(struct loop_record *loop, const struct task_struct *task, __u64 now)
{
	/* The return may have been guessed, see length_of_wait(), and a little late. */
	__u64 lag = now > loop->returned_ns ? now - loop->returned_ns : 0;

	loop->lag_ns += lag;
	split_lag(loop, task, lag);
	count_bucket(loop->lag, lag);
	if (lag < loop->lag_min_ns)
		loop->lag_min_ns = lag;
	if (lag > loop->lag_max_ns)
		loop->lag_max_ns = lag;
}

static __always_inline void count_extremes(struct loop_record *loop, __u64 wait)
{
	start_epoch(loop);
	if (wait < loop->wait_min_ns)
		loop->wait_min_ns = wait;
	if (wait > loop->wait_max_ns)
		loop->wait_max_ns = wait;
}

/* ---- Timeouts ---- */

/* Where a wait has its timeout. */
enum timeout_kind {
	TIMEOUT_MS,
	TIMEOUT_TIMESPEC,
	TIMEOUT_TIMEVAL,
	TIMEOUT_RING, /* struct io_uring_getevents_arg */
};

struct timeout {
	enum timeout_kind kind;
	unsigned long argument;
};

/* tv_sec and tv_nsec or tv_usec. */
static __always_inline __u64 timeout_at(unsigned long address, __u64 unit_ns)
{
	struct timespec timeout = {};

	if (!address || bpf_probe_read_user(&timeout, sizeof(timeout), (const void *)address))
		return LOOP_TIMEOUT_INFINITE;
	return (__u64)timeout.tv_sec * NS_PER_S + (__u64)timeout.tv_nsec * unit_ns;
}

static __always_inline __u64 timeout_of_ring(unsigned long address)
{
	struct io_uring_getevents_arg argument = {};

	if (!address || bpf_probe_read_user(&argument, sizeof(argument), (const void *)address))
		return LOOP_TIMEOUT_INFINITE;
	return timeout_at(argument.ts, 1);
}

/*
 * To read a program's memory costs as much as all the rest together. Where the wait before this one was over
 * at once (so that this matters), most waits leave the timeout of an earlier one in place.
 */
#define SHORT_WAIT_NS 20000
#define READ_ONE_IN   64

static __always_inline bool is_worth_reading(const struct loop_record *loop)
{
	return loop->returned_ns - loop->entered_ns > SHORT_WAIT_NS || !(loop->waits % READ_ONE_IN);
}

/* Before entered_ns is that of this wait. */
static __always_inline void note_timeout(struct loop_record *loop, struct timeout timeout)
{
	__s32 ms = (__s32)timeout.argument;

	if (timeout.kind == TIMEOUT_MS)
		loop->timeout_ns = ms < 0 ? LOOP_TIMEOUT_INFINITE : (__u64)ms * 1000000;
	else if (!timeout.argument)
		loop->timeout_ns = LOOP_TIMEOUT_INFINITE;
	else if (!is_worth_reading(loop))
		return;
	else if (timeout.kind == TIMEOUT_RING)
		loop->timeout_ns = timeout_of_ring(timeout.argument);
	else
		loop->timeout_ns = timeout_at(timeout.argument, timeout.kind == TIMEOUT_TIMEVAL ? 1000 : 1);
}

/* ---- What poll waits for ---- */

static __always_inline bool is_connection(const struct sock *sk)
{
	__u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);

	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX)
		return state == TCP_ESTABLISHED;
	return read_integer(sk, sk_protocol) == IPPROTO_TCP && state != TCP_LISTEN;
}

static __always_inline bool leads_to_connection(__u32 fd)
{
	const struct task_struct *task = (const void *)bpf_get_current_task();
	const struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = NULL;
	const struct socket *socket;
	const struct sock *sk;

	if (fd >= BPF_CORE_READ(table, max_fds))
		return false;
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return false;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	return sk && is_connection(sk);
}

/* Like the timeout, before entered_ns is that of this wait. */
static __always_inline void note_only(struct loop_record *loop, unsigned long pollfd)
{
	__u32 fd;

	if (is_worth_reading(loop) && !bpf_probe_read_user(&fd, sizeof(fd), (const void *)pollfd))
		loop->one_connection = leads_to_connection(fd);
}

/* ---- Entry and exit ---- */

static __always_inline struct loop_record *new_loop(void *map, struct task_struct *task, __u32 interface)
{
	struct loop_record *loop = loop_of(map, interface, task, true);

	if (!loop) {
		__sync_fetch_and_add(&lost_loops, 1);
		return NULL;
	}
	loop->header.type = RECORD_LOOP;
	loop->header.size = sizeof(*loop);
	loop->interface = interface;
	loop->epoll_fd = -1;
	loop->first_ns = bpf_ktime_get_ns();
	return loop;
}

/*
 * only: the one struct pollfd that is waited for; 0: it is not poll, or waits for several. Returns the thread's
 * counters, for what the interfaces do not have in common; or NULL.
 */
static __always_inline struct loop_record *enter(void *map, __u32 interface, struct timeout timeout, unsigned long only)
{
	struct task_struct *task = compat_current();
	struct loop_record *loop = loop_of(map, interface, task, false);
	__u64 now;

	if (!loop) {
		loop = new_loop(map, task, interface);
		if (!loop)
			return NULL;
	}
	now = bpf_ktime_get_ns();
	start_epoch(loop);
	if (loop->returned_ns && loop->waiting == LOOP_OUTSIDE)
		count_lag(loop, task, now);
	note_timeout(loop, timeout);
	if (only)
		note_only(loop, only);
	loop->entered_ns = now;
	loop->waiting = LOOP_WAITING;
	return loop;
}

/*
 * To read the clock costs as much as all the rest together. A wait in which the thread did not sleep takes about
 * as long as the one before of which that is true: so of such, where they are short, one in some is timed.
 */
#define BRIEF_WAIT_NS 10000
#define TIME_ONE_IN   32

static __always_inline __u64 time_wait(struct loop_record *loop, const struct task_struct *task, __u64 slice)
{
	__u64 wait = bpf_ktime_get_ns() - loop->entered_ns;

	if (slice != loop->slice)
		note_slice(loop, task, slice);
	else
		loop->brief_wait_ns = wait < BRIEF_WAIT_NS ? wait : 0;
	count_extremes(loop, wait);
	return wait;
}

static __always_inline __u64 length_of_wait(struct loop_record *loop, const struct task_struct *task)
{
	__u64 slice = compat_slice(task);

	if (slice == loop->slice && loop->brief_wait_ns && loop->waits % TIME_ONE_IN)
		return loop->brief_wait_ns;
	return time_wait(loop, task, slice);
}

/* The end of a wait whose beginning was seen. Returns the counters, or NULL where there was none. */
static __always_inline struct loop_record *leave(void *map, __u32 interface)
{
	struct task_struct *task = compat_current();
	struct loop_record *loop = loop_of(map, interface, task, false);
	__u64 wait;

	if (!loop || loop->waiting == LOOP_OUTSIDE)
		return NULL;
	wait = length_of_wait(loop, task);
	loop->wait_ns += wait;
	count_bucket(loop->wait, wait);
	loop->returned_ns = loop->entered_ns + wait;
	loop->waiting = LOOP_OUTSIDE;
	loop->waits++;
	return loop;
}

/* Waits that return how many descriptors are ready. */
static __always_inline struct loop_record *leave_counted(void *map, __u32 interface, long returned)
{
	struct loop_record *loop = leave(map, interface);

	if (!loop)
		return NULL;
	if (returned > 0)
		loop->events += returned;
	else if (returned == 0)
		loop->empty++;
	else
		loop->failed++;
	if (returned == -ERESTART_RESTARTBLOCK)
		loop->waiting = LOOP_INTERRUPTED;
	return loop;
}

/* ---- epoll ---- */

static __always_inline int enter_epoll(const struct trace_event_raw_sys_enter *ctx, struct timeout timeout)
{
	struct loop_record *loop = enter(&epoll_loops, LOOP_EPOLL, timeout, 0);
	__s32 epoll_fd = (__s32)ctx->args[0];

	if (!loop)
		return 0;
	if (loop->waits && loop->epoll_fd != epoll_fd)
		loop->epoll_fd_before = (__u32)loop->epoll_fd + 1;
	loop->epoll_fd = epoll_fd;
	loop->max_events = (__u32)ctx->args[2];
	return 0;
}

static __always_inline int leave_epoll(long returned)
{
	struct loop_record *loop = leave_counted(&epoll_loops, LOOP_EPOLL, returned);

	if (loop && loop->max_events > 1 && returned == (long)loop->max_events)
		loop->full++;
	return 0;
}

SEC("?tracepoint/syscalls/sys_enter_epoll_wait")
int epoll_enter_wait(struct trace_event_raw_sys_enter *ctx)
{
	return enter_epoll(ctx, (struct timeout){TIMEOUT_MS, ctx->args[3]});
}

SEC("?tracepoint/syscalls/sys_enter_epoll_pwait")
int epoll_enter_pwait(struct trace_event_raw_sys_enter *ctx)
{
	return enter_epoll(ctx, (struct timeout){TIMEOUT_MS, ctx->args[3]});
}

SEC("?tracepoint/syscalls/sys_enter_epoll_pwait2")
int epoll_enter_pwait2(struct trace_event_raw_sys_enter *ctx)
{
	return enter_epoll(ctx, (struct timeout){TIMEOUT_TIMESPEC, ctx->args[3]});
}

SEC("?tracepoint/syscalls/sys_exit_epoll_wait")
int epoll_exit_wait(struct trace_event_raw_sys_exit *ctx)
{
	return leave_epoll(ctx->ret);
}

SEC("?tracepoint/syscalls/sys_exit_epoll_pwait")
int epoll_exit_pwait(struct trace_event_raw_sys_exit *ctx)
{
	return leave_epoll(ctx->ret);
}

SEC("?tracepoint/syscalls/sys_exit_epoll_pwait2")
int epoll_exit_pwait2(struct trace_event_raw_sys_exit *ctx)
{
	return leave_epoll(ctx->ret);
}

/* ---- poll ---- */

static __always_inline int enter_poll(const struct trace_event_raw_sys_enter *ctx, struct timeout timeout)
{
	unsigned long only = (__u32)ctx->args[1] == 1 ? ctx->args[0] : 0;
	struct loop_record *loop = enter(&poll_loops, LOOP_POLL, timeout, only);

	if (!loop)
		return 0;
	loop->descriptors = (__u32)ctx->args[1];
	if (!only)
		loop->one_connection = 0;
	loop->set_bytes += (__u64)loop->descriptors * POLL_BYTES;
	return 0;
}

SEC("?tracepoint/syscalls/sys_enter_poll")
int poll_enter(struct trace_event_raw_sys_enter *ctx)
{
	return enter_poll(ctx, (struct timeout){TIMEOUT_MS, ctx->args[2]});
}

SEC("?tracepoint/syscalls/sys_enter_ppoll")
int poll_enter_ppoll(struct trace_event_raw_sys_enter *ctx)
{
	return enter_poll(ctx, (struct timeout){TIMEOUT_TIMESPEC, ctx->args[2]});
}

SEC("?tracepoint/syscalls/sys_exit_poll")
int poll_exit(struct trace_event_raw_sys_exit *ctx)
{
	leave_counted(&poll_loops, LOOP_POLL, ctx->ret);
	return 0;
}

SEC("?tracepoint/syscalls/sys_exit_ppoll")
int poll_exit_ppoll(struct trace_event_raw_sys_exit *ctx)
{
	leave_counted(&poll_loops, LOOP_POLL, ctx->ret);
	return 0;
}

/* ---- select ---- */

/* Three sets of whole longs, each in and out; those that are NULL are not copied. */
static __always_inline __u64 select_bytes(const struct trace_event_raw_sys_enter *ctx, __u32 descriptors)
{
	__u64 set = ((__u64)descriptors + 63) / 64 * sizeof(__u64);

	return 2 * set * (!!ctx->args[1] + !!ctx->args[2] + !!ctx->args[3]);
}

#define LEAST_TABLE 64 /* NR_OPEN_DEFAULT of the kernel's fdtable.h, where a long has 64 bits */

static __always_inline int enter_select(const struct trace_event_raw_sys_enter *ctx, struct timeout timeout)
{
	struct loop_record *loop = enter(&select_loops, LOOP_SELECT, timeout, 0);
	__u32 descriptors = (__u32)ctx->args[0], most;
	const struct task_struct *task;

	if (!loop)
		return 0;
	/* As the kernel does: programs like to say FD_SETSIZE or more. No table is smaller than one word of bits. */
	if (descriptors > LEAST_TABLE) {
		task = compat_current();
		most = cfg_local_storage ? task->files->fdt->max_fds : BPF_CORE_READ(task, files, fdt, max_fds);
		descriptors = descriptors < most ? descriptors : most;
	}
	loop->descriptors = descriptors;
	loop->set_bytes += select_bytes(ctx, loop->descriptors);
	return 0;
}

SEC("?tracepoint/syscalls/sys_enter_select")
int select_enter(struct trace_event_raw_sys_enter *ctx)
{
	return enter_select(ctx, (struct timeout){TIMEOUT_TIMEVAL, ctx->args[4]});
}

SEC("?tracepoint/syscalls/sys_enter_pselect6")
int select_enter_pselect6(struct trace_event_raw_sys_enter *ctx)
{
	return enter_select(ctx, (struct timeout){TIMEOUT_TIMESPEC, ctx->args[4]});
}

SEC("?tracepoint/syscalls/sys_exit_select")
int select_exit(struct trace_event_raw_sys_exit *ctx)
{
	leave_counted(&select_loops, LOOP_SELECT, ctx->ret);
	return 0;
}

SEC("?tracepoint/syscalls/sys_exit_pselect6")
int select_exit_pselect6(struct trace_event_raw_sys_exit *ctx)
{
	leave_counted(&select_loops, LOOP_SELECT, ctx->ret);
	return 0;
}

/* ---- io_uring ---- */

/* Without both it submits, and does not wait. */
static __always_inline bool is_ring_wait(const struct trace_event_raw_sys_enter *ctx)
{
	return (__u32)ctx->args[3] & IORING_ENTER_GETEVENTS && (__u32)ctx->args[2];
}

SEC("?tracepoint/syscalls/sys_enter_io_uring_enter")
int ring_enter(struct trace_event_raw_sys_enter *ctx)
{
	struct timeout timeout = {TIMEOUT_RING, (__u32)ctx->args[3] & IORING_ENTER_EXT_ARG ? ctx->args[4] : 0};
	struct loop_record *loop;

	if (!is_ring_wait(ctx))
		return 0;
	loop = enter(&ring_loops, LOOP_IO_URING, timeout, 0);
	if (loop)
		loop->epoll_fd = (__s32)ctx->args[0];
	return 0;
}

/* It returns how many requests were submitted, and nothing about what has come. */
SEC("?tracepoint/syscalls/sys_exit_io_uring_enter")
int ring_exit(struct trace_event_raw_sys_exit *ctx)
{
	struct loop_record *loop = leave(&ring_loops, LOOP_IO_URING);

	if (loop && ctx->ret < 0)
		loop->failed++;
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
