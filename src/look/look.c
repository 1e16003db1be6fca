/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "look/internal.h"

/* Resizes the array that *items is, of whatever type. Its memory is kept from look to look. */
static int resize(void *items, size_t count, size_t size)
{
	void *array, *resized;

	if (!count)
		return 0;
	memcpy(&array, items, sizeof(array));
	resized = reallocarray(array, count, size);
	if (!resized)
		return -ENOMEM;
	memcpy(items, &resized, sizeof(resized));
	return 0;
}

static int make_arrays(struct look *look, const size_t counts[RECORD_TYPES])
{
	const struct {
		void *items;
		enum record_type type;
	} arrays[] = {
		{&look->sockets.items, RECORD_SOCKET},
		{&look->connections.items, RECORD_SOCKET},
		{&look->requests.items, RECORD_REQUEST},
		{&look->listeners.items, RECORD_LISTENER},
		{&look->services.items, RECORD_SERVICE},
		{&look->owners.items, RECORD_OWNER},
		{&look->pipe_readers.items, RECORD_PIPE_READER},
		{&look->pipe_writers.items, RECORD_PIPE_WRITER},
		{&look->epolls.items, RECORD_EPOLL},
		{&look->events.items, RECORD_EVENT},
		{&look->processes.items, RECORD_PROCESS},
		{&look->namespaces.items, RECORD_NETNS},
		{&look->usages.items, RECORD_USAGE},
		{&look->notes.items, RECORD_NOTE},
		{&look->locks.items, RECORD_LOCK},
		{&look->lost.items, RECORD_LOST},
		{&look->unread.items, RECORD_UNREAD},
		{&look->regions.items, RECORD_REGION},
		{&look->addresses.items, RECORD_ADDRESS},
		{&look->translations.items, RECORD_TRANSLATION},
		{&look->instances.items, RECORD_INSTANCE},
		{&look->owners_by_inode.items, RECORD_OWNER},
	};
	size_t i;

	if (resize(&look->threads.items, counts[RECORD_THREAD], sizeof(*look->threads.items)))
		return -ENOMEM;
	if (resize(&look->watches.items, counts[RECORD_WATCH], sizeof(*look->watches.items)))
		return -ENOMEM;
	if (resize(&look->held.items, counts[RECORD_HELD], sizeof(*look->held.items)))
		return -ENOMEM;
	for (i = 0; i < COUNT_OF(arrays); i++) {
		if (resize(arrays[i].items, counts[arrays[i].type], sizeof(void *)))
			return -ENOMEM;
	}
	return 0;
}

/* A thread and the parts behind it; returns how many bytes they take. */
static size_t add_thread(struct look *look, const struct record_header *header)
{
	struct thread_view view = {.thread = (const void *)header};
	size_t size = header->size;

	if (view.thread->flags & THREAD_HAS_SOCKET) {
		view.socket = (const void *)((const char *)header + size);
		size += view.socket->header.size;
	}
	if (view.thread->loops) {
		view.loops = (const void *)((const char *)header + size);
		view.loop_count = view.thread->loops;
		view.loop = view.loops->interface == LOOP_EPOLL ? view.loops : NULL;
		size += view.loop_count * sizeof(*view.loops);
	}
	if (view.thread->flags & THREAD_HAS_DETAIL) {
		view.detail = (const void *)((const char *)header + size);
		size += view.detail->header.size;
	}
	look->threads.items[look->threads.count++] = view;
	return size;
}

/* A watch of the instance before it, and its socket; returns how many bytes they take. */
static size_t add_watch(struct look *look, const struct record_header *header)
{
	struct watch_view view = {.instance = look->instances.items[look->instances.count - 1],
				  .watch = (const void *)header};
	size_t size = header->size;

	if (view.watch->flags & WATCH_HAS_SOCKET) {
		view.socket = (const void *)((const char *)header + size);
		size += view.socket->header.size;
	}
	look->watches.items[look->watches.count++] = view;
	return size;
}

/* A connection that may be stuck, and its socket; returns how many bytes they take. */
static size_t add_held(struct look *look, const struct record_header *header)
{
	struct held_view view = {.held = (const void *)header,
				 .socket = (const void *)((const char *)header + header->size)};

	look->held.items[look->held.count++] = view;
	return header->size + view.socket->header.size;
}

#define ADD(array, header) ((array).items[(array).count++] = (const void *)(header))

/* Returns how many bytes the record takes, with the parts that belong to it. */
static size_t add_record(struct look *look, const struct record_header *header)
{
	switch (header->type) {
	case RECORD_THREAD:
		return add_thread(look, header);
	case RECORD_LOOK:
		look->head = (const void *)header;
		break;
	case RECORD_SOCKET:
		if (((const struct socket_record *)header)->flags & SOCKET_FOR_CHAINS)
			ADD(look->connections, header);
		else
			ADD(look->sockets, header);
		break;
	case RECORD_REQUEST:
		ADD(look->requests, header);
		break;
	case RECORD_LISTENER:
		ADD(look->listeners, header);
		break;
	case RECORD_SERVICE:
		ADD(look->services, header);
		break;
	case RECORD_OWNER:
		ADD(look->owners, header);
		ADD(look->owners_by_inode, header);
		break;
	case RECORD_PIPE_READER:
		ADD(look->pipe_readers, header);
		break;
	case RECORD_PIPE_WRITER:
		ADD(look->pipe_writers, header);
		break;
	case RECORD_EPOLL:
		ADD(look->epolls, header);
		break;
	case RECORD_EVENT:
		ADD(look->events, header);
		break;
	case RECORD_PROCESS:
		ADD(look->processes, header);
		break;
	case RECORD_USAGE:
		ADD(look->usages, header);
		break;
	case RECORD_NOTE:
		ADD(look->notes, header);
		break;
	case RECORD_LOCK:
		ADD(look->locks, header);
		break;
	case RECORD_ADDRESS:
		ADD(look->addresses, header);
		break;
	case RECORD_TRANSLATION:
		ADD(look->translations, header);
		break;
	case RECORD_NETNS:
		ADD(look->namespaces, header);
		break;
	case RECORD_INSTANCE:
		ADD(look->instances, header);
		break;
	case RECORD_WATCH:
		return add_watch(look, header);
	case RECORD_HELD:
		return add_held(look, header);
	case RECORD_REGION:
		ADD(look->regions, header);
		break;
	case RECORD_LOST:
		ADD(look->lost, header);
		break;
	case RECORD_UNREAD:
		ADD(look->unread, header);
		break;
	}
	return header->size;
}

#undef ADD

static void forget_index(struct look *look)
{
	look->head = NULL;
	look->threads.count = 0;
	look->sockets.count = 0;
	look->requests.count = 0;
	look->listeners.count = 0;
	look->services.count = 0;
	look->owners.count = 0;
	look->owners_by_inode.count = 0;
	look->connections.count = 0;
	look->pipe_readers.count = 0;
	look->pipe_writers.count = 0;
	look->epolls.count = 0;
	look->events.count = 0;
	look->processes.count = 0;
	look->usages.count = 0;
	look->notes.count = 0;
	look->locks.count = 0;
	look->namespaces.count = 0;
	look->addresses.count = 0;
	look->translations.count = 0;
	look->regions.count = 0;
	look->instances.count = 0;
	look->watches.count = 0;
	look->held.count = 0;
	look->lost.count = 0;
	look->unread.count = 0;
}

/* Threads stand by process now. */
static void find_first_loops(struct look *look)
{
	for (size_t i = 1; i < look->threads.count; i++) {
		struct thread_view *view = &look->threads.items[i];

		if (view->thread->pid == view[-1].thread->pid)
			view->after_loop = view[-1].after_loop || view[-1].loop_count;
	}
}

int look_index(struct look *look)
{
	size_t counts[RECORD_TYPES] = {0};
	size_t offset;
	int err;

	forget_index(look);
	err = look_count_records(look, counts);
	if (err)
		return err;
	err = make_arrays(look, counts);
	if (err)
		return err;
	for (offset = 0; offset < look->bytes.size;)
		offset += add_record(look, (const void *)(look->bytes.data + offset));
	look_sort(look);
	find_first_loops(look);
	return 0;
}

int look_extend(struct look *look, const struct buffer *records, struct buffer *before)
{
	struct buffer bytes = {0};
	int err = buffer_append(&bytes, look->bytes.data, look->bytes.size)
			  ?: buffer_append(&bytes, records->data, records->size);

	if (err) {
		buffer_free(&bytes);
		return err;
	}
	*before = look->bytes;
	look->bytes = bytes;
	return look_index(look);
}

void look_reset(struct look *look)
{
	buffer_reset(&look->bytes);
	forget_index(look);
}

void look_free(struct look *look)
{
	free(look->threads.items);
	free(look->sockets.items);
	free(look->requests.items);
	free(look->listeners.items);
	free(look->services.items);
	free(look->owners.items);
	free(look->owners_by_inode.items);
	free(look->connections.items);
	free(look->pipe_readers.items);
	free(look->pipe_writers.items);
	free(look->epolls.items);
	free(look->events.items);
	free(look->processes.items);
	free(look->usages.items);
	free(look->notes.items);
	free(look->locks.items);
	free(look->namespaces.items);
	free(look->addresses.items);
	free(look->translations.items);
	free(look->regions.items);
	free(look->instances.items);
	free(look->watches.items);
	free(look->held.items);
	free(look->lost.items);
	free(look->unread.items);
	buffer_free(&look->bytes);
	*look = (struct look){0};
}
