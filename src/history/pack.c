/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "history/pack.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define NO_TEXT UINT64_MAX /* the length of NULL */

void pack_bytes(struct pack *pack, void *bytes, size_t size)
{
	if (pack->error || !size)
		return;
	if (pack->out) {
		pack->error = buffer_append(pack->out, bytes, size);
	} else if (pack->left < size) {
		pack->error = -EBADMSG;
	} else {
		memcpy(bytes, pack->at, size);
		pack->at += size;
		pack->left -= size;
	}
}

void pack_u64(struct pack *pack, uint64_t *value)
{
	uint64_t wire = pack->out ? htole64(*value) : 0;

	pack_bytes(pack, &wire, sizeof(wire));
	if (!pack->out)
		*value = le64toh(wire);
}

void pack_i64(struct pack *pack, int64_t *value)
{
	uint64_t bits = (uint64_t)*value;

	pack_u64(pack, &bits);
	*value = (int64_t)bits;
}

void pack_double(struct pack *pack, double *value)
{
	uint64_t bits;

	_Static_assert(sizeof(bits) == sizeof(*value), "IEEE 754 binary64");
	memcpy(&bits, value, sizeof(bits));
	pack_u64(pack, &bits);
	memcpy(value, &bits, sizeof(bits));
}

uint64_t pack_number(struct pack *pack, uint64_t value, uint64_t most)
{
	pack_u64(pack, &value);
	if (value <= most)
		return value;
	if (!pack->error)
		pack->error = -EBADMSG;
	return 0;
}

void pack_bool(struct pack *pack, bool *value)
{
	*value = pack_number(pack, *value, 1);
}

/* Text without a NUL inside, copied to the arena. */
static const char *read_text(struct pack *pack, size_t length)
{
	char *text;

	if (length > pack->left || (length && memchr(pack->at, '\0', length))) {
		pack->error = -EBADMSG;
		return NULL;
	}
	text = arena_alloc(pack->arena, length + 1);
	if (!text)
		pack->error = -ENOMEM;
	else
		pack_bytes(pack, text, length);
	return text;
}

void pack_text(struct pack *pack, const char **text)
{
	uint64_t length = pack->out && *text ? strlen(*text) : NO_TEXT;

	pack_u64(pack, &length);
	if (pack->out) {
		if (*text)
			pack_bytes(pack, (void *)*text, length);
		return;
	}
	*text = NULL;
	if (!pack->error && length != NO_TEXT)
		*text = read_text(pack, length);
}

static uint64_t item_load(const char *item, size_t size)
{
	uint64_t value;
	uint32_t u32;
	uint16_t u16;

	switch (size) {
	case sizeof(u16):
		memcpy(&u16, item, size);
		return u16;
	case sizeof(u32):
		memcpy(&u32, item, size);
		return u32;
	default:
		memcpy(&value, item, size);
		return value;
	}
}

static void item_store(char *item, size_t size, uint64_t value)
{
	uint32_t u32 = value;
	uint16_t u16 = value;

	switch (size) {
	case sizeof(u16):
		memcpy(item, &u16, size);
		break;
	case sizeof(u32):
		memcpy(item, &u32, size);
		break;
	default:
		memcpy(item, &value, size);
		break;
	}
}

/* Room for a list that is about to be read; every item of it takes 8 bytes there. */
static char *list_alloc(struct pack *pack, size_t count, size_t item_size)
{
	char *list;

	if (pack->error)
		return NULL;
	if (count > pack->left / sizeof(uint64_t)) {
		pack->error = -EBADMSG;
		return NULL;
	}
	list = arena_alloc(pack->arena, count * item_size);
	if (!list)
		pack->error = -ENOMEM;
	return list;
}

void pack_list(struct pack *pack, void *items, size_t *count, size_t item_size)
{
	uint64_t most = UINT64_MAX >> (64 - 8 * item_size);
	uint64_t length = *count, value = 0;
	char *list;
	size_t i;

	pack_u64(pack, &length);
	if (pack->out)
		memcpy(&list, items, sizeof(list));
	else
		list = list_alloc(pack, length, item_size);
	for (i = 0; list && i < length; i++) {
		if (pack->out)
			value = item_load(list + i * item_size, item_size);
		value = pack_number(pack, value, most);
		if (!pack->out)
			item_store(list + i * item_size, item_size, value);
	}
	if (pack->out)
		return;
	*count = list ? length : 0;
	memcpy(items, &list, sizeof(list));
}

void pack_texts(struct pack *pack, const char ***texts, size_t *count)
{
	uint64_t length = *count;
	size_t i;

	pack_u64(pack, &length);
	if (!pack->out) {
		*texts = (const char **)list_alloc(pack, length, sizeof(**texts));
		*count = *texts ? length : 0;
	}
	for (i = 0; i < *count; i++)
		pack_text(pack, &(*texts)[i]);
}

bool pack_more(const struct pack *pack)
{
	return pack->out || pack->error || pack->left;
}

int pack_complete(const struct pack *pack)
{
	return pack->error;
}
