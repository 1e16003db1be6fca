/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Frames of Go, by the size that its table tells of each: without tables for debuggers, and also where a function keeps
 * no frame pointer. Pure.
 */
#ifndef SOCKSTALL_CODE_GO_FRAMES_H
#define SOCKSTALL_CODE_GO_FRAMES_H

#include "code/go/pclntab.h"

/* Where a thread stands, and the copy of its stack from there on. */
struct go_stack {
	__u64 code, stack;
	__u64 link; /* what the register has that calls return to; */
	bool has_link; /* machines that have none put it on the stack */
	const char *bytes;
	__u64 first; /* the address of these */
	size_t size;
};

/*
 * Addresses of the functions, innermost first; all but the first are what calls return to. find: the function at an
 * address of the process. Returns how many there are.
 */
size_t go_frames(const struct go_stack *stack, bool (*find)(void *context, __u64 address, struct go_function *function),
		 void *context, __u64 *addresses, size_t most);

#endif
