/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Texts about threads in a look, and the stacks that some of them tell: parts of the probe. */
#ifndef SOCKSTALL_PROBE_NOTES_H
#define SOCKSTALL_PROBE_NOTES_H

#include "probe/internal.h"

/* Appends a note; an empty text is none. Returns 0 or -ENOMEM. */
int probe_note(struct buffer *buffer, const struct thread_record *thread, __u32 kind, const char *text);

/* Appends the kernel's and, with --stacks, the program's stack of these threads. */
int probe_stacks_add(struct probe *probe, struct buffer *notes, const struct thread_record *const *threads,
		     size_t count);

#endif
