/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which thread of CPython's is the one whose stack is unwound, and where its frames begin. */
#ifndef SOCKSTALL_CODE_PYTHON_THREADS_H
#define SOCKSTALL_CODE_PYTHON_THREADS_H

#include "code/python/objects.h"

/* The thread whose stack was copied. */
struct python_stack {
	__u64 start, size; /* of the copy */
	__u32 thread; /* its number, as its own process has it; 0: not known */
};

/* One frame, as its memory has it. */
struct python_memory_frame {
	__u64 code, previous, instruction;
	bool entry; /* _PyEval_EvalFrameDefault ends with it: layout.h */
	bool function; /* a frame of a function: else it is only there for the end */
};

/*
 * The innermost frame of that thread; 0: it has none, or is not found. What is found is proven by an address on its
 * stack: two threads with one number in two processes are not taken for each other. Remembers where the threads are
 * that it came by.
 */
__u64 python_thread_find(struct python *python, const struct python_stack *stack);

/* False: it is no frame. */
bool python_frame_read(const struct python *python, __u64 address, struct python_memory_frame *frame);

/* Where the address lies in the copy. */
bool python_is_on_stack(const struct python_stack *stack, __u64 address);

#endif
