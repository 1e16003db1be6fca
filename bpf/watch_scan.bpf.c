/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The watch scan: what watched descriptors lead to. User space runs it for one process at a time, where the kernel
 * can do that (Linux 6.1, f0d74c4da1f0); else it walks all files, and this filter makes it the same.
 */
#include "epoll_file.bpf.h"
#include "read_socket.bpf.h"

#define S_IFMT	 0170000
#define S_IFSOCK 0140000

/* The descriptors that are wanted: process in the upper half, descriptor in the lower. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u8);
} wanted_files SEC(".maps");

/* Too large for the stack. One scan runs at a time. */
struct watch_scratch {
	struct watch_record watch;
	struct socket_record socket;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct watch_scratch);
} watch_scratch SEC(".maps");

static __always_inline void read_watched_socket(struct watch_scratch *s, struct file *file)
{
	const struct socket *socket = BPF_CORE_READ(file, private_data);
	const struct sock *sk = first_subflow(BPF_CORE_READ(socket, sk));

	if (!sk)
		return;
	read_socket(&s->socket, sk);
	s->socket.name.inode = s->watch.inode;
	s->watch.flags |= WATCH_HAS_SOCKET;
	if (is_listener(sk))
		s->watch.queue = queue_of(sk);
	/* The file's address once more, as the number that a global function takes. */
	if ((is_listener(sk) || s->socket.name.kind == SOCKET_KIND_UDP) &&
	    socket_waiters((__u64)BPF_CORE_READ(socket, file), 0) & FILE_IS_SHARED)
		s->watch.flags |= WATCH_SHARED;
	if (s->socket.name.kind == SOCKET_KIND_TCP &&
	    BPF_CORE_READ((const struct inet_connection_sock *)sk, icsk_ulp_ops))
		s->watch.flags |= WATCH_ULP;
}

static __always_inline void write_watch(struct seq_file *seq, struct watch_scratch *s, struct task_struct *task,
					__u32 fd, struct file *file)
{
	__builtin_memset(s, 0, sizeof(*s));
	s->watch.header.type = RECORD_WATCH;
	s->watch.header.size = sizeof(s->watch);
	s->watch.pid = own_tgid(task);
	s->watch.fd = fd;
	s->watch.inode = BPF_CORE_READ(file, f_inode, i_ino);
	s->watch.mode = BPF_CORE_READ(file, f_inode, i_mode);
	s->watch.flags = WATCH_FOUND;
	if ((s->watch.mode & S_IFMT) == S_IFSOCK)
		read_watched_socket(s, file);
	else if (is_anonymous_inode(file))
		bpf_probe_read_kernel_str(s->watch.name, sizeof(s->watch.name),
					  BPF_CORE_READ(file, f_path.dentry, d_name.name));
	bpf_seq_write(seq, &s->watch, sizeof(s->watch));
	if (s->watch.flags & WATCH_HAS_SOCKET)
		bpf_seq_write(seq, &s->socket, sizeof(s->socket));
}

SEC("iter/task_file")
int watch_scan(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq; /* once: see read_identity() in thread_scan.bpf.c */
	struct file *file = ctx->file;
	struct watch_scratch *s;
	__u32 zero = 0;
	__u64 key;

	if (!task || !file)
		return 0;
	if ((file->f_inode->i_mode & S_IFMT) != S_IFSOCK && is_epoll(file))
		write_epoll(seq, task, ctx->fd, file);
	key = (__u64)own_tgid(task) << 32 | ctx->fd;
	s = bpf_map_lookup_elem(&watch_scratch, &zero);
	if (s && bpf_map_lookup_elem(&wanted_files, &key))
		write_watch(seq, s, task, ctx->fd, file);
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
