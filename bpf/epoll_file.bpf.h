/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Epoll instances among the files of a process. */
#ifndef SOCKSTALL_EPOLL_FILE_BPF_H
#define SOCKSTALL_EPOLL_FILE_BPF_H

#include "shared.bpf.h"

#define ANON_INODE_FS_MAGIC 0x09041934 /* linux/magic.h */

static __always_inline bool is_anonymous_inode(struct file *file)
{
	return BPF_CORE_READ(file, f_inode, i_sb, s_magic) == ANON_INODE_FS_MAGIC;
}

/* Compares `size` bytes, at most 12; with the NUL among them the whole name is meant. */
static __always_inline bool has_name(struct file *file, const char *expected, __u32 size)
{
	char name[12] = {}, differs = 0;
	__u32 i;

	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	/* One condition: the verifier follows each. */
	for (i = 0; i < size; i++)
		differs |= name[i] ^ expected[i];
	return !differs;
}

/* An epoll file is known by its name: eventpoll_fops is in no symbol table of some kernels. */
static __always_inline bool is_epoll(struct file *file)
{
	return is_anonymous_inode(file) && has_name(file, "[eventpoll]", 12);
}

static __always_inline bool is_empty(const struct list_head *head)
{
	return BPF_CORE_READ(head, next) == head;
}

/* epoll and poll: linux/eventpoll.h */
#define EPOLLIN 0x1

#define S_IFMT	 0170000
#define S_IFSOCK 0140000
#define S_IFIFO	 0010000

#define AF_UNIX 1

#define IPPROTO_TCP 6
#define TCP_LISTEN  10

#define RCV_SHUTDOWN 1

/* Items of a ready list that are looked at, and waiters of a file. */
#define READY_WALK  8
#define WAITER_WALK 16

/* ---- Who else waits for what a file brings ---- */

enum file_waiters {
	FILE_IS_SHARED = 1 << 0, /* others watch it, or sleep on it */
	FILE_IS_SERVED = 1 << 1, /* one of them waits at this moment */
	FILE_HAS_ANOTHER = 1 << 2, /* an instance that the next one is not alone with */
};

/*
 * Of one epoll item: by the instance that it belongs to, unless that is `own`. A function of its own: see file_input().
 */
__weak __noinline int watcher_state(__u64 link, __u64 own)
{
	const struct eventpoll *ep = BPF_CORE_READ(compat_watcher(link), ep);

	if ((__u64)ep == own)
		return 0;
	return FILE_HAS_ANOTHER | (is_empty(&ep->wq.head) ? 0 : FILE_IS_SERVED);
}

/* Epoll instances other than `own` that watch the file. 0: other than the one that has left it, whichever that is. */
static __always_inline __u32 find_watchers(const struct file *file, __u64 own)
{
	__u32 found = own ? FILE_HAS_ANOTHER : 0, i, state;
	__u64 end, link = compat_first_watcher(file, &end);

	for (i = 0; i < WAITER_WALK && link && link != end; i++) {
		state = watcher_state(link, own);
		found |= state | ((found & state) >> 2 & FILE_IS_SHARED);
		link = compat_next_watcher(link);
	}
	return found;
}

/* Threads asleep in accept, poll or select: their entries name the sleeper, those of epoll do not. */
static __always_inline __u32 find_sleepers(const struct sock *sk)
{
	const __u32 offset = bpf_core_field_offset(struct wait_queue_entry, entry);
	const struct socket_wq *queue = BPF_CORE_READ(sk, sk_wq);
	const struct list_head *head = __builtin_preserve_access_index(&queue->wait.head), *node;
	__u32 i;

	if (!queue)
		return 0;
	node = BPF_CORE_READ(head, next);
	for (i = 0; i < WAITER_WALK && node && node != head; i++) {
		if (BPF_CORE_READ((const struct wait_queue_entry *)((const void *)node - offset), private))
			return FILE_IS_SHARED | FILE_IS_SERVED;
		node = BPF_CORE_READ(node, next);
	}
	return 0;
}

/* enum file_waiters, of a socket. Its arguments are pointers as numbers: see file_input(). */
__weak __noinline int socket_waiters(__u64 address, __u64 instance)
{
	const struct file *file = (const void *)address;
	const struct socket *socket = BPF_CORE_READ(file, private_data);
	const struct sock *sk = BPF_CORE_READ(socket, sk);

	return sk ? find_watchers(file, instance) | find_sleepers(sk) : 0;
}

/* ---- What a wait would return ---- */

static __always_inline __u32 tcp_input(const struct sock *sk)
{
	const struct tcp_sock *tp = (const struct tcp_sock *)sk;
	__u32 unread = BPF_CORE_READ(tp, rcv_nxt) - BPF_CORE_READ(tp, copied_seq);

	if (!unread)
		return 0;
	/* The end of file is one of them, and nobody waits for an answer to that. */
	if (unread == 1 && read_integer(sk, sk_shutdown) & RCV_SHUTDOWN)
		return EPOLL_INPUT;
	return EPOLL_INPUT | EPOLL_FROM_OUTSIDE | (BPF_CORE_READ(sk, sk_max_ack_backlog) ? EPOLL_FROM_CLIENT : 0);
}

/* A listening or accepted socket has the listener's name; a connecting one mostly has none. */
static __always_inline bool has_unix_name(const struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX &&
	       BPF_CORE_READ((const struct unix_sock *)sk, addr);
}

/* Connections for a listener, pieces of data for other sockets but TCP. */
static __always_inline __u32 queue_of(const struct sock *sk)
{
	if (read_integer(sk, sk_protocol) == IPPROTO_TCP)
		return BPF_CORE_READ(sk, sk_ack_backlog);
	return BPF_CORE_READ(sk, sk_receive_queue.qlen);
}

static __always_inline bool is_listener(const struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_LISTEN;
}

static __always_inline __u32 socket_input(const struct sock *sk)
{
	bool listens = is_listener(sk);

	if (!listens && read_integer(sk, sk_protocol) == IPPROTO_TCP)
		return tcp_input(sk);
	if (!queue_of(sk))
		return 0;
	return EPOLL_INPUT | EPOLL_FROM_OUTSIDE | (listens || has_unix_name(sk) ? EPOLL_FROM_CLIENT : 0);
}

/* Input that others take is not left to this instance: workers share a listener. */
static __always_inline __u32 input_of_socket(__u64 file, __u64 instance, const struct socket *socket)
{
	const struct sock *sk = BPF_CORE_READ(socket, sk);
	__u32 input = sk ? socket_input(sk) : 0;

	return input && socket_waiters(file, instance) & FILE_IS_SERVED ? 0 : input;
}

/*
 * enum epoll_input. Other files (terminals, inotify and so on) count as nothing: nothing can be told of them.
 *
 * A global function is verified once. Inlined, it was verified for each item of the ready list and for every way
 * through the items before it, which took longer than all other programs together. It may have no pointer of the
 * kernel's as its argument, so the file comes as a number, and the instance.
 */
__weak __noinline int file_input(__u64 address, __u64 instance)
{
	struct file *file = (struct file *)address;
	void *data = BPF_CORE_READ(file, private_data);
	const struct pipe_inode_info *pipe = data;
	const struct eventfd_ctx *event = data;
	const struct timerfd_ctx *timer = data;

	switch (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) {
	case S_IFSOCK:
		return input_of_socket(address, instance, data);
	case S_IFIFO:
		return read_integer(pipe, head) != read_integer(pipe, tail) ? EPOLL_INPUT : 0;
	}
	if (!is_anonymous_inode(file))
		return 0;
	if (has_name(file, "[eventfd]", 9))
		return BPF_CORE_READ(event, count) ? EPOLL_INPUT : 0;
	return has_name(file, "[timerfd]", 9) && BPF_CORE_READ(timer, ticks) ? EPOLL_INPUT : 0;
}

/*
 * enum epoll_input. That an item is on the ready list does not say that it is ready: epoll_wait() puts a
 * level-triggered one back when it returns it, and the next wait finds out. So the files themselves are looked at.
 */
__weak __noinline int ready_input(__u64 instance)
{
	const struct eventpoll *ep = (const void *)instance;
	const struct list_head *head = &ep->rdllist, *node = BPF_CORE_READ(ep, rdllist.next);
	const __u32 link = bpf_core_field_offset(struct epitem, rdllink);
	const struct epitem *item;
	__u32 input = 0;
	int i;

	for (i = 0; i < READY_WALK && node && node != head && !(input & EPOLL_FROM_CLIENT); i++) {
		item = (const void *)node - link;
		if (BPF_CORE_READ(item, event.events) & EPOLLIN)
			input |= file_input((__u64)BPF_CORE_READ(item, ffd.file), instance);
		node = BPF_CORE_READ(node, next);
	}
	return input;
}

/* The descriptor that is first on the ready list, plus 1; 0: the list is empty. */
__weak __noinline int first_ready(__u64 instance)
{
	const struct eventpoll *ep = (const void *)instance;
	const struct list_head *node = BPF_CORE_READ(ep, rdllist.next);
	const struct epitem *item = (const void *)node - bpf_core_field_offset(struct epitem, rdllink);

	return !node || node == &ep->rdllist ? 0 : (__u32)BPF_CORE_READ(item, ffd.fd) + 1;
}

/* ---- Instances that several processes hold ---- */

/* The last number that an instance was given; one scan runs at a time. */
__u64 last_instance __weak = 0;

/* Instances with events that nobody waits for, by the kernel's address, with a number that may leave the kernel. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u64);
} unserved_instances __weak SEC(".maps");

/* 0: there was no room. */
static __always_inline __u64 number_of_instance(const struct eventpoll *ep)
{
	__u64 key = (__u64)ep, number = last_instance + 1;
	const __u64 *known = bpf_map_lookup_elem(&unserved_instances, &key);

	if (known)
		return *known;
	if (bpf_map_update_elem(&unserved_instances, &key, &number, BPF_NOEXIST))
		return 0;
	last_instance = number;
	return number;
}

/* ---- A wait for a child alone ---- */

/*
 * Nodes of an instance's tree that are looked at: all of the first three levels. One that watches more is a server's.
 */
#define TREE_NODES 7

/* The youngest children of the thread that waits. */
#define CHILD_WALK 4

enum item_kind {
	ITEM_OF_CHILD = 1 << 0, /* what the child writes, or reads */
	ITEM_OF_OTHERS = 1 << 1, /* somebody else, or time, may end the wait */
};

/* Whether one of the first three descriptors of that task is the other end of this socket, or an end of this pipe. */
static __always_inline bool has_other_end(const struct task_struct *task, __u64 end, __u32 type)
{
	const struct socket *socket;
	const struct file *file;
	bool found = false;
	int fd;

	for (fd = 0; fd < 3; fd++) {
		file = file_at(task, fd);
		if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != type)
			continue;
		socket = BPF_CORE_READ(file, private_data);
		found |= end == (type == S_IFIFO ? (__u64)socket : (__u64)BPF_CORE_READ(socket, sk));
	}
	return found;
}

/* enum item_kind; 0: of the program's own, as an eventfd and a pipe for signals are. Arguments as in file_input(). */
__weak __noinline int file_of_child(__u64 address, __u64 child)
{
	struct file *file = (struct file *)address;
	const struct socket *socket = BPF_CORE_READ(file, private_data);
	const struct sock *sk;

	switch (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) {
	case S_IFSOCK:
		sk = BPF_CORE_READ(socket, sk);
		if (BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX)
			return ITEM_OF_OTHERS;
		sk = BPF_CORE_READ((const struct unix_sock *)sk, peer);
		return sk && has_other_end((const void *)child, (__u64)sk, S_IFSOCK) ? ITEM_OF_CHILD : ITEM_OF_OTHERS;
	case S_IFIFO:
		return has_other_end((const void *)child, (__u64)socket, S_IFIFO) ? ITEM_OF_CHILD : 0;
	}
	return is_anonymous_inode(file) && !has_name(file, "[timerfd]", 9) && !has_name(file, "inotify", 8) &&
			       !is_epoll(file)
		       ? 0
		       : ITEM_OF_OTHERS;
}

/* enum item_kind, of all that the instance watches. */
__weak __noinline int items_of_child(__u64 instance, __u64 child)
{
	const struct eventpoll *ep = (const void *)instance;
	const struct rb_node *nodes[2 * TREE_NODES + 2] = {}, *node;
	const struct epitem *item;
	int i, kinds = 0;

	nodes[1] = BPF_CORE_READ(ep, rbr.rb_root.rb_node);
	for (i = 1; i <= TREE_NODES; i++) {
		node = nodes[i];
		if (!node)
			continue;
		item = (const void *)node - bpf_core_field_offset(struct epitem, rbn);
		kinds |= file_of_child((__u64)BPF_CORE_READ(item, ffd.file), child);
		nodes[2 * i] = BPF_CORE_READ(node, rb_left);
		nodes[2 * i + 1] = BPF_CORE_READ(node, rb_right);
	}
	for (i = TREE_NODES + 1; i < 2 * TREE_NODES + 2; i++)
		kinds |= nodes[i] ? ITEM_OF_OTHERS : 0;
	return kinds;
}

/* The only thread that waits on the instance. */
static __always_inline const struct task_struct *only_waiter(const struct eventpoll *ep)
{
	const struct list_head *head = &ep->wq.head, *node = BPF_CORE_READ(ep, wq.head.next);
	const struct wait_queue_entry *entry =
		(const void *)node - bpf_core_field_offset(struct wait_queue_entry, entry);

	return node && node != head && BPF_CORE_READ(node, next) == head ? BPF_CORE_READ(entry, private) : NULL;
}

/* Who sleeps there, and its child, if that alone is what it sleeps for. */
static __always_inline void note_child(struct epoll_record *record, const struct eventpoll *ep)
{
	const struct task_struct *waiter = only_waiter(ep), *child;
	const struct list_head *head = &waiter->children, *node;
	int i, kinds;

	if (!waiter)
		return;
	node = BPF_CORE_READ(head, prev);
	for (i = 0; i < CHILD_WALK && node && node != head; i++) {
		child = (const void *)node - bpf_core_field_offset(struct task_struct, sibling);
		kinds = items_of_child((__u64)ep, (__u64)child);
		/* For a child and something else, or for two of them: then for none of them alone. */
		if (kinds & ITEM_OF_CHILD && (record->child_pid || kinds != ITEM_OF_CHILD)) {
			record->child_pid = record->waiter_tid = 0;
			return;
		}
		if (kinds & ITEM_OF_CHILD) {
			record->child_pid = own_tgid(child);
			record->waiter_tid = own_tid(waiter);
		}
		node = BPF_CORE_READ(node, prev);
	}
}

/* Files in poll or select that are looked at. */
#define POLL_WALK 4

/* enum item_kind, of all that the thread with these entries waits for. */
__weak __noinline int polled_of_child(__u64 address, __u64 child)
{
	const struct poll_wqueues *polled = (const void *)address;
	const struct poll_table_entry *entry =
		(const void *)polled + bpf_core_field_offset(struct poll_wqueues, inline_entries);
	__u32 count = BPF_CORE_READ(polled, inline_index), i;
	int kinds = count > POLL_WALK || BPF_CORE_READ(polled, table) ? ITEM_OF_OTHERS : 0;

	for (i = 0; i < POLL_WALK; i++) {
		if (i < count)
			kinds |= file_of_child((__u64)BPF_CORE_READ(entry, filp), child);
		entry = (const void *)entry + bpf_core_type_size(struct poll_table_entry);
	}
	return kinds;
}

/* Where who has the other end of a pipe or a unix socket waits for it. */
static __always_inline const wait_queue_head_t *queue_of_other_end(const struct file *file, __u32 type)
{
	const struct pipe_inode_info *pipe = BPF_CORE_READ(file, private_data);
	const struct socket *socket = (const void *)pipe;
	const struct sock *sk;

	if (type == S_IFIFO)
		return __builtin_preserve_access_index(&pipe->rd_wait);
	sk = BPF_CORE_READ(socket, sk);
	if (BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX)
		return NULL;
	return (const void *)BPF_CORE_READ((const struct unix_sock *)sk, peer, sk_wq);
}

/*
 * A thread that sleeps in poll or select for this child alone, as it does to collect what the child writes. The first
 * that waits for this file is that thread, or nobody. It is written for each file of a child: who reads it sees whether
 * they are of one child.
 */
static __always_inline void write_poll_for_child(struct seq_file *seq, struct task_struct *task,
						 const struct file *file, __u32 type)
{
	const wait_queue_head_t *queue = queue_of_other_end(file, type);
	const struct wait_queue_entry *entry;
	const struct poll_table_entry *poll;
	const struct poll_wqueues *polled;
	const struct task_struct *waiter;
	struct epoll_record record = {.header = {RECORD_EPOLL, sizeof(record)}, .fd = -1, .waiters = 1};

	if (!queue)
		return;
	entry = (const void *)BPF_CORE_READ(queue, head.next) - bpf_core_field_offset(struct wait_queue_entry, entry);
	poll = (const void *)entry - bpf_core_field_offset(struct poll_table_entry, wait);
	polled = BPF_CORE_READ(entry, private);
	if (BPF_CORE_READ(poll, wait_address) != queue ||
	    (__u64)poll - ((__u64)polled + bpf_core_field_offset(struct poll_wqueues, inline_entries)) >=
		    POLL_WALK * bpf_core_type_size(struct poll_table_entry))
		return;
	waiter = BPF_CORE_READ(polled, polling_task);
	if (waiter != BPF_CORE_READ(task, group_leader, real_parent) ||
	    polled_of_child((__u64)polled, (__u64)BPF_CORE_READ(task, group_leader)) != ITEM_OF_CHILD)
		return;
	record.seen_ns = bpf_ktime_get_ns();
	record.pid = own_tgid(waiter);
	record.waiter_tid = own_tid(waiter);
	record.child_pid = own_tgid(task);
	record.process_start_ns = BPF_CORE_READ(waiter, group_leader, start_boottime);
	bpf_seq_write(seq, &record, sizeof(record));
}

static __always_inline void write_epoll(struct seq_file *seq, struct task_struct *task, __u32 fd, struct file *file)
{
	const struct eventpoll *ep = BPF_CORE_READ(file, private_data);
	__u32 input = ready_input((__u64)ep);
	struct epoll_record record = {
		.header = {RECORD_EPOLL, sizeof(record)},
		.seen_ns = bpf_ktime_get_ns(),
		.pid = own_tgid(task),
		.fd = fd,
		.ready = !is_empty(&ep->rdllist),
		.waiters = !is_empty(&ep->wq.head),
		.unread = !!input,
		.input = input,
		.first_ready = first_ready((__u64)ep),
	};

	if (record.unread && !record.waiters)
		record.number = number_of_instance(ep);
	if (want_chains() && record.waiters)
		note_child(&record, ep);
	record.process_start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	bpf_seq_write(seq, &record, sizeof(record));
}

#endif
