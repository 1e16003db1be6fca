/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The thread scan: what every thread is asleep in, and its loop counters. It walks the tasks and hooks
 * nothing, so it sees also what fell asleep before sockstall started.
 */
#include "origins.bpf.h"
#include "read_socket.bpf.h"
#include "receivers.bpf.h"

#define TASK_SLEEPING (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE | TASK_FROZEN)
#define TASK_STOPPED  0xc /* __TASK_STOPPED | __TASK_TRACED */
#define PF_KTHREAD    0x00200000
#define PF_IO_WORKER  0x00000010

#define SIGALRM 14 /* on both architectures */

#define S_IFMT	   0170000
#define S_IFSOCK   0140000
#define S_IFIFO	   0010000
#define O_NONBLOCK 04000

#define SCHED_FIFO 1
#define SCHED_RR   2
#define SCHED_IDLE 5

/*
 * Processes that hold an epoll instance with events that nobody fetches: all their threads are brought,
 * because one of them may be a loop that was stuck before sockstall could count its waits.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32); /* pid */
	__type(value, __u64); /* start of the process, CLOCK_BOOTTIME */
} suspects SEC(".maps");

/* Network namespaces in use, by inode, with a process in each. Emptied by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} namespaces SEC(".maps");

const volatile bool cfg_find_namespaces = false;

/* A person at the screen may ask for all threads of one process, with their details. */
const volatile bool cfg_details = false;
__u32 requested_pid = 0; /* 0: none */

/* sizeof(struct epoll_event), which is packed on x86-64 only. */
const volatile __u32 cfg_epoll_event_bytes = 12;

/*
 * For the calibration of the scheduler's clock: when the thread that runs this scan last got a CPU, and
 * how often it had been switched out by then.
 */
__u64 self_last_arrival = 0;
__u64 self_switches = 0;

/* Too large for the stack. One scan runs at a time. */
struct scratch {
	struct thread_record thread;
	struct socket_record socket;
	struct loop_record loop;
	struct detail_record detail;
	struct syscall_state syscall;
	bool wanted, details; /* here, and not in registers, they make no paths for the verifier to go */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} thread_scratch SEC(".maps");

static __always_inline bool is_fair(const struct task_struct *task)
{
	__u32 policy = task->policy;

	return policy != SCHED_FIFO && policy != SCHED_RR && policy <= SCHED_IDLE;
}

/* Cgroups one above the other that are looked at. */
#define QUOTA_LEVELS 4

/* A group without a limit has RUNTIME_INF. */
static __always_inline void read_quota(struct thread_record *record, const struct task_struct *task)
{
	const struct task_struct___group *with = (const void *)task;
	const struct task_group___quota *group = NULL;
	__u64 quota;
	int i;

	if (!bpf_core_field_exists(with->sched_task_group) || !bpf_core_field_exists(group->cfs_bandwidth))
		return;
	group = BPF_CORE_READ(with, sched_task_group);
	for (i = 0; i < QUOTA_LEVELS && group; i++) {
		quota = BPF_CORE_READ(group, cfs_bandwidth.quota);
		if (quota != ~0ULL) {
			if (!record->quota_ns) {
				record->quota_ns = quota;
				record->quota_period_ns = BPF_CORE_READ(group, cfs_bandwidth.period);
			}
			record->throttled_ns += BPF_CORE_READ(group, cfs_bandwidth.throttled_time);
		}
		group = BPF_CORE_READ(group, parent);
	}
}

/*
 * Calls follow the pointers, not loads. For a load the verifier of Linux 6.3 and later looks through the names of all
 * types of the kernel, four times (btf_nested_type_is_trusted()). That took half of this program's time to load.
 */
static __always_inline void read_identity(struct thread_record *record, struct task_struct *task)
{
	const struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	record->header.type = RECORD_THREAD;
	record->header.size = sizeof(*record);
	record->pid = own_tgid_of(task);
	record->tid = own_tid_of(task);
	record->start_ns = task->start_boottime;
	record->process_start_ns = BPF_CORE_READ(leader, start_boottime);
	record->threads = BPF_CORE_READ(task, signal, nr_threads);
	record->netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	record->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	record->parent_pid = own_tgid(BPF_CORE_READ(leader, real_parent));
	record->inner_pid = inner_number(BPF_CORE_READ(leader, thread_pid));
	BPF_CORE_READ_INTO(&record->comm, task, comm);
	BPF_CORE_READ_INTO(&record->process_comm, leader, comm);
}

/*
 * sched_info.last_arrival and the slice that followed tell when the thread fell asleep. Only the fair
 * class keeps prev_sum_exec_runtime.
 */
static __always_inline void read_schedule(struct thread_record *record, struct task_struct *task, __u32 state)
{
	record->state = state | task->exit_state;
	record->cpu_ns = task->se.sum_exec_runtime;
	record->run_delay_ns = compat_sched_info(task, run_delay);
	record->last_arrival = compat_sched_info(task, last_arrival);
	record->last_queued = compat_sched_info(task, last_queued);
	record->voluntary = task->nvcsw;
	record->involuntary = task->nivcsw;
	record->io_calls = compat_io_calls(task);
	if (state & TASK_SLEEPING)
		record->flags |= THREAD_SLEEPING;
	if (compat_is_frozen(task, state))
		record->flags |= THREAD_FROZEN;
	if (state & TASK_STOPPED)
		record->flags |= THREAD_STOPPED;
	if (is_fair(task)) {
		record->flags |= THREAD_FAIR;
		record->slice_ns = task->se.sum_exec_runtime - task->se.prev_sum_exec_runtime;
	}
}

static __always_inline void read_syscall(struct thread_record *record, struct task_struct *task,
					 struct syscall_state *syscall)
{
	int i;

	record->syscall = -1;
	record->fd = -1;
	/* io_uring's: its registers are a copy of those of the thread that it was made for (copy_thread()). */
	if (task->flags & PF_IO_WORKER)
		return;
	if (compat_is_32bit(task)) {
		record->flags |= THREAD_COMPAT;
		return;
	}
	if (!compat_syscall(task, syscall))
		return;
	record->syscall = syscall->number;
	for (i = 0; i < 6; i++)
		record->args[i] = syscall->args[i];
}

static __always_inline __u8 syscall_kind_of(__s32 number)
{
	return (__u32)number < SYSCALL_NUMBERS ? cfg_syscall_kinds[number] : SYSCALL_OTHER;
}

/* The last number that a pipe was given; one scan runs at a time. */
__u64 last_pipe = 0;

/* Has the walk of all files bring who holds this pipe. Returns its number; 0: there was no room. */
static __always_inline __u64 want_pipe(const struct file *file)
{
	__u64 pipe = (__u64)BPF_CORE_READ(file, private_data), number = last_pipe + 1;
	const __u64 *known = bpf_map_lookup_elem(&wanted_pipes, &pipe);

	if (known)
		return *known;
	if (!pipe || bpf_map_update_elem(&wanted_pipes, &pipe, &number, BPF_NOEXIST))
		return 0;
	last_pipe = number;
	return number;
}

/* Reads what the descriptor leads to, if it is a socket or a pipe. */
static __always_inline bool read_descriptor(struct socket_record *record, struct task_struct *task, __u32 fd, __u8 kind)
{
	struct file *file = file_at(task, fd);
	const struct socket *socket;
	const struct sock *sk;
	__u16 type;

	if (!file)
		return false;
	type = BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT;
	if (type == S_IFIFO) {
		record->header.type = RECORD_SOCKET;
		record->header.size = sizeof(*record);
		record->seen_ns = bpf_ktime_get_ns();
		record->name.kind = SOCKET_KIND_PIPE;
		record->name.inode = BPF_CORE_READ(file, f_inode, i_ino);
		if (want_chains())
			record->peer_inode = want_pipe(file);
	} else if (type == S_IFSOCK) {
		socket = BPF_CORE_READ(file, private_data);
		sk = first_subflow(BPF_CORE_READ(socket, sk));
		if (!sk)
			return false;
		read_socket(record, sk);
		record->name.inode = BPF_CORE_READ(file, f_inode, i_ino);
		if (want_chains() || kind == SYSCALL_CONNECTS || (kind == SYSCALL_WRITES && cfg_writers))
			read_socket_more(record, sk);
		if ((cfg_peers || want_chains()) && record->name.kind == SOCKET_KIND_UNIX)
			record->peer_inode = unix_peer_inode(sk);
		if (record->name.kind == SOCKET_KIND_UNIX && unix_peer_is_queued(sk))
			record->flags |= SOCKET_PEER_QUEUED;
	} else {
		return false;
	}
	if (BPF_CORE_READ(file, f_flags) & O_NONBLOCK)
		record->flags |= SOCKET_NONBLOCKING;
	/* The thread may have closed it meanwhile: then what was read means nothing. */
	return file_at(task, fd) == file;
}

/*
 * Whether whoever holds the mutex of the epoll instance that the thread waits for is asleep with it: in a fault, while
 * it copies events to a page that somebody does not deliver. /proc/PID/fdinfo/FD would wait for that.
 */
static __always_inline bool is_epoll_held(struct task_struct *task, __u32 fd)
{
	struct file *file = file_at(task, fd);

	return file && compat_epoll_holder_state(BPF_CORE_READ(file, private_data)) & TASK_SLEEPING;
}

/*
 * Late, where few ways for the verifier to go are left. A function of its own would be verified once; but on Linux 5.10
 * a program that calls one oopses where it follows a pointer that is none.
 */
static __always_inline void note_epoll_hold(struct scratch *s, struct task_struct *task, __u8 kind)
{
	if (kind == SYSCALL_WAITS_EPOLL && is_epoll_held(task, s->thread.args[0]))
		s->thread.flags |= THREAD_EPOLL_HELD;
}

/* Late, too. Once nothing has been taken for a while, the holders of the other end are asked for. */
static __always_inline void note_untaken(struct scratch *s, struct task_struct *task)
{
	struct socket_record *socket = &s->socket;
	struct file *file;

	if (socket->name.kind != SOCKET_KIND_PIPE && socket->name.kind != SOCKET_KIND_UNIX)
		return;
	file = file_at(task, s->thread.fd);
	if (!file)
		return;
	socket->untaken_since_ns = untaken_since(file, socket->name.kind);
	if (socket->peer_inode || !socket->untaken_since_ns || socket->untaken_since_ns + UNTAKEN_NS > socket->seen_ns)
		return;
	socket->peer_inode = socket->name.kind == SOCKET_KIND_PIPE ? want_pipe(file) : unix_receiver(file);
}

/* Counters of one thread, by its way to wait. NULL: it has not waited that way. */
struct thread_loops {
	struct loop_record *epoll, *poll, *select, *ring;
};

static __always_inline __u32 find_loops(struct thread_loops *loops, struct task_struct *task)
{
	if (cfg_loops)
		loops->epoll = loop_of(&epoll_loops, LOOP_EPOLL, task, false);
	if (cfg_other_loops) {
		loops->poll = loop_of(&poll_loops, LOOP_POLL, task, false);
		loops->select = loop_of(&select_loops, LOOP_SELECT, task, false);
		loops->ring = loop_of(&ring_loops, LOOP_IO_URING, task, false);
	}
	return !!loops->epoll + !!loops->poll + !!loops->select + !!loops->ring;
}

static __always_inline __u32 count_loops(struct task_struct *task)
{
	struct thread_loops loops = {};

	return find_loops(&loops, task);
}

static __always_inline void write_loop(struct seq_file *seq, struct loop_record *record, const struct loop_record *loop)
{
	if (!loop)
		return;
	__builtin_memcpy(record, loop, sizeof(*record));
	if (record->interface == LOOP_EPOLL)
		record->set_bytes = record->events * cfg_epoll_event_bytes;
	if (record->epoch != look_epoch) {
		record->lag_min_ns = record->wait_min_ns = ~0ULL;
		record->lag_max_ns = record->wait_max_ns = 0;
	}
	bpf_seq_write(seq, record, sizeof(*record));
}

/* A leader that has exited has let go of all: then nothing can be told. */
static __always_inline __u32 read_shares(const struct task_struct *task)
{
	const struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	const struct mm_struct *mm = BPF_CORE_READ(leader, mm);

	if (!mm || !BPF_CORE_READ(task, mm))
		return 0;
	return SHARES_KNOWN | (BPF_CORE_READ(task, mm) == mm ? SHARES_VM : 0) |
	       (BPF_CORE_READ(task, files) == BPF_CORE_READ(leader, files) ? SHARES_FILES : 0) |
	       (BPF_CORE_READ(task, fs) == BPF_CORE_READ(leader, fs) ? SHARES_FS : 0) |
	       (BPF_CORE_READ(task, sighand) == BPF_CORE_READ(leader, sighand) ? SHARES_SIGHAND : 0);
}

static __always_inline void read_detail(struct detail_record *record, struct task_struct *task)
{
	const struct thread_origin *origin = origin_of(task, false);

	__builtin_memset(record, 0, sizeof(*record));
	record->header.type = RECORD_DETAIL;
	record->header.size = sizeof(*record);
	record->shares = read_shares(task);
	if (BPF_CORE_READ(task, mm)) {
		record->user_sp = compat_user_sp(task);
		record->tls = compat_tls(task);
	}
	if (!origin)
		return;
	record->creator_tid = origin->creator_tid;
	record->first_sp = origin->first_sp;
}

/*
 * One process for each namespace is enough. A thread is looked at where it is not in its leader's
 * namespace: after unshare() or setns(), or because the leader has exited and has none any more.
 */
static __always_inline void note_namespace(struct task_struct *task)
{
	const struct nsproxy *proxy = BPF_CORE_READ(task, nsproxy);
	__u32 tid, inode;

	/* Most threads have their leader's. */
	if (task->tgid != task->pid && BPF_CORE_READ(task, group_leader, nsproxy) == proxy)
		return;
	tid = own_tid_of(task);
	inode = BPF_CORE_READ(proxy, net_ns, ns.inum);
	if (!inode || (task->tgid != task->pid && BPF_CORE_READ(task, group_leader, nsproxy, net_ns, ns.inum) == inode))
		return;
	bpf_map_update_elem(&namespaces, &inode, &tid, BPF_NOEXIST);
}

static __always_inline bool is_suspect(const struct task_struct *task)
{
	__u32 pid = own_tgid_of(task);

	return cfg_loops && bpf_map_lookup_elem(&suspects, &pid);
}

static __always_inline bool is_requested(const struct task_struct *task)
{
	return cfg_details && requested_pid && own_tgid_of(task) == requested_pid;
}

static __always_inline bool is_wanted_wait(__u8 kind)
{
	return (cfg_readers && kind == SYSCALL_READS) || (cfg_writers && kind == SYSCALL_WRITES) ||
	       (cfg_acceptors && kind == SYSCALL_ACCEPTS) ||
	       (cfg_handshakes && (kind == SYSCALL_CONNECTS || kind == SYSCALL_READS || kind == SYSCALL_WRITES));
}

/*
 * For handshakes alone: unix sockets that connect, or that nobody has accepted. TCP sockets are found by their state.
 */
static __always_inline bool is_wanted_socket(const struct socket_record *socket, __u8 kind)
{
	if ((cfg_readers && kind == SYSCALL_READS) || (cfg_writers && kind == SYSCALL_WRITES) ||
	    kind == SYSCALL_ACCEPTS)
		return true;
	return socket->name.kind == SOCKET_KIND_UNIX &&
	       (kind == SYSCALL_CONNECTS || socket->flags & SOCKET_PEER_QUEUED);
}

/* Whatever its descriptor leads to. */
static __always_inline bool is_wanted(const struct thread_record *record, const struct task_struct *task, __u8 kind)
{
	return want_chains() || (cfg_loops && (record->loops || kind == SYSCALL_WAITS_EPOLL)) ||
	       (cfg_held && (kind == SYSCALL_WAITS_EPOLL || kind == SYSCALL_WAITS)) || is_suspect(task);
}

/*
 * The counters are looked up again: there may be one more by now, and pointers would make more paths for the verifier.
 */
static __always_inline void write_thread(struct seq_file *seq, struct scratch *s, struct task_struct *task)
{
	struct thread_loops loops = {};

	if (s->thread.loops)
		s->thread.loops = find_loops(&loops, task);
	bpf_seq_write(seq, &s->thread, sizeof(s->thread));
	if (s->thread.flags & THREAD_HAS_SOCKET)
		bpf_seq_write(seq, &s->socket, sizeof(s->socket));
	write_loop(seq, &s->loop, loops.epoll);
	write_loop(seq, &s->loop, loops.poll);
	write_loop(seq, &s->loop, loops.select);
	write_loop(seq, &s->loop, loops.ring);
	if (s->thread.flags & THREAD_HAS_DETAIL)
		bpf_seq_write(seq, &s->detail, sizeof(s->detail));
}

/*
 * When alarm(2) or setitimer(ITIMER_REAL) will interrupt this thread (kernel/time/itimer.c). The signal is its
 * process's, and goes to the first thread if that takes it (complete_signal()); with others it cannot be told. One that
 * comes again and again is a clock, not a limit.
 */
static __always_inline __u64 read_alarm(const struct task_struct *task)
{
	const struct signal_struct *signal = BPF_CORE_READ(task, signal);
	const struct hrtimer *timer = __builtin_preserve_access_index(&signal->real_timer);

	if (task->pid != task->tgid || BPF_CORE_READ(signal, it_real_incr) ||
	    BPF_CORE_READ(task, blocked.sig[0]) & 1UL << (SIGALRM - 1) || !compat_timer_runs(timer))
		return 0;
	return BPF_CORE_READ(timer, _softexpires);
}

static __always_inline void scan_thread(struct seq_file *seq, struct task_struct *task, struct scratch *s)
{
	__u32 state = compat_task_state(task);
	__u8 kind = SYSCALL_OTHER;

	s->thread.flags = 0;
	s->thread.syscall = -1;
	s->thread.fd = -1;
	if (state & (TASK_SLEEPING | TASK_STOPPED)) {
		read_syscall(&s->thread, task, &s->syscall);
		kind = syscall_kind_of(s->thread.syscall);
	}
	s->thread.loops = count_loops(task);
	s->details = cfg_threads || is_requested(task);
	s->wanted = s->details || is_wanted(&s->thread, task, kind);
	if (!s->wanted && !is_wanted_wait(kind))
		return;
	if (SYSCALL_HAS_FD(kind)) {
		s->thread.fd = s->thread.args[0];
		__builtin_memset(&s->socket, 0, sizeof(s->socket));
		if (read_descriptor(&s->socket, task, s->thread.fd, kind))
			s->thread.flags |= THREAD_HAS_SOCKET;
	}
	if (!s->wanted && (!(s->thread.flags & THREAD_HAS_SOCKET) || !is_wanted_socket(&s->socket, kind)))
		return;
	s->thread.seen_ns = bpf_ktime_get_ns();
	read_identity(&s->thread, task);
	read_schedule(&s->thread, task, state);
	if (cfg_loops && (s->thread.loops || !(state & (TASK_SLEEPING | TASK_STOPPED))))
		read_quota(&s->thread, task);
	if (s->thread.flags & THREAD_HAS_SOCKET)
		s->thread.alarm_ns = read_alarm(task);
	/* Without these there may be no map for it. */
	if ((cfg_threads || cfg_details) && s->details) {
		s->thread.flags |= THREAD_HAS_DETAIL;
		read_detail(&s->detail, task);
	}
	if (cfg_loops)
		note_epoll_hold(s, task, kind);
	if (cfg_writers && kind == SYSCALL_WRITES && s->thread.flags & THREAD_HAS_SOCKET)
		note_untaken(s, task);
	write_thread(seq, s, task);
}

static __always_inline void note_clock(void)
{
	const struct task_struct *self = (const void *)bpf_get_current_task();

	self_last_arrival = compat_last_arrival(self);
	self_switches = BPF_CORE_READ(self, nvcsw) + BPF_CORE_READ(self, nivcsw);
}

SEC("iter/task")
int thread_scan(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct scratch *s;
	__u32 zero = 0;

	if (ctx->meta->seq_num == 0) {
		note_clock();
		read_jiffies();
		note_own_level();
	}
	if (!task || task->flags & PF_KTHREAD)
		return 0;
	s = bpf_map_lookup_elem(&thread_scratch, &zero);
	if (!s)
		return 0;
	__builtin_memset(&s->thread, 0, sizeof(s->thread));
	if (cfg_find_namespaces)
		note_namespace(task);
	if (cfg_threads && !is_wanted_pid(own_tgid_of(task)))
		return 0;
	if (cfg_readers || cfg_writers || cfg_acceptors || cfg_handshakes || cfg_loops || cfg_threads ||
	    is_requested(task))
		scan_thread(ctx->meta->seq, task, s);
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
