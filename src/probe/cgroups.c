/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Where processes run: the cgroup path from /proc/PID/cgroup, read once for each process and again now
 * and then, because a process can be moved.
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
	__u32 pid;
};

struct process_cache {
	struct cgroup_entry *entries;
	size_t count, capacity;
	__u64 generation;
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

	return entry->cgroup ? record_add_text(buffer, &record, sizeof(record), entry->cgroup, length) : 0;
}

static void refresh(struct cgroup_entry *entry, __u64 start_ns, __u64 look)
{
	bool is_known = entry->read_at && entry->process_start_ns == start_ns;
	char *cgroup;

	if (is_known && look - entry->read_at < REFRESH_LOOKS)
		return;
	cgroup = process_cgroup(entry->pid);
	/* It does not move any more: what was known stays true. */
	if (cgroup || !is_known) {
		free(entry->cgroup);
		entry->cgroup = cgroup;
	}
	entry->process_start_ns = start_ns;
	entry->read_at = look;
}

/* One record for a process and look. `sorted` entries of the cache were there before this look. */
static int add_process(struct probe *probe, struct buffer *buffer, size_t sorted, __u32 pid, __u64 start_ns)
{
	struct cgroup_entry *entry = find_entry(probe->processes, sorted, pid);
	size_t i;

	for (i = sorted; !entry && i < probe->processes->count; i++)
		if (probe->processes->entries[i].pid == pid)
			entry = &probe->processes->entries[i];
	if (!entry) {
		entry = add_entry(probe->processes);
		if (!entry)
			return -ENOMEM;
		entry->pid = pid;
	}
	if (entry->used_at == probe->looks)
		return 0;
	entry->used_at = probe->looks;
	refresh(entry, start_ns, probe->looks);
	return add_record(buffer, entry);
}

static void forget_unused(struct process_cache *cache, __u64 look)
{
	size_t i, kept = 0;

	for (i = 0; i < cache->count; i++) {
		if (cache->entries[i].used_at == look)
			cache->entries[kept++] = cache->entries[i];
		else
			free(cache->entries[i].cgroup);
	}
	cache->count = kept;
	if (kept)
		qsort(cache->entries, kept, sizeof(*cache->entries), compare_entries);
}

int probe_processes_add(struct probe *probe, struct buffer *buffer)
{
	struct buffer added = {0};
	size_t offset = 0, sorted = probe->processes->count;
	struct record_header *header;
	__u32 last = 0;
	int err = 0;

	while (!err && (header = record_next(buffer, &offset))) {
		const struct thread_record *thread = (const void *)header;
		const struct owner_record *owner = (const void *)header;
		const struct unread_record *unread = (const void *)header;

		if (header->type == RECORD_THREAD && thread->pid != last) {
			last = thread->pid;
			err = add_process(probe, &added, sorted, thread->pid, thread->process_start_ns);
		} else if (header->type == RECORD_OWNER || header->type == RECORD_PIPE_READER ||
			   header->type == RECORD_PIPE_WRITER) {
			err = add_process(probe, &added, sorted, owner->pid, owner->process_start_ns);
		} else if (header->type == RECORD_UNREAD) {
			err = add_process(probe, &added, sorted, unread->pid, unread->process_start_ns);
		}
	}
	if (!err)
		err = buffer_append(buffer, added.data, added.size);
	buffer_free(&added);
	forget_unused(probe->processes, probe->looks);
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
