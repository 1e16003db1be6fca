/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The usage scan: how many descriptors some processes have open, how many of them are sockets, and which is the
 * highest. It walks the tables of the processes asked for, and is run only now and then.
 */
#include "shared.bpf.h"

#define S_IFMT	 0170000
#define S_IFSOCK 0140000

/* A table larger than this is not walked to its end (fs.nr_open is 2^20 where nobody raised it). */
#define MAX_TABLE (1 << 20)

/* Processes whose usage is wanted, by pid. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u8);
} wanted_usage SEC(".maps");

struct walk {
	struct file **files;
	__u32 open, sockets;
	__s32 highest;
};

static long count_file(__u32 fd, void *context)
{
	struct walk *walk = context;
	struct file *file = NULL;

	if (bpf_probe_read_kernel(&file, sizeof(file), walk->files + fd))
		return 1;
	if (!file)
		return 0;
	walk->open++;
	walk->highest = (__s32)fd;
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) == S_IFSOCK)
		walk->sockets++;
	return 0;
}

/* bpf_loop() is Linux 5.17 (e6f2dd0f8067). */
SEC("?iter/task")
int usage_scan(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct walk walk = {.highest = -1};
	struct fdtable *table;
	__u32 pid, most;

	if (!task || task->pid != task->tgid)
		return 0;
	pid = own_tgid(task);
	if (!bpf_map_lookup_elem(&wanted_usage, &pid))
		return 0;
	struct usage_record record = {.header = {RECORD_USAGE, sizeof(record)}, .pid = pid};

	record.process_start_ns = task->start_boottime;
	record.threads = BPF_CORE_READ(task, signal, nr_threads);
	record.user_watches = compat_user_watches(task);
	table = BPF_CORE_READ(task, files, fdt);
	if (!table)
		return 0;
	walk.files = BPF_CORE_READ(table, fd);
	most = BPF_CORE_READ(table, max_fds);
	bpf_loop(most < MAX_TABLE ? most : MAX_TABLE, count_file, &walk, 0);
	record.open_fds = walk.open;
	record.sockets = walk.sockets;
	record.highest_fd = walk.highest;
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

/*
 * Before bpf_loop() no program can walk a table. But the kernel can: here it brings the files one by one, those of a
 * process together, and a process is complete when the next one comes.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct usage_record);
} usage_so_far SEC(".maps");

static __always_inline void begin_usage(struct usage_record *record, const struct task_struct *task, __u32 pid)
{
	__builtin_memset(record, 0, sizeof(*record));
	record->header.type = RECORD_USAGE;
	record->header.size = sizeof(*record);
	record->pid = pid;
	record->process_start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	record->threads = BPF_CORE_READ(task, signal, nr_threads);
	record->user_watches = compat_user_watches(task);
	record->highest_fd = -1;
}

static __always_inline void end_usage(struct seq_file *seq, struct usage_record *record)
{
	if (record->pid)
		bpf_seq_write(seq, record, sizeof(*record));
	record->pid = 0;
}

SEC("?iter/task_file")
int usage_scan_by_file(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct usage_record *record;
	__u32 pid, zero = 0;

	record = bpf_map_lookup_elem(&usage_so_far, &zero);
	if (!record)
		return 0;
	if (!task || !file) {
		end_usage(ctx->meta->seq, record);
		return 0;
	}
	pid = own_tgid(task);
	if (pid != record->pid) {
		end_usage(ctx->meta->seq, record);
		if (!bpf_map_lookup_elem(&wanted_usage, &pid))
			return 0;
		begin_usage(record, task, pid);
	}
	record->open_fds++;
	record->highest_fd = (__s32)ctx->fd;
	if ((file->f_inode->i_mode & S_IFMT) == S_IFSOCK)
		record->sockets++;
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
