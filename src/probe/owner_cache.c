/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The result of the last walk over all descriptors. See owners.h. */
#include <stdlib.h>

#include "base/sorted.h"
#include "look/records.h"
#include "look/unserved_dates.h"
#include "probe/internal.h"
#include "probe/owners.h"

static int compare_owners(const void *left, const void *right)
{
	const struct owner_record *a = left, *b = right;

	return a->cookie < b->cookie ? -1 : a->cookie > b->cookie;
}

/* All that tells records apart, for sorting. */
static int compare_records(const void *left, const void *right)
{
	const struct owner_record *a = left, *b = right;
	int order = compare_owners(a, b);

	if (!order)
		order = a->pid < b->pid ? -1 : a->pid > b->pid;
	return order ? order : (a->fd > b->fd) - (a->fd < b->fd);
}

static int compare_inodes(const void *left, const void *right)
{
	const struct owner_record *a = left, *b = right;

	return a->inode < b->inode ? -1 : a->inode > b->inode;
}

/*
 * A process whose first thread has exited comes by once for each of its threads (task_file_seq_get_next()
 * skips the others only where they share the leader's files).
 */
static void sort_unique(struct buffer *owners)
{
	struct owner_record *items = (void *)owners->data;
	size_t i, kept = 0, count = owners->size / sizeof(*items);

	if (!count)
		return;
	qsort(items, count, sizeof(*items), compare_records);
	for (i = 0; i < count; i++)
		if (!i || compare_records(&items[kept - 1], &items[i]))
			items[kept++] = items[i];
	owners->size = kept * sizeof(*items);
}

struct owner_record *owner_cache_find(const struct owner_cache *cache, __u64 cookie)
{
	struct owner_record key = {.cookie = cookie};

	if (!cache->owners.size)
		return NULL;
	return bsearch(&key, cache->owners.data, cache->owners.size / sizeof(key), sizeof(key), compare_owners);
}

bool owner_cache_knows(const struct owner_cache *cache, __u64 cookie)
{
	return owner_cache_find(cache, cookie) ||
	       (cache->missed_count &&
		bsearch(&cookie, cache->missed, cache->missed_count, sizeof(cookie), compare_numbers));
}

__u64 owner_cache_cookie(const struct owner_cache *cache, __u64 inode)
{
	struct owner_record key = {.inode = inode};
	const struct owner_record *found = NULL;

	if (cache->by_inode.size)
		found = bsearch(&key, cache->by_inode.data, cache->by_inode.size / sizeof(key), sizeof(key),
				compare_inodes);
	return found ? found->cookie : 0;
}

bool owner_cache_knows_inode(const struct owner_cache *cache, __u64 inode)
{
	return owner_cache_cookie(cache, inode) ||
	       (cache->missed_inode_count &&
		bsearch(&inode, cache->missed_inodes, cache->missed_inode_count, sizeof(inode), compare_numbers));
}

/* The records of one socket, sorted by pid. */
static void mark_parent(struct owner_record *owners, size_t count, __u32 parent)
{
	size_t i = LOWER_BOUND(count, at, owners[at].pid < parent);

	for (; i < count && owners[i].pid == parent; i++)
		owners[i].flags |= OWNER_HAS_FORKED;
}

static void mark_parents(const struct buffer *owners)
{
	struct owner_record *items = (void *)owners->data;
	size_t i, first = 0, end = 0, count = owners->size / sizeof(*items);

	for (i = 0; i < count; i++) {
		if (i == end)
			for (first = i; end < count && items[end].cookie == items[first].cookie; end++)
				;
		if (items[i].flags & OWNER_FORKED)
			mark_parent(items + first, end - first, items[i].parent_pid);
	}
}

/* The owners once more, by inode. */
static int index_inodes(struct owner_cache *cache)
{
	int err;

	buffer_reset(&cache->by_inode);
	err = buffer_append(&cache->by_inode, cache->owners.data, cache->owners.size);
	if (!err && cache->by_inode.size)
		qsort(cache->by_inode.data, cache->by_inode.size / sizeof(struct owner_record),
		      sizeof(struct owner_record), compare_inodes);
	return err;
}

static struct buffer *place_of(struct owner_cache *cache, __u32 type)
{
	switch (type) {
	case RECORD_OWNER:
		return &cache->owners;
	case RECORD_SOCKET:
		return &cache->connections;
	case RECORD_PIPE_READER:
	case RECORD_PIPE_WRITER:
		return &cache->pipes;
	default:
		return &cache->epolls;
	}
}

int owner_cache_take(struct owner_cache *cache, const struct buffer *scan, bool waits_are_counted)
{
	struct buffer before = cache->epolls;
	struct record_header *header;
	size_t offset = 0;
	int err = 0;

	buffer_reset(&cache->owners);
	cache->epolls = (struct buffer){0};
	buffer_reset(&cache->connections);
	buffer_reset(&cache->pipes);
	while (!err && (header = record_next(scan, &offset)))
		err = buffer_append(place_of(cache, header->type), header, header->size);
	sort_unique(&cache->owners);
	unserved_date(&cache->epolls, &before, waits_are_counted);
	buffer_free(&before);
	mark_parents(&cache->owners);
	return err ? err : index_inodes(cache);
}

void owner_cache_patch(const struct owner_cache *cache, struct buffer *buffer)
{
	struct record_header *header;
	size_t offset = 0;

	while ((header = record_next(buffer, &offset))) {
		struct socket_record *socket = (void *)header;

		if (header->type == RECORD_SOCKET && !socket->name.cookie && socket->name.inode)
			socket->name.cookie = owner_cache_cookie(cache, socket->name.inode);
	}
}

int owner_cache_add(const struct owner_cache *cache, const struct wanted *wanted, struct buffer *buffer)
{
	const struct owner_record *begin = (const void *)cache->owners.data;
	const struct owner_record *end = begin + cache->owners.size / sizeof(*begin);
	size_t i, count = wanted->cookies.size / sizeof(__u64);
	const __u64 *cookies = (const void *)wanted->cookies.data;
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		const struct owner_record *owner =
			i && cookies[i] == cookies[i - 1] ? NULL : owner_cache_find(cache, cookies[i]);

		while (owner && owner > begin && owner[-1].cookie == cookies[i])
			owner--;
		for (; owner && !err && owner < end && owner->cookie == cookies[i]; owner++)
			err = buffer_append(buffer, owner, sizeof(*owner));
	}
	return err;
}

bool owner_cache_knows_pipe(const struct owner_cache *cache, __u64 inode)
{
	const struct owner_record *ends = (const void *)cache->pipes.data;
	size_t i, count = cache->pipes.size / sizeof(*ends);

	for (i = 0; i < count; i++)
		if (ends[i].inode == inode)
			return true;
	return false;
}

int owner_cache_add_pipes(const struct owner_cache *cache, const struct wanted *wanted, struct buffer *buffer)
{
	const struct owner_record *ends = (const void *)cache->pipes.data;
	const struct wanted_pipe *pipes = (const void *)wanted->pipes.data;
	size_t i, j, count = cache->pipes.size / sizeof(*ends), wants = wanted->pipes.size / sizeof(*pipes);
	int err = 0;

	for (i = 0; i < wants; i++)
		for (j = 0; j < count && !err; j++) {
			struct owner_record end = ends[j];

			if (end.inode != pipes[i].inode)
				continue;
			end.cookie = pipes[i].number;
			err = buffer_append(buffer, &end, sizeof(end));
		}
	return err;
}

struct owner_cache *probe_owners_new(void)
{
	return calloc(1, sizeof(struct owner_cache));
}

void probe_owners_free(struct owner_cache *owners)
{
	if (!owners)
		return;
	buffer_free(&owners->owners);
	buffer_free(&owners->by_inode);
	buffer_free(&owners->connections);
	buffer_free(&owners->pipes);
	free(owners->missed_inodes);
	buffer_free(&owners->epolls);
	free(owners->missed);
	free(owners);
}
