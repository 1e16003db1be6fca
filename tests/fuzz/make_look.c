/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "make_look.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS_MAX 200

/* Records are kept apart until it is known what follows what. */
struct record_list {
	struct record_header *items[RECORDS_MAX];
	size_t count;
};

#define TERMINATE(array) ((array)[sizeof(array) - 1] = '\0')

static size_t align8(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

static void terminate(struct record_header *header, size_t fixed)
{
	char *text = (char *)header + fixed;
	__u32 length = header->size > fixed ? (__u32)strnlen(text, header->size - fixed - 1) : 0;

	if (header->type == RECORD_THREAD)
		TERMINATE(((struct thread_record *)header)->syscall_name);
	else if (header->type == RECORD_WATCH)
		TERMINATE(((struct watch_record *)header)->name);
	else if (header->type == RECORD_REQUEST)
		((struct request_record *)header)->name.kind = SOCKET_KIND_TCP;
	else if (header->type == RECORD_USAGE)
		TERMINATE(((struct usage_record *)header)->runtime);
	else if (header->type == RECORD_NETNS)
		TERMINATE(((struct netns_record *)header)->name);
	else if (header->type == RECORD_PROCESS)
		((struct process_record *)header)->cgroup_length = length;
	else if (header->type == RECORD_NOTE)
		((struct note_record *)header)->length = length;
	else if (header->type == RECORD_REGION)
		((struct region_record *)header)->name_length = length;
	else if (header->type == RECORD_LOCK) {
		struct lock_record *lock = (void *)header;

		lock->kind = lock->kind % (LOCK_KINDS - 1) + 1;
		lock->path_length = length;
	}
}

static struct record_header *make_record(struct input *input, __u32 type)
{
	bool has_text = type == RECORD_PROCESS || type == RECORD_NOTE || type == RECORD_REGION || type == RECORD_LOCK;
	size_t fixed = look_record_size(type), given, size;
	struct record_header *header;

	given = (size_t)input->at[0] | (size_t)input->at[1] << 8;
	input->at += 2;
	if (given > (size_t)(input->end - input->at))
		given = (size_t)(input->end - input->at);
	size = has_text ? align8(fixed + (given > fixed - sizeof(*header) ? given - fixed + sizeof(*header) : 0) + 1)
			: fixed;
	header = calloc(1, size);
	memcpy(header + 1, input->at, given < size - sizeof(*header) ? given : size - sizeof(*header));
	input->at += given;
	header->type = type;
	header->size = (__u32)size;
	if (has_text)
		((char *)header)[size - 1] = '\0';
	terminate(header, fixed);
	if (type == RECORD_REGION) {
		struct region_record *region = (void *)header;

		TERMINATE(region->permissions);
		if (region->end <= region->start)
			region->start = 0, region->end = 4096;
	}
	return header;
}

static __u32 type_at(const struct record_list *list, size_t at)
{
	return at < list->count ? list->items[at]->type : 0;
}

static int append(struct look *look, const struct record_header *header)
{
	return buffer_append(&look->bytes, header, header->size);
}

/* Each returns the place of the record after it. */
static size_t add_thread(struct look *look, const struct record_list *list, size_t at)
{
	struct thread_record *thread = (void *)list->items[at];
	size_t next = at + 1, loops = 0;
	bool socket = type_at(list, next) == RECORD_SOCKET, detail;

	thread->flags &= ~(__u32)(THREAD_HAS_SOCKET | THREAD_HAS_DETAIL);
	thread->flags |= socket ? THREAD_HAS_SOCKET : 0;
	next += socket;
	while (loops + 1 < LOOP_INTERFACES && type_at(list, next + loops) == RECORD_LOOP) {
		((struct loop_record *)(void *)list->items[next + loops])->interface = (__u32)loops + 1;
		loops++;
	}
	thread->loops = (__typeof__(thread->loops))loops;
	detail = type_at(list, next + loops) == RECORD_DETAIL;
	thread->flags |= detail ? THREAD_HAS_DETAIL : 0;
	for (next += loops + detail; at < next; at++)
		append(look, list->items[at]);
	return next;
}

static size_t add_instance(struct look *look, const struct record_list *list, size_t at)
{
	struct instance_record *instance = (void *)list->items[at];
	size_t next = at + 1;

	instance->listed = 0;
	while (type_at(list, next) == RECORD_WATCH) {
		struct watch_record *watch = (void *)list->items[next++];
		bool socket = type_at(list, next) == RECORD_SOCKET;

		watch->flags &= ~(__u32)WATCH_HAS_SOCKET;
		watch->flags |= socket ? WATCH_HAS_SOCKET : 0;
		next += socket;
		instance->listed++;
	}
	for (; at < next; at++)
		append(look, list->items[at]);
	return next;
}

/* Without its socket it is left out. */
static size_t add_held(struct look *look, const struct record_list *list, size_t at)
{
	if (type_at(list, at + 1) != RECORD_SOCKET)
		return at + 1;
	append(look, list->items[at]);
	append(look, list->items[at + 1]);
	return at + 2;
}

static size_t add_one(struct look *look, const struct record_list *list, size_t at)
{
	switch (type_at(list, at)) {
	case RECORD_THREAD:
		return add_thread(look, list, at);
	case RECORD_INSTANCE:
		return add_instance(look, list, at);
	case RECORD_HELD:
		return add_held(look, list, at);
	case RECORD_LOOP:
	case RECORD_DETAIL:
	case RECORD_WATCH:
		return at + 1; /* they belong to nothing */
	default:
		append(look, list->items[at]);
		return at + 1;
	}
}

static void take_records(struct input *input, struct record_list *list)
{
	while (input->end - input->at >= 3 && list->count < RECORDS_MAX) {
		__u32 type = RECORD_LOOK + *input->at % (RECORD_TYPES - RECORD_LOOK);

		if (list->count && type == RECORD_LOOK)
			return;
		input->at++;
		list->items[list->count++] = make_record(input, list->count ? type : RECORD_LOOK);
	}
}

bool make_look_next(struct input *input, struct look *look)
{
	struct record_list list = {0};
	size_t i = 0;

	look_reset(look);
	take_records(input, &list);
	if (!list.count)
		return false;
	while (i < list.count)
		i = add_one(look, &list, i);
	for (i = 0; i < list.count; i++)
		free(list.items[i]);
	if (look_index(look))
		abort(); /* made here, it is valid */
	return true;
}
