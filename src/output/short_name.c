/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "output/short_name.h"

#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

void short_text(char *to, size_t room, const char *raw)
{
	struct buffer text = {0};
	size_t size;

	to[0] = '\0';
	if (raw && !text_clean(&text, raw)) {
		size = text.size < room ? text.size : room - 1;
		/* Not in the middle of a character. */
		while (size && size < text.size && (text.data[size] & 0xc0) == 0x80)
			size--;
		if (size)
			memcpy(to, text.data, size);
		to[size] = '\0';
	}
	buffer_free(&text);
}

void short_name(char comm[SHORT_NAME_SIZE], const char *raw)
{
	short_text(comm, SHORT_NAME_SIZE, raw);
}
