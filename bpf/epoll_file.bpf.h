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

/* Of one epoll item: by the instance that it belongs to, unless that is `own`. A function of its own: see file_input(). */
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
 * A global function is verified once. Inlined, it was verified for each item of the ready list and for every way through
 * the items before it, which took longer than all other programs together. It may have no pointer of the kernel's as
 * its argument, so the file comes as a number, and the instance.
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
 * enum epoll_input. That an item is on the ready list does not say that it is ready: epoll_wait() puts a level-triggered
 * one back when it returns it, and the next wait finds out. So the files themselves are looked at.
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
	record.process_start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	bpf_seq_write(seq, &record, sizeof(record));
}

#endif
