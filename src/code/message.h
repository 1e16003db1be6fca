/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Requests of sockstall to the process that unwinds stacks (unwinder.h), and the answers. Pure, and checked on both
 * sides: an attacker may have taken over either one.
 *
 * A request is a head, the files that the process has mapped, and bytes of one thread's stack. Until it is answered the
 * worker may say what it needs: sockstall replies to each, with a descriptor beside where there is one.
 */
#ifndef SOCKSTALL_CODE_MESSAGE_H
#define SOCKSTALL_CODE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "stack_sample.h"

/* Files of one process, bytes of one stack, frames of an answer, bytes of their names, all together: at most. */
#define CODE_MODULES	1024
#define CODE_STACK	(64u << 10)
#define CODE_FRAMES	64
#define CODE_TEXT	240
#define CODE_ANSWER_MAX (CODE_FRAMES * (sizeof(struct code_frame) + 2 * CODE_TEXT))

/* A file that is mapped: from its first page to its last. In order, and not one over another. */
struct code_module {
	__u64 start, end;
	__u64 inode;
	__u64 own; /* 1: code of the program's own (own.h): its lines are looked up, which takes reading all that there is for debuggers */
};

struct code_request {
	__u32 sequence;
	__u32 pid;
	__u64 process_start_ns;
	__u64 stack; /* the address of the first byte */
	__u32 stack_size, modules; /* that follow: first the modules */
	__u64 registers[STACK_REGISTERS]; /* stack_sample.h says which */
};

#define CODE_REQUEST_MAX (sizeof(struct code_request) + CODE_MODULES * sizeof(struct code_module) + CODE_STACK)

enum code_kind {
	CODE_DONE, /* frames follow */
	CODE_NEEDS_FILE, /* of the module */
	CODE_NEEDS_DEBUG, /* of the module: its build id follows, `count` bytes */
	CODE_KINDS,
};

#define CODE_BUILD_ID_MOST 32

struct code_answer {
	__u32 sequence;
	__u32 kind; /* enum code_kind */
	__u32 module;
	__u32 count; /* frames, or bytes */
};

/* To what it needs: 0 with a socket beside it, in whose queue the descriptor lies; or a negative errno. */
struct code_reply {
	__u32 sequence;
	__s32 status;
};

/* Innermost first. Two texts follow, without a NUL: the function's name, and the name of its source file. */
struct code_frame {
	__u64 address; /* of the instruction; of a caller the one behind the call */
	__u32 line; /* 0: not known */
	__u16 name, file; /* bytes; 0: not known */
};

/* The parts of a request; false: it is none that sockstall makes. bytes: aligned to 8. */
bool code_request_check(const void *bytes, size_t size, struct code_request *head, const struct code_module **modules,
			const char **stack);

/* Whether this answers the request of this number, with so many modules. */
bool code_answer_check(const void *bytes, size_t size, __u32 sequence, __u32 modules, struct code_answer *head);

/* Takes the next frame of an answer's bytes. False: there is none, or it is cut off. */
bool code_frame_next(const void *bytes, size_t size, size_t *offset, struct code_frame *frame, const char **name,
		     const char **file);

#endif
