/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The records of a look while its bytes are being filled: a look is indexed only when it is whole. */
#ifndef SOCKSTALL_LOOK_RECORDS_H
#define SOCKSTALL_LOOK_RECORDS_H

#include "base/buffer.h"
#include "look_record.h"
#include "thread_record.h"

/* The next record from *offset on, which moves behind it. NULL at the end, and where a header makes no sense. */
struct record_header *record_next(const struct buffer *buffer, size_t *offset);

/*
 * Appends a record of `size` bytes whose header is its first member, and behind it a text of `length` bytes. NULs fill
 * up to a multiple of 8, at least one. Sets the header's size. Returns 0 or -ENOMEM.
 */
int record_add_text(struct buffer *buffer, void *record, size_t size, const char *text, size_t length);

/* Appends a note about a thread; an empty text is none. Returns 0 or -ENOMEM. */
int record_add_note(struct buffer *buffer, const struct thread_record *thread, __u32 kind, const char *text);

#endif
