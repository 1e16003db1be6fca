/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/full_dates.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "look/records.h"
#include "socket_record.h"

static __u64 since_of(const struct full_listeners *full, __u64 cookie)
{
	size_t i;

	for (i = 0; i < full->count; i++)
		if (full->items[i].cookie == cookie)
			return full->items[i].since_ns;
	return 0;
}

/* The next full listener in the buffer, or NULL. */
static struct listener_record *next_full(const struct buffer *buffer, size_t *offset)
{
	struct record_header *header;

	while ((header = record_next(buffer, offset))) {
		struct listener_record *listener = (void *)header;

		if (header->type == RECORD_LISTENER && listener->accept_queue > listener->accept_queue_max)
			return listener;
	}
	return NULL;
}

static size_t count_full(const struct buffer *buffer)
{
	size_t offset = 0, count = 0;

	while (next_full(buffer, &offset))
		count++;
	return count;
}

int full_dates_write(struct full_listeners *full, struct buffer *buffer)
{
	struct full_listeners now = {.items = calloc(count_full(buffer) + 1, sizeof(*now.items))};
	struct listener_record *listener;
	size_t offset = 0;

	if (!now.items)
		return -ENOMEM;
	while ((listener = next_full(buffer, &offset))) {
		__u64 since = since_of(full, listener->name.cookie);

		listener->full_since_ns = since ? since : listener->seen_ns;
		now.items[now.count++] = (struct full_listener){listener->name.cookie, listener->full_since_ns};
	}
	free(full->items);
	*full = now;
	return 0;
}

void full_dates_free(struct full_listeners *full)
{
	free(full->items);
}
