/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Checking the bytes of a look: nothing of a record is used before it has passed. See look.h. */
#include <errno.h>
#include <string.h>

#include "look/internal.h"

static const size_t record_sizes[RECORD_TYPES] = {
	[RECORD_LOOK] = sizeof(struct look_record),	    [RECORD_THREAD] = sizeof(struct thread_record),
	[RECORD_SOCKET] = sizeof(struct socket_record),	    [RECORD_REQUEST] = sizeof(struct request_record),
	[RECORD_LISTENER] = sizeof(struct listener_record), [RECORD_LOOP] = sizeof(struct loop_record),
	[RECORD_OWNER] = sizeof(struct owner_record),	    [RECORD_EPOLL] = sizeof(struct epoll_record),
	[RECORD_EVENT] = sizeof(struct event_record),	    [RECORD_PROCESS] = sizeof(struct process_record),
	[RECORD_USAGE] = sizeof(struct usage_record),	    [RECORD_NOTE] = sizeof(struct note_record),
	[RECORD_NETNS] = sizeof(struct netns_record),	    [RECORD_LOST] = sizeof(struct lost_record),
	[RECORD_INSTANCE] = sizeof(struct instance_record), [RECORD_WATCH] = sizeof(struct watch_record),
	[RECORD_ADDRESS] = sizeof(struct address_record),   [RECORD_TRANSLATION] = sizeof(struct translation_record),
	[RECORD_PIPE_READER] = sizeof(struct owner_record), [RECORD_PIPE_WRITER] = sizeof(struct owner_record),
	[RECORD_DETAIL] = sizeof(struct detail_record),	    [RECORD_REGION] = sizeof(struct region_record),
	[RECORD_UNREAD] = sizeof(struct unread_record),	    [RECORD_HELD] = sizeof(struct held_record),
	[RECORD_SERVICE] = sizeof(struct service_record),   [RECORD_LOCK] = sizeof(struct lock_record),
};

size_t look_record_size(__u32 type)
{
	return type < RECORD_TYPES ? record_sizes[type] : 0;
}

static bool process_valid(const struct record_header *header)
{
	const struct process_record *process = (const void *)header;
	size_t room = header->size - sizeof(*process);

	return room > process->cgroup_length && strnlen(process->cgroup, room) == process->cgroup_length;
}

static bool region_valid(const struct record_header *header)
{
	const struct region_record *region = (const void *)header;
	size_t room = header->size - sizeof(*region);

	return region->start < region->end && memchr(region->permissions, '\0', sizeof(region->permissions)) &&
	       room > region->name_length && strnlen(region->name, room) == region->name_length;
}

static bool watch_valid(const struct record_header *header)
{
	const struct watch_record *watch = (const void *)header;

	return memchr(watch->name, '\0', sizeof(watch->name));
}

static bool thread_valid(const struct record_header *header)
{
	const struct thread_record *thread = (const void *)header;

	return memchr(thread->syscall_name, '\0', sizeof(thread->syscall_name));
}

static bool note_valid(const struct record_header *header)
{
	const struct note_record *note = (const void *)header;
	size_t room = header->size - sizeof(*note);

	return room > note->length && strnlen(note->text, room) == note->length;
}

static bool lock_valid(const struct record_header *header)
{
	const struct lock_record *lock = (const void *)header;
	size_t room = header->size - sizeof(*lock);

	return lock->kind && lock->kind < LOCK_KINDS && room > lock->path_length &&
	       strnlen(lock->path, room) == lock->path_length;
}

static bool usage_valid(const struct record_header *header)
{
	const struct usage_record *usage = (const void *)header;

	return memchr(usage->runtime, '\0', sizeof(usage->runtime));
}

static bool netns_valid(const struct record_header *header)
{
	const struct netns_record *netns = (const void *)header;

	return memchr(netns->name, '\0', sizeof(netns->name));
}

/* Half-open connections are TCP's. */
static bool request_valid(const struct record_header *header)
{
	const struct request_record *request = (const void *)header;

	return request->name.kind != SOCKET_KIND_UNIX;
}

/* Every size is a multiple of 8, so that the record behind it is aligned too. */
static bool record_valid(const struct record_header *header, size_t room)
{
	size_t size = look_record_size(header->type);

	if (!size || header->size > room || header->size % 8)
		return false;
	if (header->type == RECORD_PROCESS)
		return header->size >= size && process_valid(header);
	if (header->type == RECORD_REGION)
		return header->size >= size && region_valid(header);
	if (header->type == RECORD_NOTE)
		return header->size >= size && note_valid(header);
	if (header->type == RECORD_LOCK)
		return header->size >= size && lock_valid(header);
	if (header->size != size)
		return false;
	if (header->type == RECORD_REQUEST)
		return request_valid(header);
	if (header->type == RECORD_THREAD)
		return thread_valid(header);
	if (header->type == RECORD_WATCH)
		return watch_valid(header);
	if (header->type == RECORD_USAGE)
		return usage_valid(header);
	return header->type != RECORD_NETNS || netns_valid(header);
}

/* The record at this offset; NULL at the end, and with *bad where it is damaged. */
static const struct record_header *record_at(const struct look *look, size_t offset, bool *bad)
{
	size_t room = look->bytes.size - offset;
	const struct record_header *header;

	if (!room)
		return NULL;
	header = (const void *)(look->bytes.data + offset);
	if (room >= sizeof(*header) && record_valid(header, room))
		return header;
	*bad = true;
	return NULL;
}

/* The next record, as far as the records so far announce it. */
struct expected {
	bool look, socket, detail; /* socket: of a thread, a watch, or a connection that may be stuck */
	__u32 loops, interface; /* how many more, and each of a higher interface than this */
	__u32 watches; /* of an epoll instance */
};

static bool loop_order_valid(struct expected *expected, const struct loop_record *loop)
{
	if (loop->header.type != RECORD_LOOP || !expected->loops || loop->interface <= expected->interface ||
	    loop->interface >= LOOP_INTERFACES)
		return false;
	expected->loops--;
	expected->interface = loop->interface;
	return true;
}

/* Whether a record may stand here, and what it announces in turn. */
static bool order_valid(struct expected *expected, const struct record_header *header)
{
	const struct thread_record *thread = (const void *)header;

	if (expected->look != (header->type == RECORD_LOOK))
		return false;
	expected->look = false;
	if (expected->socket) {
		expected->socket = false;
		return header->type == RECORD_SOCKET;
	}
	if (expected->loops || header->type == RECORD_LOOP)
		return loop_order_valid(expected, (const void *)header);
	if (expected->detail != (header->type == RECORD_DETAIL))
		return false;
	expected->detail = false;
	if (!expected->watches != (header->type != RECORD_WATCH))
		return false;
	if (header->type == RECORD_WATCH) {
		expected->watches--;
		expected->socket = ((const struct watch_record *)(const void *)header)->flags & WATCH_HAS_SOCKET;
	}
	if (header->type == RECORD_HELD)
		expected->socket = true;
	if (header->type == RECORD_INSTANCE)
		expected->watches = ((const struct instance_record *)(const void *)header)->listed;
	if (header->type == RECORD_THREAD) {
		expected->socket = thread->flags & THREAD_HAS_SOCKET;
		expected->loops = thread->loops;
		expected->interface = 0;
		expected->detail = thread->flags & THREAD_HAS_DETAIL;
	}
	return true;
}

int look_count_records(const struct look *look, size_t counts[RECORD_TYPES])
{
	struct expected expected = {.look = true};
	const struct record_header *header;
	bool bad = false;
	size_t offset;

	for (offset = 0; (header = record_at(look, offset, &bad)); offset += header->size) {
		bool of_other = expected.socket; /* of a thread or a watch */

		if (!order_valid(&expected, header))
			return -EBADMSG;
		if (!of_other)
			counts[header->type]++;
	}
	if (bad || expected.look || expected.socket || expected.loops || expected.detail || expected.watches)
		return -EBADMSG;
	return 0;
}
