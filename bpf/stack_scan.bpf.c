/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The stack scan: where in the kernel some sleeping threads are, and from where in their program they came. */
#include "shared.bpf.h"

#include "user_registers.bpf.h"

/* Threads whose stack is wanted, by tid. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u8);
} wanted_stacks SEC(".maps");

/* Too large for the stack. One scan runs at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stack_sample);
} stack_scratch SEC(".maps");

SEC("?iter/task")
int stack_scan(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct stack_sample *sample;
	__u32 tid, zero = 0;
	long size;

	if (!task)
		return 0;
	tid = own_tid(task);
	if (!bpf_map_lookup_elem(&wanted_stacks, &tid))
		return 0;
	sample = bpf_map_lookup_elem(&stack_scratch, &zero);
	if (!sample)
		return 0;
	__builtin_memset(sample, 0, sizeof(*sample));
	sample->header.size = sizeof(*sample);
	sample->tid = tid;
	sample->start_ns = task->start_boottime;
	size = bpf_get_task_stack(task, sample->kernel, sizeof(sample->kernel), 0);
	sample->frames = size > 0 ? size / sizeof(sample->kernel[0]) : 0;
	sample->switches = compat_read(task, nvcsw) + compat_read(task, nivcsw);
	compat_user_registers(task, sample);
	bpf_seq_write(ctx->meta->seq, sample, sizeof(*sample));
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
