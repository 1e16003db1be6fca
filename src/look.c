/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const size_t record_sizes[RECORD_TYPES] = {
	[RECORD_LOOK] = sizeof(struct look_record),	    [RECORD_THREAD] = sizeof(struct thread_record),
	[RECORD_SOCKET] = sizeof(struct socket_record),	    [RECORD_REQUEST] = sizeof(struct request_record),
	[RECORD_LISTENER] = sizeof(struct listener_record), [RECORD_LOOP] = sizeof(struct loop_record),
	[RECORD_OWNER] = sizeof(struct owner_record),	    [RECORD_EPOLL] = sizeof(struct epoll_record),
	[RECORD_EVENT] = sizeof(struct event_record),	    [RECORD_PROCESS] = sizeof(struct process_record),
	[RECORD_USAGE] = sizeof(struct usage_record),	    [RECORD_NOTE] = sizeof(struct note_record),
	[RECORD_NETNS] = sizeof(struct netns_record),	    [RECORD_LOST] = sizeof(struct lost_record),
	[RECORD_INSTANCE] = sizeof(struct instance_record), [RECORD_WATCH] = sizeof(struct watch_record),
	[RECORD_ADDRESS] = sizeof(struct address_record), [RECORD_TRANSLATION] = sizeof(struct translation_record),
	[RECORD_PIPE_READER] = sizeof(struct owner_record), [RECORD_PIPE_WRITER] = sizeof(struct owner_record),
	[RECORD_DETAIL] = sizeof(struct detail_record),	    [RECORD_REGION] = sizeof(struct region_record),
};

size_t look_record_size(__u32 type)
{
	return type < RECORD_TYPES ? record_sizes[type] : 0;
}

/* Checking. Nothing of a record is used before it has passed. */

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
	if (header->size != size)
		return false;
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

/* What the records so far announced for the next one. */
struct expected {
	bool look, socket, detail;
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

/* Checks all records, and counts them by type. */
static int count_records(const struct look *look, size_t counts[RECORD_TYPES])
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
		{&look->sockets.items, RECORD_SOCKET},	   {&look->connections.items, RECORD_SOCKET},
		{&look->requests.items, RECORD_REQUEST},
		{&look->listeners.items, RECORD_LISTENER}, {&look->owners.items, RECORD_OWNER},
		{&look->pipe_readers.items, RECORD_PIPE_READER},
		{&look->pipe_writers.items, RECORD_PIPE_WRITER},
		{&look->epolls.items, RECORD_EPOLL},	   {&look->events.items, RECORD_EVENT},
		{&look->processes.items, RECORD_PROCESS},  {&look->namespaces.items, RECORD_NETNS},
		{&look->usages.items, RECORD_USAGE},	   {&look->notes.items, RECORD_NOTE},
		{&look->lost.items, RECORD_LOST},	   {&look->regions.items, RECORD_REGION},
		{&look->addresses.items, RECORD_ADDRESS},   {&look->translations.items, RECORD_TRANSLATION},
		{&look->instances.items, RECORD_INSTANCE}, {&look->owners_by_inode.items, RECORD_OWNER},
	};
	size_t i;

	if (resize(&look->threads.items, counts[RECORD_THREAD], sizeof(*look->threads.items)))
		return -ENOMEM;
	if (resize(&look->watches.items, counts[RECORD_WATCH], sizeof(*look->watches.items)))
		return -ENOMEM;
	for (i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
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
	case RECORD_REGION:
		ADD(look->regions, header);
		break;
	case RECORD_LOST:
		ADD(look->lost, header);
		break;
	}
	return header->size;
}

#undef ADD

/* Sorting. Equal keys stay in the order of the bytes, so that a replay sees what the live run saw. */

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_threads(const void *left, const void *right)
{
	const struct thread_record *a = ((const struct thread_view *)left)->thread;
	const struct thread_record *b = ((const struct thread_view *)right)->thread;
	int order = COMPARE(a->pid, b->pid);

	if (!order)
		order = COMPARE(a->tid, b->tid);
	return order ? order : COMPARE(a, b);
}

static int compare_owners(const void *left, const void *right)
{
	const struct owner_record *a = *(const struct owner_record *const *)left;
	const struct owner_record *b = *(const struct owner_record *const *)right;
	int order = COMPARE(a->cookie, b->cookie);

	if (!order)
		order = COMPARE(a->pid, b->pid);
	if (!order)
		order = COMPARE(a->fd, b->fd);
	return order ? order : COMPARE(a, b);
}

static int compare_inodes(const void *left, const void *right)
{
	const struct owner_record *a = *(const struct owner_record *const *)left;
	const struct owner_record *b = *(const struct owner_record *const *)right;
	int order = COMPARE(a->inode, b->inode);

	if (!order)
		order = COMPARE(a->pid, b->pid);
	if (!order)
		order = COMPARE(a->fd, b->fd);
	return order ? order : COMPARE(a, b);
}

static int compare_processes(const void *left, const void *right)
{
	const struct process_record *a = *(const struct process_record *const *)left;
	const struct process_record *b = *(const struct process_record *const *)right;
	int order = COMPARE(a->pid, b->pid);

	return order ? order : COMPARE(a, b);
}

static int compare_usages(const void *left, const void *right)
{
	const struct usage_record *a = *(const struct usage_record *const *)left;
	const struct usage_record *b = *(const struct usage_record *const *)right;
	int order = COMPARE(a->pid, b->pid);

	return order ? order : COMPARE(a, b);
}

static int compare_notes(const void *left, const void *right)
{
	const struct note_record *a = *(const struct note_record *const *)left;
	const struct note_record *b = *(const struct note_record *const *)right;
	int order = COMPARE(a->tid, b->tid);

	if (!order)
		order = COMPARE(a->kind, b->kind);
	return order ? order : COMPARE(a, b);
}

/* The kernel walks threads in order, mostly: then there is nothing to sort. */
static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	const char *item = items;
	size_t i;

	for (i = 1; i < count; i++, item += size) {
		if (compare(item, item + size) > 0) {
			qsort(items, count, size, compare);
			return;
		}
	}
}

static void forget_index(struct look *look)
{
	look->head = NULL;
	look->threads.count = 0;
	look->sockets.count = 0;
	look->requests.count = 0;
	look->listeners.count = 0;
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
	look->namespaces.count = 0;
	look->addresses.count = 0;
	look->translations.count = 0;
	look->regions.count = 0;
	look->instances.count = 0;
	look->watches.count = 0;
	look->lost.count = 0;
}

int look_index(struct look *look)
{
	size_t counts[RECORD_TYPES] = {0};
	size_t offset;
	int err;

	forget_index(look);
	err = count_records(look, counts);
	if (err)
		return err;
	err = make_arrays(look, counts);
	if (err)
		return err;
	for (offset = 0; offset < look->bytes.size;)
		offset += add_record(look, (const void *)(look->bytes.data + offset));
	sort(look->threads.items, look->threads.count, sizeof(*look->threads.items), compare_threads);
	sort(look->owners.items, look->owners.count, sizeof(*look->owners.items), compare_owners);
	sort(look->pipe_readers.items, look->pipe_readers.count, sizeof(*look->pipe_readers.items), compare_owners);
	sort(look->pipe_writers.items, look->pipe_writers.count, sizeof(*look->pipe_writers.items), compare_owners);
	sort(look->owners_by_inode.items, look->owners_by_inode.count, sizeof(*look->owners_by_inode.items),
	     compare_inodes);
	sort(look->processes.items, look->processes.count, sizeof(*look->processes.items), compare_processes);
	sort(look->usages.items, look->usages.count, sizeof(*look->usages.items), compare_usages);
	sort(look->notes.items, look->notes.count, sizeof(*look->notes.items), compare_notes);
	return 0;
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
	free(look->namespaces.items);
	free(look->addresses.items);
	free(look->translations.items);
	free(look->regions.items);
	free(look->instances.items);
	free(look->watches.items);
	free(look->lost.items);
	buffer_free(&look->bytes);
	*look = (struct look){0};
}

/* Looking up. Each finds the first item that is not below the key. */

static bool thread_below(const struct thread_record *thread, __u32 pid, __u32 tid)
{
	return thread->pid < pid || (thread->pid == pid && thread->tid < tid);
}

const struct thread_view *look_thread(const struct look *look, __u32 pid, __u32 tid)
{
	size_t low = 0, high = look->threads.count;
	const struct thread_view *found;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (thread_below(look->threads.items[middle].thread, pid, tid))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == look->threads.count)
		return NULL;
	found = &look->threads.items[low];
	return found->thread->pid == pid && found->thread->tid == tid ? found : NULL;
}

const struct loop_record *look_loop(const struct thread_view *view, __u32 interface)
{
	size_t i;

	for (i = 0; i < view->loop_count; i++) {
		if (view->loops[i].interface == interface)
			return &view->loops[i];
	}
	return NULL;
}

/* Sorted by cookie; those without are many different ones. */
static const struct owner_record *const *find_holders(const struct owner_record *const *items, size_t all, __u64 cookie,
						      size_t *count)
{
	size_t low = 0, high = all, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items[middle]->cookie < cookie)
			low = middle + 1;
		else
			high = middle;
	}
	*count = 0;
	if (!cookie)
		return NULL;
	for (end = low; end < all && items[end]->cookie == cookie; end++)
		(*count)++;
	return *count ? &items[low] : NULL;
}

const struct owner_record *const *look_owners(const struct look *look, __u64 cookie, size_t *count)
{
	return find_holders(look->owners.items, look->owners.count, cookie, count);
}

const struct owner_record *const *look_pipe_ends(const struct look *look, __u64 number, bool writers, size_t *count)
{
	if (writers)
		return find_holders(look->pipe_writers.items, look->pipe_writers.count, number, count);
	return find_holders(look->pipe_readers.items, look->pipe_readers.count, number, count);
}

#define INIT_PID 1

const struct owner_record *look_owner_of_inode(const struct look *look, __u64 inode)
{
	const struct owner_record *const *owners = look->owners_by_inode.items;
	size_t low = 0, high = look->owners_by_inode.count, count = high;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (owners[middle]->inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	if (!inode || low == count || owners[low]->inode != inode)
		return NULL;
	if (owners[low]->pid == INIT_PID && low + 1 < count && owners[low + 1]->inode == inode)
		low++;
	return owners[low];
}

const char *look_netns_name(const struct look *look, __u32 netns)
{
	size_t i;

	for (i = 0; i < look->namespaces.count; i++)
		if (look->namespaces.items[i]->netns == netns && look->namespaces.items[i]->name[0])
			return look->namespaces.items[i]->name;
	return NULL;
}

bool look_is_put_off(const struct look *look, __u32 netns)
{
	size_t i;

	for (i = 0; i < look->namespaces.count && look->head->put_off; i++)
		if (look->namespaces.items[i]->netns == netns)
			return look->namespaces.items[i]->put_off;
	return false;
}

const char *look_cgroup(const struct look *look, __u32 pid)
{
	size_t low = 0, high = look->processes.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (look->processes.items[middle]->pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == look->processes.count || look->processes.items[low]->pid != pid)
		return NULL;
	return look->processes.items[low]->cgroup;
}

const struct usage_record *look_usage(const struct look *look, __u32 pid)
{
	size_t low = 0, high = look->usages.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (look->usages.items[middle]->pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < look->usages.count && look->usages.items[low]->pid == pid ? look->usages.items[low] : NULL;
}

static bool note_below(const struct note_record *note, __u32 tid, __u32 kind)
{
	return note->tid < tid || (note->tid == tid && note->kind < kind);
}

const char *look_note(const struct look *look, __u32 tid, __u32 kind)
{
	size_t low = 0, high = look->notes.count;
	const struct note_record *found;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (note_below(look->notes.items[middle], tid, kind))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == look->notes.count)
		return NULL;
	found = look->notes.items[low];
	return found->tid == tid && found->kind == kind ? found->text : NULL;
}

const char *look_comm(struct arena *arena, const char comm[16])
{
	return arena_printf(arena, "%.16s", comm);
}

__u64 look_realtime(const struct look *look, __u64 monotonic_ns)
{
	if (!monotonic_ns)
		return 0;
	return look->head->realtime_ns + (monotonic_ns - look->head->seen_ns);
}

__u64 look_asleep_since(const struct look *look, const struct thread_record *thread)
{
	__u64 since = thread->last_arrival;

	if (!(thread->flags & (THREAD_SLEEPING | THREAD_STOPPED)) || !since || !look->head->sched_offset_valid)
		return 0;
	if (thread->flags & THREAD_FAIR && __builtin_add_overflow(since, thread->slice_ns, &since))
		return 0;
	if (__builtin_add_overflow(since, look->head->sched_offset_ns, &since))
		return 0;
	return since < thread->seen_ns ? since : thread->seen_ns;
}
