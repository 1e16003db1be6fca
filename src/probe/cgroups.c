/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Where processes run: the cgroup path from /proc/PID/cgroup, read once for each process and again now
 * and then, because a process can be moved; and what its container is called.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "look/records.h"
#include "probe/internal.h"
#include "system/cgroup.h"

#define REFRESH_LOOKS 64

struct cgroup_entry {
	__u64 process_start_ns;
	__u64 read_at; /* number of the look */
	__u64 used_at;
	char *cgroup;
	char container[CONTAINER_ID_SIZE]; /* empty: it is in none */
	char *names; /* NUL-terminated texts, in the order of enum process_name; NULL: none */
	size_t names_size;
	__u32 pid;
};

struct process_cache {
	struct cgroup_entry *entries;
	size_t count, capacity;
	__u64 generation;
	unsigned int file; /* of container_files, the one that named a container last */
};

static int compare_entries(const void *left, const void *right)
{
	const struct cgroup_entry *a = left, *b = right;

	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

static struct cgroup_entry *find_entry(struct process_cache *cache, size_t sorted, __u32 pid)
{
	struct cgroup_entry key = {.pid = pid};

	return cache->entries ? bsearch(&key, cache->entries, sorted, sizeof(key), compare_entries) : NULL;
}

static struct cgroup_entry *add_entry(struct process_cache *cache)
{
	void *entries = array_grow(cache->entries, cache->count, &cache->capacity, 64, sizeof(*cache->entries));

	if (!entries)
		return NULL;
	cache->entries = entries;
	memset(&cache->entries[cache->count], 0, sizeof(*cache->entries));
	return &cache->entries[cache->count++];
}

static int add_record(struct buffer *buffer, const struct cgroup_entry *entry)
{
	size_t length = entry->cgroup ? strlen(entry->cgroup) : 0;
	struct process_record record = {
		.header = {.type = RECORD_PROCESS},
		.process_start_ns = entry->process_start_ns,
		.pid = entry->pid,
		.cgroup_length = (__u32)length,
	};
	struct buffer texts = {0};
	int err;

	if (!entry->cgroup)
		return 0;
	err = buffer_append(&texts, entry->cgroup, length + 1)
		      ?: buffer_append(&texts, entry->names, entry->names_size);
	if (!err)
		err = record_add_text(buffer, &record, sizeof(record), texts.data, texts.size);
	buffer_free(&texts);
	return err;
}

/* ---- What the container is called ---- */

static void forget(struct cgroup_entry *entry)
{
	free(entry->cgroup);
	free(entry->names);
	entry->cgroup = entry->names = NULL;
	entry->names_size = 0;
}

static int keep_names(struct cgroup_entry *entry, const char *names, size_t size)
{
	free(entry->names);
	entry->names_size = 0;
	entry->names = size ? malloc(size) : NULL;
	if (!entry->names)
		return size ? -ENOMEM : 0;
	memcpy(entry->names, names, size);
	entry->names_size = size;
	return 0;
}

/* Another process of the same container. NULL: none whose names are known. */
static const struct cgroup_entry *find_named(const struct process_cache *cache, const struct cgroup_entry *entry)
{
	size_t i;

	for (i = 0; i < cache->count; i++)
		if (&cache->entries[i] != entry && cache->entries[i].names &&
		    !strcmp(cache->entries[i].container, entry->container))
			return &cache->entries[i];
	return NULL;
}

/* A container keeps its names for life. One that is not named yet may be so later. */
static int read_names(struct process_cache *cache, const struct scan *scan, struct cgroup_entry *entry, bool is_known)
{
	char before[CONTAINER_ID_SIZE];
	const struct cgroup_entry *other;
	struct buffer names = {0};
	int err;

	memcpy(before, entry->container, sizeof(before));
	container_id_copy(entry->container, entry->cgroup);
	if (!*entry->container)
		return keep_names(entry, NULL, 0);
	if (is_known && entry->names && !strcmp(before, entry->container))
		return 0;
	other = find_named(cache, entry);
	if (other)
		return keep_names(entry, other->names, other->names_size);
	err = probe_names_read(scan, entry->pid, entry->process_start_ns, entry->container, &cache->file, &names);
	if (!err)
		err = keep_names(entry, names.data, names.size);
	buffer_free(&names);
	return err;
}

/* ---- Each process ---- */

static int refresh(struct process_cache *cache, const struct scan *scan, struct cgroup_entry *entry, __u64 start_ns)
{
	bool is_known = entry->read_at && entry->process_start_ns == start_ns;
	char *cgroup;

	if (is_known && scan->look - entry->read_at < REFRESH_LOOKS)
		return 0;
	cgroup = process_cgroup(entry->pid);
	if (!is_known)
		forget(entry);
	entry->process_start_ns = start_ns;
	entry->read_at = scan->look;
	/* It ends and does not move any more: what was known stays true. */
	if (!cgroup)
		return 0;
	free(entry->cgroup);
	entry->cgroup = cgroup;
	return read_names(cache, scan, entry, is_known);
}

/* One record for a process and look. `sorted` entries of the cache were there before this look. */
static int add_process(struct process_cache *cache, const struct scan *scan, struct buffer *buffer, size_t sorted,
		       __u32 pid, __u64 start_ns)
{
	struct cgroup_entry *entry = find_entry(cache, sorted, pid);
	size_t i;

	for (i = sorted; !entry && i < cache->count; i++)
		if (cache->entries[i].pid == pid)
			entry = &cache->entries[i];
	if (!entry) {
		entry = add_entry(cache);
		if (!entry)
			return -ENOMEM;
		entry->pid = pid;
	}
	if (entry->used_at == scan->look)
		return 0;
	entry->used_at = scan->look;
	return refresh(cache, scan, entry, start_ns) ?: add_record(buffer, entry);
}

static void forget_unused(struct process_cache *cache, __u64 look)
{
	size_t i, kept = 0;

	for (i = 0; i < cache->count; i++) {
		if (cache->entries[i].used_at == look)
			cache->entries[kept++] = cache->entries[i];
		else
			forget(&cache->entries[i]);
	}
	cache->count = kept;
	if (kept)
		qsort(cache->entries, kept, sizeof(*cache->entries), compare_entries);
}

int probe_processes_add(struct process_cache *cache, const struct scan *scan, struct buffer *buffer)
{
	struct buffer added = {0};
	size_t offset = 0, sorted = cache->count;
	struct record_header *header;
	__u32 last = 0;
	int err = 0;

	while (!err && (header = record_next(buffer, &offset))) {
		const struct thread_record *thread = (const void *)header;
		const struct owner_record *owner = (const void *)header;
		const struct unread_record *unread = (const void *)header;

		if (header->type == RECORD_THREAD && thread->pid != last) {
			last = thread->pid;
			err = add_process(cache, scan, &added, sorted, thread->pid, thread->process_start_ns);
		} else if (header->type == RECORD_OWNER || header->type == RECORD_PIPE_READER ||
			   header->type == RECORD_PIPE_WRITER) {
			err = add_process(cache, scan, &added, sorted, owner->pid, owner->process_start_ns);
		} else if (header->type == RECORD_UNREAD) {
			err = add_process(cache, scan, &added, sorted, unread->pid, unread->process_start_ns);
		}
	}
	if (!err)
		err = buffer_append(buffer, added.data, added.size);
	buffer_free(&added);
	forget_unused(cache, scan->look);
	return err;
}

struct process_cache *probe_processes_new(void)
{
	return calloc(1, sizeof(struct process_cache));
}

void probe_processes_free(struct process_cache *processes)
{
	if (!processes)
		return;
	forget_unused(processes, ~0ULL);
	free(processes->entries);
	free(processes);
}
