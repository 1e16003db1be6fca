/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Stacks of programs, copied and as text: a part of the probe. */
#ifndef SOCKSTALL_PROBE_STACKS_USER_STACKS_H
#define SOCKSTALL_PROBE_STACKS_USER_STACKS_H

#include "probe/internal.h"
#include "stack_sample.h"

/* The bytes of one thread's stack, from its stack pointer on. */
struct user_stack {
	const struct thread_record *thread;
	const struct stack_sample *sample; /* the registers that go with the bytes; NULL: nothing is known of it */
	size_t at; /* where in the bytes of all */
	__u32 size; /* 0: it could not be read */
	struct buffer frames; /* what code_frame_next() takes */
	bool unwound; /* by the program's tables; else they are as far as frame pointers lead */
	bool gave_memory; /* the frames are of one instant only if the thread has not been switched in by now */
};

/* Appends the bytes of these stacks, each as it is now. Returns 0, -ENOMEM or -ECANCELED. */
int user_stacks_copy(struct probe *probe, struct user_stack *stacks, size_t count, struct buffer *bytes);

/*
 * Fills in frames, and what goes with them. memory: of the process, for functions of a language; without, native frames
 * are all. Returns 0, whatever is known; -ENOMEM or -ECANCELED.
 */
int user_stack_unwind(struct probe *probe, struct user_stack *stack, const struct buffer *bytes, bool memory);

/*
 * Appends all frames as text, innermost first; and the one that is the first of the program's own code. Returns 0,
 * whatever is known; -ENOMEM or -ECANCELED.
 */
int user_stack_say(struct probe *probe, const struct user_stack *stack, struct buffer *text, struct buffer *code);

#endif
