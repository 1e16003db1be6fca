/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The unix scan: unix sockets of one network namespace that listen, the connections in their accept queues, and the
 * threads that wait in connect() for room there. All other sockets pass by for the price of reading their state.
 */
#include "read_socket.bpf.h"

#define TCP_ESTABLISHED 1 /* net/tcp_states.h: unix sockets have the same */
#define TCP_SYN_SENT	2
#define TCP_LISTEN	10

/* Connections of one queue, and threads that wait for it. */
#define UNIX_WALK	       65536
#define UNIX_WALK_WITHOUT_LOOP 16

/* Pieces that wait in one connection and are counted: see SOCKET_UNREAD_CUT. */
#define PIECES_MOST 8

struct unix_scratch {
	struct listener_record listener;
	struct socket_record socket;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct unix_scratch);
} unix_scratch SEC(".maps");

/* Connections and threads that the look has room for yet, and how many found none. */
__u64 unix_room = 0;
__u64 lost_unix = 0;

static __always_inline bool take_room(void)
{
	if (!unix_room) {
		lost_unix++;
		return false;
	}
	unix_room--;
	return true;
}

/* ---- What lies in the accept queue ---- */

struct unix_walk {
	struct seq_file *seq;
	struct unix_scratch *s;
	__u64 at; /* of the queue: the next piece; of the waiters: the next link */
	__u64 end; /* where the queue ends: its head */
	__u64 address; /* the listener's, which it has in common with what came through it */
};

/* If a connection is read piece by piece, its first piece may have been read in part. Nobody reads from this one. */
static __always_inline void count_unread(struct socket_record *record, const struct sock *sk)
{
	const struct sk_buff *end = (const void *)&sk->sk_receive_queue;
	const struct sk_buff *piece = BPF_CORE_READ(sk, sk_receive_queue.next);
	int i;

	for (i = 0; i < PIECES_MOST && piece && piece != end; i++) {
		record->unread_bytes += BPF_CORE_READ(piece, len);
		piece = BPF_CORE_READ(piece, next);
	}
	if (piece && piece != end)
		record->flags |= SOCKET_UNREAD_CUT;
}

/* The process that called connect(): init_peercred(). It may have ended. */
static __always_inline void read_connector(struct socket_record *record, const struct sock *sk)
{
	const struct pid *pid = BPF_CORE_READ(sk, sk_peer_pid);
	__u64 link;

	if (!pid)
		return;
	record->connect_pid = own_number(pid);
	link = (__u64)BPF_CORE_READ(pid, tasks[0].first);
	if (link)
		BPF_CORE_READ_INTO(&record->connect_comm,
				   (struct task_struct *)(link - bpf_core_field_offset(struct task_struct, pid_links)),
				   comm);
}

/* The queue is not locked: by now this may be anything else. */
static __always_inline bool is_queued(const struct sock *sk, __u64 address)
{
	return sk && BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX &&
	       BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_ESTABLISHED && !BPF_CORE_READ(sk, sk_socket) &&
	       !(BPF_CORE_READ(sk, __sk_common.skc_flags) & SOCK_FLAG_DEAD) &&
	       (__u64)BPF_CORE_READ((const struct unix_sock *)sk, addr) == address;
}

static __always_inline void write_queued(struct unix_walk *walk, const struct sock *sk)
{
	struct socket_record *record = &walk->s->socket;

	if (!is_queued(sk, walk->address) || !take_room())
		return;
	__builtin_memset(record, 0, sizeof(*record));
	read_any_socket(record, sk);
	record->listener_cookie = walk->s->listener.name.cookie;
	record->peer_inode = unix_peer_inode(sk);
	count_unread(record, sk);
	read_connector(record, sk);
	bpf_seq_write(walk->seq, record, sizeof(*record));
}

/* Returns 1 at the end of the queue. */
static long write_next_queued(__u32 index, void *context)
{
	struct unix_walk *walk = context;
	const struct sk_buff *piece = (const void *)walk->at;

	if (!piece || walk->at == walk->end)
		return 1;
	write_queued(walk, BPF_CORE_READ(piece, sk));
	walk->at = (__u64)BPF_CORE_READ(piece, next);
	return 0;
}

/* ---- Who waits for room ---- */

/* unix_wait_for_peer() */
static __always_inline void write_waiter(struct unix_walk *walk, struct task_struct *task)
{
	struct socket_record *record = &walk->s->socket;

	if (!task || !take_room())
		return;
	__builtin_memset(record, 0, sizeof(*record));
	record->header.type = RECORD_SOCKET;
	record->header.size = sizeof(*record);
	record->seen_ns = bpf_ktime_get_ns();
	record->name.kind = SOCKET_KIND_UNIX;
	record->name.family = AF_UNIX;
	record->name.state = TCP_SYN_SENT;
	record->name.netns = walk->s->listener.name.netns;
	record->listener_cookie = walk->s->listener.name.cookie;
	record->connect_pid = own_tgid(task);
	record->connect_tid = own_tid(task);
	BPF_CORE_READ_INTO(&record->connect_comm, task, group_leader, comm);
	bpf_seq_write(walk->seq, record, sizeof(*record));
}

static long write_next_waiter(__u32 index, void *context)
{
	struct unix_walk *walk = context;
	const struct wait_queue_entry *entry;

	if (!walk->at || walk->at == walk->end)
		return 1;
	entry = (const void *)(walk->at - bpf_core_field_offset(struct wait_queue_entry, entry));
	write_waiter(walk, BPF_CORE_READ(entry, private));
	walk->at = (__u64)BPF_CORE_READ(entry, entry.next);
	return 0;
}

/* ---- Listeners ---- */

static __always_inline void read_path(struct listener_record *record, const struct unix_sock *listener)
{
	const struct unix_address *address = BPF_CORE_READ(listener, addr);
	__u32 begin = bpf_core_field_offset(struct sockaddr_un, sun_path);
	__u32 length = BPF_CORE_READ(address, len);

	if (!address || length <= begin || length - begin > LISTENER_PATH_MOST)
		return;
	length -= begin;
	record->path_length = length;
	if (length <= LISTENER_PATH_MOST)
		bpf_probe_read_kernel(record->path, length,
				      (const char *)address + bpf_core_field_offset(struct unix_address, name) + begin);
}

static __always_inline void read_listener(struct listener_record *record, const struct unix_sock *listener)
{
	const struct sock *sk = (const void *)listener;

	__builtin_memset(record, 0, sizeof(*record));
	record->header.type = RECORD_LISTENER;
	record->header.size = sizeof(*record);
	record->seen_ns = bpf_ktime_get_ns();
	read_name(&record->name, sk);
	record->accept_queue = BPF_CORE_READ(sk, sk_receive_queue.qlen);
	record->accept_queue_max = BPF_CORE_READ(sk, sk_max_ack_backlog);
	record->somaxconn = BPF_CORE_READ(sk, __sk_common.skc_net.net, core.sysctl_somaxconn);
	record->sock_type = BPF_CORE_READ(sk, sk_type);
	read_path(record, listener);
}

/* For bpf_loop() see socket_scan.bpf.c. */
static __always_inline void walk_all(struct unix_walk *walk, const struct unix_sock *listener, bool with_loop)
{
	const struct sock *sk = (const void *)listener;
	const struct list_head *waiters = &listener->peer_wq.wait.head;
	int turn;

	walk->address = (__u64)BPF_CORE_READ(listener, addr);
	walk->at = (__u64)BPF_CORE_READ(sk, sk_receive_queue.next);
	walk->end = (__u64)&sk->sk_receive_queue;
	if (with_loop)
		bpf_loop(UNIX_WALK, write_next_queued, walk, 0);
	for (turn = 0; !with_loop && turn < UNIX_WALK_WITHOUT_LOOP; turn++)
		if (write_next_queued(turn, walk))
			break;
	walk->at = (__u64)BPF_CORE_READ(waiters, next);
	walk->end = (__u64)waiters;
	if (with_loop)
		bpf_loop(UNIX_WALK, write_next_waiter, walk, 0);
	for (turn = 0; !with_loop && turn < UNIX_WALK_WITHOUT_LOOP; turn++)
		if (write_next_waiter(turn, walk))
			break;
}

/* It lies in a queue; by the next look it has a name then. */
static __always_inline bool is_embryo(const struct sock *sk)
{
	return sk->__sk_common.skc_state == TCP_ESTABLISHED && !sk->sk_socket;
}

static __always_inline int scan(struct bpf_iter__unix *ctx, bool with_loop)
{
	struct unix_walk walk = {.seq = ctx->meta->seq};
	struct unix_sock *listener = ctx->unix_sk;
	__u32 zero = 0;

	if (ctx->meta->seq_num == 0)
		note_own_level();
	if (!listener)
		return 0;
	if (is_embryo(&listener->sk))
		compat_draw_cookie(listener);
	if (listener->sk.__sk_common.skc_state != TCP_LISTEN)
		return 0;
	walk.s = bpf_map_lookup_elem(&unix_scratch, &zero);
	if (!walk.s)
		return 0;
	compat_draw_cookie(listener);
	read_listener(&walk.s->listener, listener);
	bpf_seq_write(walk.seq, &walk.s->listener, sizeof(walk.s->listener));
	if (walk.s->listener.accept_queue)
		walk_all(&walk, listener, with_loop);
	return 0;
}

SEC("?iter/unix")
int unix_scan(struct bpf_iter__unix *ctx)
{
	return scan(ctx, true);
}

SEC("?iter/unix")
int unix_scan_without_loop(struct bpf_iter__unix *ctx)
{
	return scan(ctx, false);
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
