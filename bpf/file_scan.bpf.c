/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The file scan: who holds which socket open. It walks the descriptors of all processes, so it is run
 * only when something is to be shown whose owner is not yet known.
 */
#include "epoll_file.bpf.h"
#include "read_socket.bpf.h"

#define TCP_SYN_SENT 2
#define TCP_LISTEN   10

#define S_IFMT	 0170000
#define S_IFSOCK 0140000
#define S_IFIFO	 0010000

#define O_ACCMODE 3
#define O_RDONLY  0
#define O_WRONLY  1

/* Sockets whose owner or cookie is wanted, by inode: the network namespace, which is for user space. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u32);
} wanted_sockets SEC(".maps");

static __always_inline bool is_wanted_socket(struct socket *socket, __u64 inode)
{
	const struct sock *sk = first_subflow(BPF_CORE_READ(socket, sk));
	__u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);

	if (read_integer(sk, sk_protocol) == IPPROTO_TCP && (state == TCP_LISTEN || state == TCP_SYN_SENT))
		return true;
	if (state == TCP_LISTEN && BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX)
		return true;
	return bpf_map_lookup_elem(&wanted_sockets, &inode);
}

/* True after fork(), until execve(). */
static __always_inline bool runs_what_its_parent_runs(const struct task_struct *task)
{
	const struct inode *program = BPF_CORE_READ(task, group_leader, mm, exe_file, f_inode);

	return program && program == BPF_CORE_READ(task, group_leader, real_parent, mm, exe_file, f_inode);
}

static __always_inline void write_holder(struct seq_file *seq, struct task_struct *task, __u32 fd, __u32 type,
					 __u64 cookie, __u64 inode, __u32 flags)
{
	struct owner_record record = {
		.header = {type, sizeof(record)},
		.cookie = cookie,
		.inode = inode,
		.pid = own_tgid(task),
		.fd = fd,
		.parent_pid = own_parent(task),
		.flags = flags,
	};

	record.process_start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	BPF_CORE_READ_INTO(&record.comm, task, group_leader, comm);
	bpf_seq_write(seq, &record, sizeof(record));
}

static __always_inline void write_owner(struct seq_file *seq, struct task_struct *task, __u32 fd, struct socket *socket,
					__u64 inode)
{
	struct sock *sk = compat_read(socket, sk);
	__u64 cookie = 0;
	__u32 flags = 0;

	if (sk) {
		compat_draw_cookie(sk);
		cookie = BPF_CORE_READ(first_subflow(sk), __sk_common.skc_cookie.counter);
		if (BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_LISTEN && runs_what_its_parent_runs(task))
			flags = OWNER_FORKED;
	}
	write_holder(seq, task, fd, RECORD_OWNER, cookie, inode, flags);
}

/* ---- For chains: connections on which somebody waits ---- */

#define TCP_ESTABLISHED 1
#define TCP_FIN_WAIT2	5
#define TCP_CLOSE_WAIT	8

/* The other ends of what threads wait on. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct peer_key);
	__type(value, __u8);
} wanted_peers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct socket_record);
} connection_scratch SEC(".maps");

static __always_inline bool is_established(const struct sock *sk)
{
	__u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);

	return read_integer(sk, sk_protocol) == IPPROTO_TCP &&
	       (state == TCP_ESTABLISHED || state == TCP_FIN_WAIT2 || state == TCP_CLOSE_WAIT);
}

/* Data in flight counts as sent when its oldest byte was, however often it was retransmitted. */
static __always_inline __u64 sent_at(const struct tcp_sock *tp, __u64 now)
{
	if (BPF_CORE_READ(tp, packets_out))
		return BPF_CORE_READ(tp, delivered_mstamp) * NS_PER_US;
	return jiffies32_to_moment(BPF_CORE_READ(tp, lsndtime), now);
}

/* Bytes lie about, or the client spoke last, or nobody yet; and all that for a while. Between requests is neither. */
static __always_inline bool is_awaited(const struct sock *sk)
{
	const struct tcp_sock *tp = (const struct tcp_sock *)sk;
	__u64 now = bpf_ktime_get_ns(), slack = 2 * cfg_tick_ns;
	__u64 sent = sent_at(tp, now);
	__u64 received = jiffies32_to_moment(BPF_CORE_READ(tp, inet_conn.icsk_ack.lrcvtime), now);
	__u64 last = sent > received ? sent : received;
	__u32 origin;

	if (last + chains_quiet_ns > now)
		return false;
	if (BPF_CORE_READ(tp, rcv_nxt) != BPF_CORE_READ(tp, copied_seq) ||
	    BPF_CORE_READ(tp, write_seq) != BPF_CORE_READ(tp, snd_una))
		return true;
	origin = origin_flags(tp);
	if (origin & SOCKET_PORT_BOUND || !(origin & SOCKET_LISTENER_CHILD))
		return sent + slack >= received;
	return received + slack >= sent || !BPF_CORE_READ(tp, bytes_sent);
}

static __always_inline bool is_other_end(const struct socket_name *name)
{
	struct peer_key key = {
		.local_port = name->local_port,
		.peer_port = name->peer_port,
	};

	__builtin_memcpy(key.local_addr, name->local_addr, sizeof(key.local_addr));
	__builtin_memcpy(key.peer_addr, name->peer_addr, sizeof(key.peer_addr));
	return bpf_map_lookup_elem(&wanted_peers, &key);
}

static __always_inline bool write_connection(struct seq_file *seq, const struct socket *socket, __u64 inode)
{
	const struct sock *sk = first_subflow(BPF_CORE_READ(socket, sk));
	struct socket_record *record;
	__u32 zero = 0;

	if (!sk || !is_established(sk))
		return false;
	record = bpf_map_lookup_elem(&connection_scratch, &zero);
	if (!record)
		return false;
	__builtin_memset(&record->name, 0, sizeof(record->name));
	read_common_name(&record->name, &sk->__sk_common);
	if (!is_other_end(&record->name) && !is_awaited(sk))
		return false;
	__builtin_memset(record, 0, sizeof(*record));
	read_tcp_socket(record, sk);
	read_tcp_socket_more(record, sk);
	record->name.inode = inode;
	record->flags |= SOCKET_FOR_CHAINS;
	bpf_seq_write(seq, record, sizeof(*record));
	return true;
}

/* Whether a pipe's reader is at work, so that its writer has to wait: enum owner_flag. */
static __always_inline __u32 reader_flags(struct task_struct *task)
{
	const struct signal_struct *signal = BPF_CORE_READ(task, signal);
	const struct list_head *parents = &signal->wait_chldexit.head;
	__u32 flags = 0;

	if (!compat_task_state(task) || BPF_CORE_READ(parents, next) != parents)
		flags |= OWNER_AT_WORK;
	return BPF_CORE_READ(signal, tty) ? flags | OWNER_HAS_TERMINAL : flags;
}

/* A pipe on which some thread waits. One opened for both is both ends. */
static __always_inline void write_pipe(struct seq_file *seq, struct task_struct *task, __u32 fd, struct file *file)
{
	__u64 pipe = (__u64)BPF_CORE_READ(file, private_data);
	const __u64 *number = bpf_map_lookup_elem(&wanted_pipes, &pipe);
	__u32 mode = file->f_flags & O_ACCMODE;

	if (!number)
		return;
	if (mode != O_WRONLY)
		write_holder(seq, task, fd, RECORD_PIPE_READER, *number, file->f_inode->i_ino, reader_flags(task));
	if (mode != O_RDONLY)
		write_holder(seq, task, fd, RECORD_PIPE_WRITER, *number, file->f_inode->i_ino, 0);
}

SEC("iter/task_file")
int file_scan(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq; /* once: see read_identity() in thread_scan.bpf.c */
	struct file *file = ctx->file;
	struct socket *socket;
	__u64 inode;
	__u32 type;
	bool wanted;

	if (ctx->meta->seq_num == 0)
		note_own_level();
	if (!task || !file)
		return 0;
	type = file->f_inode->i_mode & S_IFMT;
	if (want_chains() && (ctx->fd == 1 || ctx->fd == 2) && (type == S_IFIFO || type == S_IFSOCK))
		write_poll_for_child(seq, task, file, type);
	if (type != S_IFSOCK) {
		if ((cfg_loops || want_chains()) && is_epoll(file))
			write_epoll(seq, task, ctx->fd, file);
		if ((want_chains() || cfg_writers) && type == S_IFIFO)
			write_pipe(seq, task, ctx->fd, file);
		return 0;
	}
	socket = compat_sock_from_file(file);
	if (!socket)
		return 0;
	inode = file->f_inode->i_ino;
	/* A socket whose owner is wanted may also be the other end of a wait. */
	wanted = want_chains() && write_connection(seq, socket, inode);
	if (wanted || is_wanted_socket(socket, inode))
		write_owner(seq, task, ctx->fd, socket, inode);
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
