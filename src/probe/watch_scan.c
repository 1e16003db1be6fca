/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* From the list of what an epoll instance watches to the facts: through /proc/PID/fdinfo and the watch scan. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "look/records.h"
#include "look/watch_facts.h"
#include "probe/internal.h"
#include "probe/watches.h"

/* The most text of an instance that is read; a watch takes about 80 bytes of it. */
#define FDINFO_MAX (16u << 20)

/* ---- The list ---- */

static int compare_watches(const void *left, const void *right)
{
	const struct fdinfo_watch *a = left, *b = right;

	if (a->fd != b->fd)
		return a->fd < b->fd ? -1 : 1;
	return a->inode < b->inode ? -1 : a->inode > b->inode;
}

static void take_watch(struct watched_instance *instance, const struct fdinfo_watch *watch, size_t room)
{
	instance->watches++;
	instance->edge += !!(watch->events & WATCH_EDGE);
	instance->oneshot += !!(watch->events & WATCH_ONESHOT);
	if (instance->listed < room)
		instance->list[instance->listed++] = *watch;
}

static size_t count_lines(const struct buffer *text)
{
	const char *at = text->data, *end = at + text->size;
	size_t lines = 0;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
		lines++;
		at++;
	}
	return lines;
}

static int parse_fdinfo(struct watched_instance *instance, const struct buffer *text, size_t most)
{
	size_t lines = count_lines(text), room = lines < most ? lines : most;
	struct fdinfo_watch *list = reallocarray(instance->list, room + 1, sizeof(*list)), watch;
	const char *at = text->data, *end = at + text->size, *stop;

	if (!list)
		return -ENOMEM;
	instance->list = list;
	instance->listed = 0;
	instance->watches = instance->edge = instance->oneshot = 0;
	instance->flags = text->size < FDINFO_MAX ? 0 : INSTANCE_CUT;
	for (; at < end && (stop = memchr(at, '\n', (size_t)(end - at))); at = stop + 1)
		if (fdinfo_watch_parse(&watch, at, (size_t)(stop - at)))
			take_watch(instance, &watch, room);
	if (instance->listed)
		qsort(list, instance->listed, sizeof(*list), compare_watches);
	return 0;
}

static void ask_for(struct foreign_question *question, const struct watched_instance *instance)
{
	*question = (struct foreign_question){
		.request = {.kind = FOREIGN_FDINFO,
			    .pid = instance->pid,
			    .tid = instance->tid,
			    .fd = instance->fd,
			    .size = FDINFO_MAX},
		.process_start_ns = instance->process_start_ns,
	};
}

/* Watches that could not be read stay as they were known before. */
static int take_answer(struct watched_instance *instance, const struct foreign_question *question,
		       const struct buffer *answers, size_t most, __u64 now_ns)
{
	const struct buffer text = {.data = answers->data + question->at, .size = question->err ? 0 : question->size};

	if (question->err == -ETIMEDOUT)
		return 0;
	instance->read_ns = now_ns;
	return parse_fdinfo(instance, &text, most);
}

int probe_watches_read(struct probe *probe, struct watched_instance *const *instances, size_t count, size_t most,
		       __u64 now_ns)
{
	struct foreign_question questions[WATCHES_AT_ONCE];
	struct buffer answers = {0};
	size_t i;
	int err;

	for (i = 0; i < count; i++)
		ask_for(&questions[i], instances[i]);
	err = foreign_ask(probe->foreign, questions, count, &answers);
	for (i = 0; i < count && !err; i++)
		err = take_answer(instances[i], &questions[i], &answers, most, now_ns);
	buffer_free(&answers);
	return err;
}

/* ---- The scan ---- */

/* One process at a time since Linux 6.1; before, the kernel does not look at the pid and walks all. */
int probe_watch_scan_process(struct probe *probe, __u32 pid, struct buffer *records)
{
	union bpf_iter_link_info info = {.task.pid = pid};
	LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &info, .link_info_len = sizeof(info));
	struct bpf_link *link = bpf_program__attach_iter(probe->attached.skeleton->progs.watch_scan, &options);
	int err;

	/* A kernel that knows less of what can be said about an iterator refuses, and walks all files without it. */
	if (!link && (errno == E2BIG || errno == EINVAL))
		link = bpf_program__attach_iter(probe->attached.skeleton->progs.watch_scan, NULL);
	if (!link)
		return errno == ESRCH ? 0 : -errno; /* it has gone */
	err = probe_read_iter(link, records, &probe->losses.count[LOST_WATCHES]);
	bpf_link__destroy(link);
	return err;
}

static int add_file(struct buffer *keys, __u32 pid, __s32 fd)
{
	__u64 key = (__u64)pid << 32 | (__u32)fd;

	return buffer_append(keys, &key, sizeof(key));
}

static int collect_files(struct buffer *keys, const struct watched_instance *instances, size_t count)
{
	size_t i, j;
	int err = 0;

	for (i = 0; i < count; i++)
		for (j = 0; instances[i].wanted && j < instances[i].listed && !err; j++)
			if (keys->size / sizeof(__u64) < WATCH_FILES_MAX)
				err = add_file(keys, instances[i].pid, instances[i].list[j].fd);
	return err;
}

/* All at once since Linux 5.6. */
static int fill_wanted(int map, const struct buffer *keys)
{
	__u32 count = (__u32)(keys->size / sizeof(__u64));
	__u8 *values = calloc(count + 1, 1);
	int err;

	if (!values)
		return -ENOMEM;
	err = count ? bpf_map_update_batch(map, keys->data, values, &count, NULL) : 0;
	free(values);
	return err;
}

static void empty_wanted(int map, const struct buffer *keys)
{
	const __u64 *key = (const void *)keys->data;
	__u32 i, count = (__u32)(keys->size / sizeof(*key)), done = count;

	if (!count || !bpf_map_delete_batch(map, key, &done, NULL))
		return;
	/* A key that stood there twice stops the batch. */
	for (i = 0; i < count; i++)
		bpf_map_delete_elem(map, &key[i]);
}

/* Runs the scan for each process that has a wanted instance; where one run brought others, too, it brought all. */
static int scan_processes(struct probe *probe, const struct watched_instance *instances, size_t count,
			  struct buffer *records)
{
	struct record_header *header;
	size_t i, j, offset;
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		for (j = 0; j < i && (!instances[j].wanted || instances[j].pid != instances[i].pid); j++)
			;
		if (!instances[i].wanted || j < i)
			continue;
		offset = records->size;
		err = probe_watch_scan_process(probe, instances[i].pid, records);
		while (!err && (header = record_next(records, &offset))) {
			const struct epoll_record *epoll = (const void *)header;

			if (header->type == RECORD_EPOLL && epoll->pid != instances[i].pid)
				return 0;
		}
	}
	return err;
}

/* ---- Putting both together ---- */

struct watch_record *watch_next(const struct buffer *facts, size_t *offset, struct socket_record **socket)
{
	struct watch_record *watch;

	*socket = NULL;
	do
		watch = (void *)record_next(facts, offset);
	while (watch && watch->header.type != RECORD_WATCH);
	if (watch && watch->flags & WATCH_HAS_SOCKET)
		*socket = (void *)record_next(facts, offset);
	return watch;
}

/* A watch that the scan found: where it is in the scan's bytes. */
struct found {
	__u32 pid;
	__s32 fd;
	size_t offset;
};

static int compare_found(const void *left, const void *right)
{
	const struct found *a = left, *b = right;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->fd < b->fd ? -1 : a->fd > b->fd;
}

static int index_records(const struct buffer *records, struct buffer *index)
{
	struct socket_record *socket;
	struct watch_record *watch;
	struct found found;
	size_t offset = 0;
	int err = 0;

	while (!err && (watch = watch_next(records, &offset, &socket))) {
		found = (struct found){watch->pid, watch->fd, (size_t)((char *)watch - records->data)};
		err = buffer_append(index, &found, sizeof(found));
	}
	if (!err && index->size)
		qsort(index->data, index->size / sizeof(found), sizeof(found), compare_found);
	return err;
}

/* Since when these very bytes lie there: what was known at the scan before stays true while nothing changed. */
static __u64 unread_since(const struct buffer *before, size_t *offset, const struct watch_record *watch,
			  const struct socket_record *socket)
{
	struct socket_record *old_socket;
	struct watch_record *old;
	size_t at = *offset;

	/* Both are in order. */
	while ((old = watch_next(before, &at, &old_socket)) && old->fd < watch->fd)
		*offset = at;
	if (!old || old->fd != watch->fd || old->inode != watch->inode || !old_socket || !old->unread_since_ns)
		return socket->seen_ns;
	if (old_socket->unread_bytes != socket->unread_bytes || old_socket->bytes_received != socket->bytes_received)
		return socket->seen_ns;
	return old->unread_since_ns;
}

static int add_fact(struct watched_instance *instance, const struct fdinfo_watch *listed,
		    const struct watch_record *found, const struct buffer *before, size_t *before_offset)
{
	struct watch_record watch = {.header = {RECORD_WATCH, sizeof(watch)}};
	const struct socket_record *socket = NULL;
	int err;

	/* The descriptor may lead to something else by now. */
	if (found && found->inode == listed->inode) {
		watch = *found;
		if (watch.flags & WATCH_HAS_SOCKET)
			socket = (const void *)(found + 1);
	}
	watch.pid = instance->pid;
	watch.fd = listed->fd;
	watch.inode = listed->inode;
	watch.events = listed->events;
	if (socket && watch_unread(&watch, socket))
		watch.unread_since_ns = unread_since(before, before_offset, &watch, socket);
	err = buffer_append(&instance->facts, &watch, sizeof(watch));
	return err || !socket ? err : buffer_append(&instance->facts, socket, sizeof(*socket));
}

static int take_facts(struct watched_instance *instance, const struct buffer *records, const struct buffer *index)
{
	size_t i, before_offset = 0, count = index->size / sizeof(struct found);
	struct buffer before = instance->facts;
	const struct found *found;
	int err = 0;

	instance->facts = (struct buffer){0};
	for (i = 0; i < instance->listed && !err; i++) {
		struct found key = {instance->pid, instance->list[i].fd, 0};

		found = count ? bsearch(&key, index->data, count, sizeof(key), compare_found) : NULL;
		err = add_fact(instance, &instance->list[i],
			       found ? (const void *)(records->data + found->offset) : NULL, &before, &before_offset);
	}
	buffer_free(&before);
	return err;
}

static void forget_closed(struct watched_instance *instance)
{
	instance->read_ns = instance->scanned_ns = 0;
	instance->watches = instance->edge = instance->oneshot = 0;
	instance->listed = 0;
	instance->missed = false;
	instance->still_since_ns = 0;
	instance->ready = 0;
	buffer_reset(&instance->facts);
}

/* Events that nobody has fetched: told with the facts, of the same moment. */
static void take_ready(struct watched_instance *instances, size_t count, const struct buffer *records)
{
	struct record_header *header;
	size_t i, offset = 0;

	while ((header = record_next(records, &offset))) {
		const struct epoll_record *epoll = (const void *)header;

		for (i = 0; header->type == RECORD_EPOLL && i < count; i++) {
			if (!instances[i].wanted || instances[i].pid != epoll->pid || instances[i].fd != epoll->fd)
				continue;
			instances[i].seen = true;
			instances[i].flags |= epoll->ready ? INSTANCE_READY : 0;
			instances[i].flags |= epoll->unread ? INSTANCE_UNREAD : 0;
			instances[i].ready = epoll->first_ready ? epoll->first_ready : instances[i].ready;
		}
	}
	for (i = 0; i < count; i++)
		if (instances[i].wanted && !instances[i].seen)
			forget_closed(&instances[i]);
}

static int take_scan(struct watched_instance *instances, size_t count, const struct buffer *records)
{
	struct buffer index = {0};
	int err = index_records(records, &index);
	size_t i;

	for (i = 0; i < count && !err; i++) {
		if (!instances[i].wanted)
			continue;
		instances[i].seen = false;
		instances[i].flags &= INSTANCE_CUT;
		if (instances[i].listed == instances[i].watches)
			instances[i].flags |= INSTANCE_SCANNED;
		instances[i].scanned_ns = clock_ns(CLOCK_MONOTONIC);
		err = take_facts(&instances[i], records, &index);
	}
	if (!err)
		take_ready(instances, count, records);
	buffer_free(&index);
	return err;
}

int probe_watches_scan(struct probe *probe, struct watched_instance *instances, size_t count)
{
	int map = bpf_map__fd(probe->attached.skeleton->maps.wanted_files);
	struct buffer keys = {0}, records = {0};
	int err = collect_files(&keys, instances, count);

	if (!err)
		err = fill_wanted(map, &keys);
	if (!err)
		err = scan_processes(probe, instances, count, &records);
	empty_wanted(map, &keys);
	if (!err)
		err = take_scan(instances, count, &records);
	buffer_free(&keys);
	buffer_free(&records);
	return err;
}
