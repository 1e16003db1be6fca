/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stacks of programs as functions, files and lines. What that takes is parsing what any process can make up: ELF files,
 * unwind tables, debug information. A process that is set apart before anything is attached does it (worker.h): it has
 * no capability and a seccomp filter of its own, opens no file, and sees only what is handed to it. It gets registers,
 * bytes of a stack and descriptors of the mapped files, and gives back text. For functions of a language with a runtime
 * it also gets memory of the process, by chunks that it names: few of them, and none where the caller gives none.
 *
 * A stack may take 100 ms of CPU time. A worker that ends or does not answer is replaced once a minute at most. The
 * process whose stack it was is not asked about again for ten seconds, then for twice as long each time
 * (apart/foreign_held.h).
 */
#ifndef SOCKSTALL_CODE_UNWINDER_H
#define SOCKSTALL_CODE_UNWINDER_H

#include "base/buffer.h"
#include "code/messages/message.h"

struct unwinder;

/* How the caller gives the worker the files and the memory that it needs. */
struct code_supply {
	/*
	 * Returns a descriptor, which is the callee's no more; or a negative errno: -ENOMEM and -ECANCELED end it all.
	 */
	int (*file)(void *context, const struct code_answer *need, const __u8 *build_id);
	/*
	 * Copies those of these chunks that can be read to `bytes`, one behind the other. *read: a bit for each.
	 * Returns 0; -ENOMEM or -ECANCELED. NULL: there is no memory.
	 */
	int (*memory)(void *context, const __u64 *addresses, size_t count, __u64 *read, char *bytes);
	void *context;
};

/* While there is one thread. asked_to_end is called while an answer is waited for. Returns 0 or a negative errno. */
int unwinder_open(struct unwinder **unwinder, bool (*asked_to_end)(void));

/* A look begins: it may wait for as long as any. */
void unwinder_begin(struct unwinder *unwinder);

/*
 * Unwinds one stack. The request's counts say how much there is at modules and stack; sequence and memory are filled
 * in. Appends to frames what code_frame_next() takes: nothing where nothing is known. Returns 0, -ENOMEM, -ECANCELED;
 * or -EAGAIN: it was not tried, or did not succeed, and is as good as lost.
 */
int unwinder_ask(struct unwinder *unwinder, struct code_request *request, const struct code_module *modules,
		 const void *stack, const struct code_supply *supply, struct buffer *frames);

/* Once after a worker has ended or was given up: what is to be said of it, else NULL. */
const char *unwinder_take_end(struct unwinder *unwinder);

/* NULL is allowed. Waits for nobody. */
void unwinder_close(struct unwinder *unwinder);

#endif
