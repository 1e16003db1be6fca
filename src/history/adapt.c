/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "history/adapt.h"

#include <errno.h>
#include <string.h>

#include "look/look.h"

#define SIZE_MOST 65536 /* of a record's fixed part */

void record_sizes_ours(struct record_sizes *ours)
{
	uint32_t type;

	memset(ours, 0, sizeof(*ours));
	ours->types = RECORD_TYPES;
	for (type = 0; type < RECORD_TYPES; type++)
		ours->sizes[type] = (uint32_t)look_record_size(type);
}

bool record_sizes_valid(const struct record_sizes *theirs)
{
	uint32_t type, size;

	for (type = 0; type < theirs->types; type++) {
		size = theirs->sizes[type];
		if (size && (size < sizeof(struct record_header) || size % 8 || size > SIZE_MOST))
			return false;
	}
	return true;
}

bool record_sizes_equal(const struct record_sizes *a, const struct record_sizes *b)
{
	return a->types == b->types && !memcmp(a->sizes, b->sizes, a->types * sizeof(*a->sizes));
}

static bool ends_in_text(uint32_t type)
{
	return type == RECORD_PROCESS || type == RECORD_REGION || type == RECORD_NOTE || type == RECORD_LOCK;
}

static bool fits(const struct record_header *header, size_t room, const struct record_sizes *theirs)
{
	uint32_t size = header->type < theirs->types ? theirs->sizes[header->type] : 0;

	if (!size || header->size > room || header->size < size || header->size % 8)
		return false;
	/* A type that we do not know may end in text, too. */
	return header->size == size || ends_in_text(header->type) || header->type >= RECORD_TYPES;
}

static int adapt_record(struct buffer *out, const struct record_header *header, uint32_t size)
{
	size_t ours = look_record_size(header->type), kept = size < ours ? size : ours, text = header->size - size;
	struct record_header *adapted;
	size_t at = out->size;
	int err = buffer_append(out, header, kept);

	if (!err)
		err = buffer_append(out, NULL, ours - kept);
	if (!err)
		err = buffer_append(out, (const char *)header + size, text);
	if (err)
		return err;
	adapted = (void *)(out->data + at);
	adapted->size = (uint32_t)(ours + text);
	return 0;
}

int adapt_look(struct buffer *out, const struct buffer *in, const struct record_sizes *theirs, size_t most)
{
	const struct record_header *header;
	size_t offset;
	int err = 0;

	for (offset = 0; offset < in->size && !err; offset += header->size) {
		header = (const void *)(in->data + offset);
		if (in->size - offset < sizeof(*header) || !fits(header, in->size - offset, theirs) || out->size > most)
			return -EBADMSG;
		if (look_record_size(header->type))
			err = adapt_record(out, header, theirs->sizes[header->type]);
	}
	return err;
}
