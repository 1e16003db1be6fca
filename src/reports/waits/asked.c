/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/waits/asked.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/sorted.h"
#include "look/owners.h"
#include "look/signs.h"
#include "look/sleeping.h"
#include "rules/reader.h"

static int add(struct chain_asked *asked, const struct look *look, const struct socket_record *socket)
{
	const struct owner_record *owner;
	struct asked_socket *items;

	if (socket->name.kind != SOCKET_KIND_TCP || !(socket->flags & SOCKET_ACCEPTED) || socket_is_client(socket) ||
	    !socket->bytes_received || reader_speaker(socket, look->head->tick_ns) != SPEAKER_PEER)
		return 0;
	owner = owners_main(look, socket->name.cookie);
	if (!owner)
		return 0;
	items = array_grow(asked->items, asked->count, &asked->capacity, 64, sizeof(*items));
	if (!items)
		return -ENOMEM;
	asked->items = items;
	asked->items[asked->count++] = (struct asked_socket){.pid = owner->pid, .socket = socket};
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct asked_socket *a = left, *b = right;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

int chain_asked_collect(struct chain_asked *asked, const struct look *look)
{
	size_t i;
	int err = 0;

	for (i = 0; i < look->sockets.count && !err; i++)
		err = add(asked, look, look->sockets.items[i]);
	for (i = 0; i < look->connections.count && !err; i++)
		err = add(asked, look, look->connections.items[i]);
	if (asked->count)
		qsort(asked->items, asked->count, sizeof(*asked->items), compare);
	return err;
}

void chain_asked_free(struct chain_asked *asked)
{
	free(asked->items);
	*asked = (struct chain_asked){0};
}

static bool is_end_of_chain(const struct waits *waits, size_t from, size_t depth, const struct socket_record *socket)
{
	size_t i, at = from;

	for (i = 0; i < depth && at != WAITS_NONE; i++) {
		const struct wait *wait = &waits->items[at];

		if (wait->peer && wait->peer->name.inode == socket->name.inode)
			return true;
		at = wait->next;
	}
	return false;
}

static size_t first_of(const struct chain_asked *asked, __u32 pid)
{
	return LOWER_BOUND(asked->count, at, asked->items[at].pid < pid);
}

bool chain_is_asked(const struct chain_asked *asked, const struct waits *waits, size_t from, size_t depth)
{
	const struct wait *first = &waits->items[from];
	__u64 by = first->since_ns + WAITS_SLACK_TICKS * waits->look->head->tick_ns;
	size_t i;

	for (i = first_of(asked, first->pid); i < asked->count && asked->items[i].pid == first->pid; i++)
		if (asked->items[i].socket->last_received_ns <= by &&
		    !is_end_of_chain(waits, from, depth, asked->items[i].socket))
			return true;
	return false;
}

bool chain_was_asked(const struct chain_asked *asked, const struct waits *waits, size_t from, size_t depth)
{
	size_t at = from;

	for (; depth && at != WAITS_NONE; depth--) {
		if (waits->items[at].was_asked || chain_is_asked(asked, waits, at, depth))
			return true;
		at = waits->items[at].next;
	}
	return false;
}

bool chain_is_unread(const struct waits *waits, const struct wait *wait)
{
	return wait->peer && wait->peer->unread_bytes &&
	       wait->peer->last_received_ns + SIGNS_SILENCE_NS <= waits->look->head->seen_ns;
}

/* A process takes up a question within this time. */
#define TAKEN_UP_NS NS_PER_S

/*
 * A set with that connection in it would have ended them. An event loop in epoll_wait may leave one alone for a while.
 */
static bool is_in_poll(const struct thread_record *thread)
{
	static const char *const calls[] = {"poll", "ppoll", "select", "pselect6"};

	return thread->threads <= 1 && thread_asleep_in(thread, calls, COUNT_OF(calls));
}

bool chain_slept_unread(const struct waits *waits, const struct wait *wait, const struct thread_record *thread)
{
	return is_in_poll(thread) && chain_is_unread(waits, wait) && wait->since_ns &&
	       look_asleep_since(waits->look, thread) <= wait->since_ns + TAKEN_UP_NS;
}
