/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Only `threads` needs this: more of a thread, and its process's address space. */
#ifndef SOCKSTALL_DETAIL_RECORD_H
#define SOCKSTALL_DETAIL_RECORD_H

#include "record.h"

/* The parts that the thread shares with its group leader, by the kernel's own pointers. */
enum thread_share {
	SHARES_VM = 1 << 0,
	SHARES_FILES = 1 << 1,
	SHARES_FS = 1 << 2,
	SHARES_SIGHAND = 1 << 3,
	SHARES_KNOWN = 1 << 4,
};

enum stack_flag {
	STACK_KNOWN = 1 << 0, /* stack_start and stack_end */
	STACK_GUARD_KNOWN = 1 << 1, /* stack_guard */
	STACK_USED_KNOWN = 1 << 2, /* stack_used */
};

/* Follows its thread_record. */
struct detail_record {
	struct record_header header;
	__u64 user_sp; /* user stack pointer; 0: not known */
	__u64 tls; /* where its block of the C library is; 0: not known */
	__u64 first_sp; /* user stack pointer it was created with; 0: sockstall did not see it */
	/* Filled in by the probe, from the address space and from the C library's own record: */
	__u64 stack_start;
	__u64 stack_end;
	__u64 stack_guard; /* bytes directly below stack_start that nobody may touch; 0: none */
	__u64 stack_used; /* bytes from the stack pointer to stack_end */
	__u32 stack_flags; /* enum stack_flag */
	__u32 shares; /* enum thread_share */
	__u32 creator_tid; /* 0: sockstall did not see it */
	__u32 pad;
};

_Static_assert(sizeof(struct detail_record) == 80, "detail_record");

/*
 * A mapping, as /proc/PID/maps has it. Text follows: its path or name (may be empty), NUL-terminated,
 * padded to 8 bytes.
 */
struct region_record {
	struct record_header header;
	__u64 process_start_ns;
	__u64 start;
	__u64 end;
	__u64 inode;
	__u32 pid;
	__u32 name_length; /* without the NUL */
	char permissions[8]; /* "rw-p", NUL-terminated */
	char name[];
};

_Static_assert(sizeof(struct region_record) == 56, "region_record");

#endif
