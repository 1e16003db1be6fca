/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Names of the functions of programs, of which stacks are told: a part of the probe. */
#ifndef SOCKSTALL_PROBE_PROGRAM_NAMES_H
#define SOCKSTALL_PROBE_PROGRAM_NAMES_H

#include <limits.h>

#include "probe/internal.h"

/* The symbols of one process's program; zeroed: of none. Those of the next process take their place. */
struct program_names {
	__u32 pid;
	__u64 process_start_ns;
	bool known; /* it has symbols */
	char path[PATH_MAX];
	struct buffer program, table, symbols, texts;
};

/* Reads those of the thread's program, if they are not there yet. Returns 0, whatever could be read; -ENOMEM or -ECANCELED. */
int program_names_read(struct probe *probe, struct program_names *names, const struct thread_record *thread);
void program_names_free(struct program_names *names);

/* The function at this offset of the mapped file of this name (without a NUL); NULL: not known. */
const char *program_names_find(const struct program_names *names, const char *file, size_t file_length, __u64 offset,
			       size_t *length);

#endif
