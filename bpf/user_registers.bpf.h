/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The registers with which a task left user space. */
#ifndef SOCKSTALL_USER_REGISTERS_BPF_H
#define SOCKSTALL_USER_REGISTERS_BPF_H

#include "compat.bpf.h"

#include "stack_sample.h"

struct pt_regs___x86_frame {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, ip, sp;
} CORE;

struct user_pt_regs___arm64_frame {
	__u64 regs[31];
	__u64 sp;
	__u64 pc;
} CORE;

struct pt_regs___arm64_frame {
	struct user_pt_regs___arm64_frame user_regs;
} CORE;

struct task_struct___on_cpu {
	int on_cpu;
} CORE;

#define X86_REGISTER(number, name) \
	(sample)->user[number] = BPF_CORE_READ((const struct pt_regs___x86_frame *)regs, name)

/* By the numbers that DWARF gives them; what unwinding starts with, in the order of the processor's ABI. */
static __always_inline void compat_x86_registers(const void *regs, struct stack_sample *sample)
{
	X86_REGISTER(0, ax);
	X86_REGISTER(1, dx);
	X86_REGISTER(2, cx);
	X86_REGISTER(3, bx);
	X86_REGISTER(4, si);
	X86_REGISTER(5, di);
	X86_REGISTER(6, bp);
	X86_REGISTER(7, sp);
	X86_REGISTER(8, r8);
	X86_REGISTER(9, r9);
	X86_REGISTER(10, r10);
	X86_REGISTER(11, r11);
	X86_REGISTER(12, r12);
	X86_REGISTER(13, r13);
	X86_REGISTER(14, r14);
	X86_REGISTER(15, r15);
	X86_REGISTER(16, ip);
	sample->user_ip = sample->user[16];
	sample->user_sp = sample->user[7];
	sample->user_fp = sample->user[6];
}

#undef X86_REGISTER

static __always_inline void compat_arm64_registers(const void *regs, struct stack_sample *sample)
{
	const struct pt_regs___arm64_frame *frame = regs;

	bpf_core_read(sample->user, sizeof(__u64) * 31, &frame->user_regs.regs);
	sample->user[31] = BPF_CORE_READ(frame, user_regs.sp);
	sample->user[32] = BPF_CORE_READ(frame, user_regs.pc);
	sample->user_ip = sample->user[32];
	sample->user_sp = sample->user[31];
	sample->user_fp = sample->user[29];
}

/*
 * The kernel has no registers of a task that runs, and those of a 32-bit program are other ones: then all of it stays
 * 0.
 */
static __always_inline void compat_user_registers(struct task_struct *task, struct stack_sample *sample)
{
	const struct task_struct___on_cpu *on_cpu = (const void *)task;
	const void *regs = compat_task_pt_regs(task);
	const struct pt_regs___x86 *x86 = NULL;

	if (!regs || compat_is_32bit(task) || (bpf_core_field_exists(on_cpu->on_cpu) && BPF_CORE_READ(on_cpu, on_cpu)))
		return;
	if (bpf_core_field_exists(x86->orig_ax))
		compat_x86_registers(regs, sample);
	else
		compat_arm64_registers(regs, sample);
}

#endif
