/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A thread's stack as addresses, on the way from BPF to the probe: a look holds it as text (note_record). */
#ifndef SOCKSTALL_STACK_SAMPLE_H
#define SOCKSTALL_STACK_SAMPLE_H

#include "record.h"

#define STACK_FRAMES 32

/*
 * Registers of the program by their DWARF numbers. x86-64: 0 to 15 (7 is sp), 16 the instruction. arm64: x0 to x30, 31
 * sp, 32 the instruction.
 */
#define STACK_REGISTERS 34

struct stack_sample {
	struct record_header header;
	__u64 start_ns; /* of the thread, CLOCK_BOOTTIME */
	__u32 tid;
	__u32 frames;
	__u64 user_ip, user_sp, user_fp; /* where it entered the kernel; 0: not known, or it runs */
	__u64 switches; /* of the thread: another number is another instant */
	__u64 user[STACK_REGISTERS];
	__u64 kernel[STACK_FRAMES]; /* innermost first */
};

_Static_assert(sizeof(struct stack_sample) == 584, "stack_sample");

#endif
