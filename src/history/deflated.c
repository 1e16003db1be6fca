/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "history/deflated.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#define HEAD sizeof(uint32_t)

/* More than level 1 costs several times as much, and saves a fifth. */
#define LEVEL Z_BEST_SPEED

/* False where one is not to be made, or cannot have been made, of the other. */
static bool sizes_fit(size_t deflated, size_t plain)
{
	return deflated < plain && plain / DEFLATED_MOST <= deflated;
}

int deflated_make(struct buffer *out, const struct buffer *plain)
{
	uLongf length = compressBound(plain->size);
	uint32_t size = htole32((uint32_t)plain->size);
	char *head;

	if (plain->size > UINT32_MAX)
		return 0;
	head = buffer_reserve(out, HEAD + length);
	if (!head)
		return -ENOMEM;
	memcpy(head, &size, HEAD);
	/* There is room, so that memory is all that can be missing. */
	if (compress2((Bytef *)head + HEAD, &length, (const Bytef *)plain->data, plain->size, LEVEL) != Z_OK)
		return -ENOMEM;
	if (!sizes_fit(HEAD + length, plain->size))
		return 0;
	out->size += HEAD + length;
	return 1;
}

/* All of the stream, and as many bytes as it was said to be of: zlib compares their checksum (Adler-32), too. */
static int inflate_all(char *out, size_t size, const char *from, size_t length)
{
	uLongf got = size;
	uLong used = length;
	int result = uncompress2((Bytef *)out, &got, (const Bytef *)from, &used);

	if (result == Z_MEM_ERROR)
		return -ENOMEM;
	return result == Z_OK && got == size && used == length ? 0 : -EBADMSG;
}

int deflated_read(struct buffer *out, const struct buffer *deflated, size_t most)
{
	uint32_t size;
	char *end;
	int err;

	if (deflated->size < HEAD)
		return -EBADMSG;
	memcpy(&size, deflated->data, HEAD);
	size = le32toh(size);
	if (size > most || !sizes_fit(deflated->size, size))
		return -EBADMSG;
	end = buffer_reserve(out, size);
	if (!end)
		return -ENOMEM;
	err = inflate_all(end, size, deflated->data + HEAD, deflated->size - HEAD);
	if (!err)
		out->size += size;
	return err;
}
