/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/records.h"

#include <string.h>

struct record_header *record_next(const struct buffer *buffer, size_t *offset)
{
	struct record_header *header;

	if (*offset + sizeof(*header) > buffer->size)
		return NULL;
	header = (void *)(buffer->data + *offset);
	if (header->size < sizeof(*header) || *offset + header->size > buffer->size)
		return NULL;
	*offset += header->size;
	return header;
}

int record_add_text(struct buffer *buffer, void *record, size_t size, const char *text, size_t length)
{
	size_t padded = (length + 1 + 7) & ~(size_t)7;
	struct record_header *header = record;
	int err;

	header->size = (__u32)(size + padded);
	err = buffer_append(buffer, record, size);
	if (!err)
		err = buffer_append(buffer, text, length);
	return err ? err : buffer_append(buffer, NULL, padded - length);
}

int record_add_note(struct buffer *buffer, const struct thread_record *thread, __u32 kind, const char *text)
{
	size_t length = strlen(text);
	struct note_record record = {
		.header = {.type = RECORD_NOTE},
		.pid = thread->pid,
		.tid = thread->tid,
		.kind = kind,
		.length = (__u32)length,
	};

	return length ? record_add_text(buffer, &record, sizeof(record), text, length) : 0;
}
