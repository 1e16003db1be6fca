/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Two ways to hold memory that belongs to one look or one report.
 *
 * struct buffer: bytes that grow at the end. Its bytes move when it grows: keep offsets, not pointers, until it is
 * complete. struct arena: strings that never move and are freed all at once.
 *
 * Both fail only for want of memory, with -ENOMEM or NULL, and stay usable.
 */
#ifndef SOCKSTALL_BASE_BUFFER_H
#define SOCKSTALL_BASE_BUFFER_H

#include <stddef.h>

struct buffer {
	char *data;
	size_t size;
	size_t capacity;
};

/* Makes room for `more` bytes behind size; returns where they begin, or NULL. Does not change size. */
void *buffer_reserve(struct buffer *buffer, size_t more);

/* Appends; returns 0 or -ENOMEM. data may be NULL: then zeroes. */
int buffer_append(struct buffer *buffer, const void *data, size_t size);

/* A copy to keep: without the spare memory that a buffer has to grow. Sets *copy; returns 0 or -ENOMEM. */
int buffer_copy(struct buffer *copy, const struct buffer *of);

/* Forgets the contents, keeps the memory. */
void buffer_reset(struct buffer *buffer);
void buffer_free(struct buffer *buffer);

struct arena_block;

struct arena {
	struct arena_block *blocks;
};

/* Zeroed, aligned for any type. NULL: no memory. */
void *arena_alloc(struct arena *arena, size_t size);

/* The text, or "" where there is no memory for it. Never NULL. */
const char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Bytes of memory in use. */
size_t arena_size(const struct arena *arena);

void arena_free(struct arena *arena);

#endif
