// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
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

/* Sockets whose owner or cookie is wanted, by inode. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u8);
} wanted_sockets SEC(".maps");

static __always_inline bool is_wanted_socket(struct socket *socket, __u64 inode)
{
	const struct sock *sk = BPF_CORE_READ(socket, sk);
	__u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);

	if (read_integer(sk, sk_protocol) == IPPROTO_TCP && (state == TCP_LISTEN || state == TCP_SYN_SENT))
		return true;
	return bpf_map_lookup_elem(&wanted_sockets, &inode);
}

static __always_inline void write_owner(struct seq_file *seq, struct task_struct *task, __u32 fd,
					struct socket *socket, __u64 inode)
{
	struct sock *sk = compat_read(socket, sk);
	struct owner_record record = {
		.header = { RECORD_OWNER, sizeof(record) },
		.inode = inode,
		.pid = own_tgid(task),
		.fd = fd,
	};

	if (sk) {
		compat_draw_cookie(sk);
		record.cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	}
	record.process_start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	BPF_CORE_READ_INTO(&record.comm, task, group_leader, comm);
	bpf_seq_write(seq, &record, sizeof(record));
}

SEC("iter/task_file")
int file_scan(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	__u64 inode;

	if (ctx->meta->seq_num == 0)
		note_own_level();
	if (!task || !file)
		return 0;
	if ((file->f_inode->i_mode & S_IFMT) != S_IFSOCK) {
		if (cfg_loops && is_epoll(file))
			write_epoll(ctx->meta->seq, task, ctx->fd, file);
		return 0;
	}
	socket = compat_sock_from_file(file);
	if (!socket)
		return 0;
	inode = file->f_inode->i_ino;
	if (is_wanted_socket(socket, inode))
		write_owner(ctx->meta->seq, task, ctx->fd, socket, inode);
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
