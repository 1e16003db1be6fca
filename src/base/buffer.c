/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"

#define BUFFER_FIRST	  4096
#define ARENA_BLOCK_FIRST 4096
#define ARENA_BLOCK_MAX	  (256 * 1024)

/* Doubles, so that appending stays linear; where that is not possible, just what is needed. */
static size_t grown_capacity(size_t capacity, size_t needed)
{
	size_t grown = capacity ? capacity : BUFFER_FIRST;

	while (grown < needed) {
		if (__builtin_mul_overflow(grown, 2, &grown))
			return needed;
	}
	return grown;
}

void *buffer_reserve(struct buffer *buffer, size_t more)
{
	size_t needed, capacity;
	char *data;

	if (__builtin_add_overflow(buffer->size, more, &needed))
		return NULL;
	if (buffer->data && needed <= buffer->capacity)
		return buffer->data + buffer->size;
	capacity = grown_capacity(buffer->capacity, needed);
	data = realloc(buffer->data, capacity);
	if (!data)
		return NULL;
	buffer->data = data;
	buffer->capacity = capacity;
	return data + buffer->size;
}

int buffer_append(struct buffer *buffer, const void *data, size_t size)
{
	void *end = buffer_reserve(buffer, size);

	if (!end)
		return -ENOMEM;
	if (!data)
		memset(end, 0, size);
	else if (size)
		memcpy(end, data, size);
	buffer->size += size;
	return 0;
}

int buffer_copy(struct buffer *copy, const struct buffer *of)
{
	*copy = (struct buffer){.data = malloc(of->size ? of->size : 1)};
	if (!copy->data)
		return -ENOMEM;
	if (of->size)
		memcpy(copy->data, of->data, of->size);
	copy->size = copy->capacity = of->size;
	return 0;
}

void buffer_reset(struct buffer *buffer)
{
	buffer->size = 0;
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){0};
}

/* The newest block is the first in the list, and the only one with room that is still used. */
struct arena_block {
	struct arena_block *next;
	size_t used, capacity;
	max_align_t data[];
};

static struct arena_block *arena_grow(struct arena *arena, size_t size)
{
	size_t capacity = arena->blocks ? arena->blocks->capacity * 2 : ARENA_BLOCK_FIRST;
	struct arena_block *block;
	size_t total;

	if (capacity > ARENA_BLOCK_MAX)
		capacity = ARENA_BLOCK_MAX;
	if (capacity < size)
		capacity = size;
	if (__builtin_add_overflow(sizeof(*block), capacity, &total))
		return NULL;
	block = calloc(1, total);
	if (!block)
		return NULL;
	block->capacity = capacity;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

size_t arena_size(const struct arena *arena)
{
	size_t size = 0;

	for (const struct arena_block *block = arena->blocks; block; block = block->next)
		size += sizeof(*block) + block->capacity;
	return size;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	size_t rounded;
	void *start;

	if (__builtin_add_overflow(size, _Alignof(max_align_t) - 1, &rounded))
		return NULL;
	rounded &= ~(_Alignof(max_align_t) - 1);
	if (!block || block->capacity - block->used < rounded)
		block = arena_grow(arena, rounded);
	if (!block)
		return NULL;
	start = (char *)block->data + block->used;
	block->used += rounded;
	return start;
}

/*
 * Most texts fit behind those that are there, so the first try is written there. What it leaves behind where it does
 * not fit is harmless: that block is not used again.
 */
const char *arena_printf(struct arena *arena, const char *format, ...)
{
	struct arena_block *block = arena->blocks;
	size_t room = block ? block->capacity - block->used : 0;
	char *text = block ? (char *)block->data + block->used : NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = format_text(text, room, format, arguments);
	va_end(arguments);
	if (length < 0)
		return "";
	text = arena_alloc(arena, (size_t)length + 1);
	if (!text)
		return "";
	if ((size_t)length < room)
		return text;
	va_start(arguments, format);
	format_text(text, (size_t)length + 1, format, arguments);
	va_end(arguments);
	return text;
}

void arena_free(struct arena *arena)
{
	struct arena_block *block, *next;

	for (block = arena->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	arena->blocks = NULL;
}
