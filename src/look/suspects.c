/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/suspects.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/sorted.h"
#include "look/records.h"
#include "owner_record.h"
#include "service_record.h"
#include "system/tcp_states.h"

/* What lies in an accept queue for so long waits for a process that does something else. */
#define QUEUED_NS NS_PER_S

/* What is looked for, each sorted before it is searched. */
struct wanted {
	struct buffer places; /* of listeners: numbers */
	struct buffer cookies; /* of listeners */
	struct buffer inodes; /* of connections */
};

/* Of a port of one protocol in one network namespace. */
static __u64 place_of(const struct socket_name *name)
{
	return (__u64)name->netns << 32 | (__u32)name->kind << 16 | name->local_port;
}

static int want(struct buffer *numbers, __u64 number)
{
	const __u64 *known = (const void *)numbers->data;
	size_t count = numbers->size / sizeof(number);

	/* Those of one queue mostly come one after another. */
	if (count && known[count - 1] == number)
		return 0;
	return buffer_append(numbers, &number, sizeof(number));
}

static void sort(struct buffer *numbers)
{
	if (numbers->size)
		qsort(numbers->data, numbers->size / sizeof(__u64), sizeof(__u64), compare_numbers);
}

static bool has(const struct buffer *numbers, __u64 number)
{
	return numbers->size &&
	       bsearch(&number, numbers->data, numbers->size / sizeof(number), sizeof(number), compare_numbers);
}

/* Nobody has accepted it for a while. */
static bool lies_in_queue(const struct socket_record *socket)
{
	const struct socket_name *name = &socket->name;

	if (name->kind != SOCKET_KIND_TCP || socket->flags & (SOCKET_ACCEPTED | SOCKET_DEAD))
		return false;
	return (name->state == STATE_ESTABLISHED || name->state == STATE_CLOSE_WAIT) && socket->last_sent_ns &&
	       socket->last_sent_ns + QUEUED_NS <= socket->seen_ns;
}

static int want_of_service(struct wanted *wanted, const struct service_record *service)
{
	if (!service->owed_since_ns && !service->near_since_ns && !service->oldest_unread_ns)
		return 0;
	if (service->worst_inode)
		return want(&wanted->inodes, service->worst_inode);
	return want(&wanted->cookies, service->name.cookie);
}

static int collect(struct wanted *wanted, const struct buffer *records)
{
	const struct record_header *header;
	size_t offset = 0;
	int err = 0;

	while (!err && (header = record_next(records, &offset))) {
		const struct socket_record *socket = (const void *)header;

		if (header->type == RECORD_SERVICE)
			err = want_of_service(wanted, (const void *)header);
		else if (header->type == RECORD_SOCKET && lies_in_queue(socket))
			err = want(&wanted->places, place_of(&socket->name));
	}
	sort(&wanted->places);
	sort(&wanted->inodes);
	return err;
}

static int collect_listeners(struct wanted *wanted, const struct buffer *records)
{
	const struct record_header *header;
	size_t offset = 0;
	int err = 0;

	while (!err && (header = record_next(records, &offset))) {
		const struct listener_record *listener = (const void *)header;

		if (header->type == RECORD_LISTENER && has(&wanted->places, place_of(&listener->name)))
			err = want(&wanted->cookies, listener->name.cookie);
	}
	sort(&wanted->cookies);
	return err;
}

static bool is_wanted(const struct wanted *wanted, const struct owner_record *owner)
{
	return has(&wanted->inodes, owner->inode) || has(&wanted->cookies, owner->cookie);
}

int suspects_find(const struct buffer *records, void (*found)(void *context, const struct owner_record *owner),
		  void *context)
{
	const struct record_header *header;
	struct wanted wanted = {0};
	size_t offset = 0;
	int err = collect(&wanted, records);

	if (!err)
		err = collect_listeners(&wanted, records);
	while (!err && (header = record_next(records, &offset)))
		if (header->type == RECORD_OWNER && is_wanted(&wanted, (const void *)header))
			found(context, (const void *)header);
	buffer_free(&wanted.places);
	buffer_free(&wanted.cookies);
	buffer_free(&wanted.inodes);
	return err;
}
