/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A thread waits to write into a pipe or a unix socket: whether the reader takes anything. The age of the sleep does
 * not tell that. The writer is woken when there is room for it: a slow reader makes room long after it began to read.
 * And one read wakes one of several writers.
 */
#ifndef SOCKSTALL_RECEIVERS_BPF_H
#define SOCKSTALL_RECEIVERS_BPF_H

#include "read_socket.bpf.h"

/* Nothing was taken for this long: then a walk of all files for the other end is worth it. */
#define UNTAKEN_NS 1500000000ULL

/* The next piece to be taken, as a scan saw it, and since when it is the same. */
struct taking {
	__u64 piece; /* a pipe: the number of its first buffer; a unix socket: the address of the first in its queue */
	__u32 offset; /* how far that was read */
	__u32 pad;
	__u64 since_ns;
};

/* The key is the address of the pipe or of the receiving socket. It never leaves the kernel. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct taking);
} takings SEC(".maps");

static __always_inline __u64 next_of_pipe(struct taking *next, const struct pipe_inode_info *pipe)
{
	__u32 first = read_integer(pipe, tail), room = BPF_CORE_READ(pipe, ring_size);
	const char *buffer = (const char *)BPF_CORE_READ(pipe, bufs);

	buffer += (__u64)(first & (room - 1)) * bpf_core_type_size(struct pipe_buffer);
	next->piece = first;
	next->offset = BPF_CORE_READ((const struct pipe_buffer *)buffer, offset);
	return (__u64)pipe;
}

static __always_inline __u64 next_of_unix(struct taking *next, const struct socket *socket)
{
	const struct unix_skb_parms *parms = NULL;
	const struct unix_sock *sender = (const void *)BPF_CORE_READ(socket, sk);
	const struct sock *receiver = BPF_CORE_READ(sender, peer);
	const struct sk_buff *first = BPF_CORE_READ(receiver, sk_receive_queue.next);

	next->piece = (__u64)first;
	if (bpf_core_field_exists(parms->consumed)) {
		parms = (const void *)((const char *)first + bpf_core_field_offset(struct sk_buff, cb));
		next->offset = BPF_CORE_READ(parms, consumed);
	}
	return (__u64)receiver;
}

static __always_inline __u64 unix_receiver(const struct file *file)
{
	const struct socket *socket = BPF_CORE_READ(file, private_data);

	return unix_peer_inode(BPF_CORE_READ(socket, sk));
}

/* Since when scans have seen nothing taken from this file. 0: not known. */
static __always_inline __u64 untaken_since(struct file *file, __u8 kind)
{
	struct taking next = {.since_ns = bpf_ktime_get_ns()};
	const struct taking *before;
	__u64 key;

	if (kind == SOCKET_KIND_PIPE)
		key = next_of_pipe(&next, BPF_CORE_READ(file, private_data));
	else
		key = next_of_unix(&next, BPF_CORE_READ(file, private_data));
	if (!key)
		return 0;
	before = bpf_map_lookup_elem(&takings, &key);
	if (before && before->piece == next.piece && before->offset == next.offset)
		return before->since_ns;
	bpf_map_update_elem(&takings, &key, &next, BPF_ANY);
	return next.since_ns;
}

#endif
