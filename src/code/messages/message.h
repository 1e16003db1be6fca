/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Requests of sockstall to the process that unwinds stacks (unwinder.h), and the answers. Pure, and checked on both
 * sides: an attacker may have taken over either one.
 *
 * A request is a head, the files that the process has mapped, and bytes of one thread's stack. Until it is answered the
 * worker may say what it needs: a file, or memory of the process. sockstall replies to each: with a descriptor beside,
 * or with bytes.
 */
#ifndef SOCKSTALL_CODE_MESSAGES_MESSAGE_H
#define SOCKSTALL_CODE_MESSAGES_MESSAGE_H

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

/* Memory is asked for by chunks that lie in one page each: so many at once, so often, and so many for one stack. */
#define CODE_CHUNK	  1024u
#define CODE_CHUNKS	  64u
#define CODE_MEMORY_NEEDS 256u
#define CODE_CHUNKS_MOST  512u

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
	__u32 thread; /* its number, as its own process has it; 0: not known */
	__u32 memory; /* 1: memory of the process may be asked for */
};

#define CODE_REQUEST_MAX (sizeof(struct code_request) + CODE_MODULES * sizeof(struct code_module) + CODE_STACK)

enum code_kind {
	CODE_DONE, /* frames follow */
	CODE_NEEDS_FILE, /* of the module */
	CODE_NEEDS_DEBUG, /* of the module: its build id follows, `count` bytes */
	CODE_NEEDS_MEMORY, /* `count` addresses of chunks follow; module is 0 */
	CODE_NEEDS_NAMES, /* the process's perf map; module is 0 */
	CODE_KINDS,
};

#define CODE_BUILD_ID_MOST 32

struct code_answer {
	__u32 sequence;
	__u32 kind; /* enum code_kind */
	__u32 module;
	__u32 count; /* frames, bytes, or chunks */
};

/* To what it needs: 0 with a socket beside it, in whose queue the descriptor lies; or a negative errno. */
struct code_reply {
	__u32 sequence;
	__s32 status;
};

/* To CODE_NEEDS_MEMORY. The chunks that could be read follow, in their order. */
struct code_memory_reply {
	struct code_reply head;
	__u64 read; /* a bit for each chunk */
};

/* Whose a frame is. Of languages with a runtime the worker knows it; of native code the mapped file tells (own.h). */
enum code_frame_kind {
	CODE_NATIVE,
	CODE_OF_LANGUAGE, /* what the language comes with */
	CODE_INSTALLED, /* a package that was installed beside the program */
	CODE_OWN,
	CODE_FRAME_KINDS,
};

/* Innermost first. Two texts follow, without a NUL: the function's name, and the name of its source file. */
struct code_frame {
	__u64 address; /* of the instruction; of a caller the one behind the call; 0 where it is not native */
	__u32 line; /* 0: not known */
	__u16 name, file; /* bytes; 0: not known */
	__u32 kind; /* enum code_frame_kind */
	__u32 pad;
};

/* The parts of a request; false: it is none that sockstall makes. bytes: aligned to 8. */
bool code_request_check(const void *bytes, size_t size, struct code_request *head, const struct code_module **modules,
			const char **stack);

/* Whether this answers the request of this number, with so many modules. */
bool code_answer_check(const void *bytes, size_t size, __u32 sequence, __u32 modules, struct code_answer *head);

/* How many chunks a reply to CODE_NEEDS_MEMORY has, of so many that were asked for; -1: it is none. */
int code_memory_reply_check(const void *bytes, size_t size, __u32 sequence, __u32 asked,
			    struct code_memory_reply *head);

/* Takes the next frame of an answer's bytes. False: there is none, or it is cut off. */
bool code_frame_next(const void *bytes, size_t size, size_t *offset, struct code_frame *frame, const char **name,
		     const char **file);

#endif
