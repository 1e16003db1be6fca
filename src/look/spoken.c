/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/spoken.h"

#include <errno.h>
#include <stdlib.h>

#include "base/sorted.h"
#include "look/records.h"
#include "look/signs.h"
#include "socket_record.h"
#include "system/tcp_states.h"

/* A thread is not in its read at every look. */
#define LOOKS_KEPT 60

struct spoken {
	__u64 inode;
	__u64 bytes_sent, bytes_received;
	__u64 last_received_ns, silence_ns;
	__u32 last, repeats;
	__u32 unseen; /* looks since it was seen */
};

static int compare(const void *left, const void *right)
{
	const struct spoken *a = left, *b = right;

	return COMPARE(a->inode, b->inode);
}

static bool is_conversation(const struct socket_record *socket)
{
	return socket->name.kind == SOCKET_KIND_TCP && socket->name.inode &&
	       (socket->name.state == STATE_ESTABLISHED || socket->name.state == STATE_FIN_WAIT2 ||
		socket->name.state == STATE_CLOSE_WAIT);
}

/* The next record of a connection in the buffer, or NULL. */
static struct socket_record *next_socket(const struct buffer *buffer, size_t *offset)
{
	struct record_header *header;

	while ((header = record_next(buffer, offset)))
		if (header->type == RECORD_SOCKET && is_conversation((const void *)header))
			return (void *)header;
	return NULL;
}

static size_t count_sockets(const struct buffer *buffer)
{
	size_t offset = 0, count = 0;

	while (next_socket(buffer, &offset))
		count++;
	return count;
}

static const struct spoken *find(const struct spoken_looks *looks, __u64 inode)
{
	const struct spoken key = {.inode = inode};

	return looks->count ? bsearch(&key, looks->items, looks->count, sizeof(key), compare) : NULL;
}

/* An inode may be another's by the next look: counters do not run back. */
static const struct spoken *find_same(const struct spoken_looks *looks, const struct socket_record *socket)
{
	const struct spoken *found = find(looks, socket->name.inode);

	return found && found->bytes_sent <= socket->bytes_sent && found->bytes_received <= socket->bytes_received
		       ? found
		       : NULL;
}

/* Only the peer spoke since the look before, as it had before that. */
static bool repeats(const struct spoken *before, const struct socket_record *socket)
{
	return before->last == SPEAKER_PEER && socket->bytes_sent == before->bytes_sent &&
	       socket->bytes_received > before->bytes_received && socket->last_received_ns > before->last_received_ns;
}

static void remember(struct spoken *now, const struct spoken *before, const struct socket_record *socket)
{
	now->repeats = before->repeats;
	now->silence_ns = before->silence_ns;
	if (socket->bytes_sent == before->bytes_sent && socket->bytes_received == before->bytes_received) {
		if (before->last)
			now->last = before->last;
	} else if (repeats(before, socket)) {
		__u64 silence = socket->last_received_ns - before->last_received_ns;

		now->repeats++;
		if (silence > now->silence_ns)
			now->silence_ns = silence;
	}
}

/* As this look alone has it. */
static enum speaker speaker_of(struct socket_record *socket, __u64 tick_ns)
{
	socket->spoke_last = 0;
	return reader_speaker(socket, tick_ns);
}

static struct spoken note(const struct spoken_looks *looks, struct socket_record *socket, __u64 tick_ns)
{
	const struct spoken *before = find_same(looks, socket);
	enum speaker speaker = speaker_of(socket, tick_ns);
	struct spoken now = {
		.inode = socket->name.inode,
		.bytes_sent = socket->bytes_sent,
		.bytes_received = socket->bytes_received,
		.last_received_ns = socket->last_received_ns,
		.last = speaker == SPEAKER_WE || speaker == SPEAKER_PEER ? speaker : 0,
	};

	if (before)
		remember(&now, before, socket);
	socket->spoke_last = now.last;
	socket->peer_silence_ns = now.silence_ns;
	socket->peer_repeats = now.repeats;
	return now;
}

/* Appends those of the looks before that this one has no record of. */
static void keep_unseen(struct spoken_looks *now, const struct spoken_looks *before)
{
	const struct spoken_looks seen = *now;
	size_t i;

	for (i = 0; i < before->count; i++) {
		if (before->items[i].unseen >= LOOKS_KEPT || find(&seen, before->items[i].inode))
			continue;
		now->items[now->count] = before->items[i];
		now->items[now->count++].unseen++;
	}
}

int spoken_write(struct spoken_looks *looks, struct buffer *buffer, __u64 tick_ns)
{
	struct spoken_looks now = {.items = calloc(count_sockets(buffer) + looks->count + 1, sizeof(*now.items))};
	struct socket_record *socket;
	size_t offset = 0;

	if (!now.items)
		return -ENOMEM;
	while ((socket = next_socket(buffer, &offset)))
		now.items[now.count++] = note(looks, socket, tick_ns);
	qsort(now.items, now.count, sizeof(*now.items), compare);
	keep_unseen(&now, looks);
	qsort(now.items, now.count, sizeof(*now.items), compare);
	free(looks->items);
	*looks = now;
	return 0;
}

void spoken_free(struct spoken_looks *looks)
{
	free(looks->items);
	*looks = (struct spoken_looks){0};
}
