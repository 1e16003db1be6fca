/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Names of code that a runtime made while it ran: perf maps, which Node (--perf-basic-prof), Java (jcmd PID
 * Compiler.perfmap) and .NET write. A line is an address, a size and a name. The file may be of any content. Pure.
 */
#ifndef SOCKSTALL_CODE_JIT_PERF_MAP_H
#define SOCKSTALL_CODE_JIT_PERF_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "code/messages/message.h"

/* Longer lines are cut. */
#define PERF_LINE 512

struct perf_name {
	__u64 address; /* of an instruction */
	char name[PERF_LINE]; /* as the file has it; "": none */
};

struct perf_scan {
	struct perf_name *names;
	size_t count;
	char line[PERF_LINE]; /* the beginning of one whose end has not come */
	size_t length;
};

/* The next bytes of the file. The last line for an address counts: code is made anew in places that were used. */
void perf_map_take(struct perf_scan *scan, const char *bytes, size_t size);

/* A name in parts. Texts are of `name`, which is changed. */
struct perf_function {
	const char *name, *file; /* file NULL: not known */
	__u32 line; /* where the function begins; 0: not known */
	enum code_frame_kind kind; /* CODE_NATIVE: nothing is known of whose it is */
};

void perf_function_read(struct perf_function *function, char *name);

#endif
