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
	char name[12] = {};
	__u32 i;

	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	for (i = 0; i < size; i++)
		if (name[i] != expected[i])
			return false;
	return true;
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

#define IPPROTO_TCP 6
#define TCP_LISTEN  10

/* Items of a ready list that are looked at. */
#define READY_WALK 8

static __always_inline bool socket_has_input(const struct socket *socket)
{
	const struct sock *sk = BPF_CORE_READ(socket, sk);
	const struct tcp_sock *tp = (const struct tcp_sock *)sk;

	if (!sk)
		return false;
	if (read_integer(sk, sk_protocol) != IPPROTO_TCP)
		return BPF_CORE_READ(sk, sk_receive_queue.qlen);
	if (BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_LISTEN)
		return BPF_CORE_READ(sk, sk_ack_backlog);
	return BPF_CORE_READ(tp, rcv_nxt) != BPF_CORE_READ(tp, copied_seq);
}

/*
 * What cannot be told of other files (terminals, inotify and so on) is taken as nothing.
 *
 * A global function is verified once. Inlined, it was verified for each item of the ready list and for every way through
 * the items before it, which took longer than all other programs together. It may have no pointer of the kernel's as
 * its argument, so the file comes as a number.
 */
__weak __noinline int file_has_input(__u64 address)
{
	struct file *file = (struct file *)address;
	void *data = BPF_CORE_READ(file, private_data);
	const struct pipe_inode_info *pipe = data;
	const struct eventfd_ctx *event = data;
	const struct timerfd_ctx *timer = data;

	switch (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) {
	case S_IFSOCK:
		return socket_has_input(data);
	case S_IFIFO:
		return read_integer(pipe, head) != read_integer(pipe, tail);
	}
	if (!is_anonymous_inode(file))
		return false;
	if (has_name(file, "[eventfd]", 9))
		return BPF_CORE_READ(event, count);
	return has_name(file, "[timerfd]", 9) && BPF_CORE_READ(timer, ticks);
}

/*
 * That an item is on the ready list does not say that it is ready: epoll_wait() puts a level-triggered one
 * back when it returns it, and the next wait finds out. So the files themselves are looked at.
 */
static __always_inline bool has_unread(const struct eventpoll *ep)
{
	const struct list_head *head = &ep->rdllist, *node = BPF_CORE_READ(ep, rdllist.next);
	const __u32 link = bpf_core_field_offset(struct epitem, rdllink);
	const struct epitem *item;
	int i;

	for (i = 0; i < READY_WALK && node && node != head; i++) {
		item = (const void *)node - link;
		if (BPF_CORE_READ(item, event.events) & EPOLLIN && file_has_input((__u64)BPF_CORE_READ(item, ffd.file)))
			return true;
		node = BPF_CORE_READ(node, next);
	}
	return false;
}

static __always_inline void write_epoll(struct seq_file *seq, struct task_struct *task, __u32 fd, struct file *file)
{
	const struct eventpoll *ep = BPF_CORE_READ(file, private_data);
	struct epoll_record record = {
		.header = {RECORD_EPOLL, sizeof(record)},
		.seen_ns = bpf_ktime_get_ns(),
		.pid = own_tgid(task),
		.fd = fd,
		.ready = !is_empty(&ep->rdllist),
		.waiters = !is_empty(&ep->wq.head),
		.unread = has_unread(ep),
	};

	record.process_start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	bpf_seq_write(seq, &record, sizeof(record));
}

#endif
