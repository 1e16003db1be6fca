/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Facts about a process with loops: its program and its open descriptors. Walking its table of descriptors and its
 * mappings is dear. So both are walked when the process is first seen with a loop, and the table again every few
 * seconds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "base/clock.h"
#include "look/records.h"
#include "probe/internal.h"

#define REFRESH_NS (10 * NS_PER_S)

/* A process loads its libraries and names its threads soon after its first wait: it is asked again until then. */
#define SETTLED_NS 30000000000ULL

/*
 * Processes that one look finds out about: where there are more, the rest comes with the next looks. Where there are
 * none, as many as the map holds.
 */
#define MAX_PER_LOOK 256

struct usage_entry {
	struct usage_record record;
	__u64 used_at; /* number of the look */
	__u64 read_ns; /* 0: never */
	__u64 runtime_until_ns; /* from when on the runtime is not looked up any more */
	bool unanswered; /* a read for the runtime did not come back: it is looked up at each look, until it does */
};

struct usage_cache {
	struct usage_entry *entries; /* those of the looks before: sorted by pid */
	size_t count, capacity;
};

static int compare_entries(const void *left, const void *right)
{
	__u32 a = ((const struct usage_entry *)left)->record.pid, b = ((const struct usage_entry *)right)->record.pid;

	return a < b ? -1 : a > b;
}

/* Behind the sorted ones are those that this look has added: the scan does not go process by process. */
static struct usage_entry *find_entry(struct usage_cache *cache, size_t sorted, __u32 pid)
{
	struct usage_entry key = {.record.pid = pid}, *found;
	size_t i;

	if (!cache->entries)
		return NULL;
	found = bsearch(&key, cache->entries, sorted, sizeof(key), compare_entries);
	for (i = cache->count; !found && i > sorted; i--)
		if (cache->entries[i - 1].record.pid == pid)
			found = &cache->entries[i - 1];
	return found;
}

static struct usage_entry *add_entry(struct usage_cache *cache)
{
	void *entries = array_grow(cache->entries, cache->count, &cache->capacity, 64, sizeof(*cache->entries));

	if (!entries)
		return NULL;
	cache->entries = entries;
	memset(&cache->entries[cache->count], 0, sizeof(*cache->entries));
	return &cache->entries[cache->count++];
}

static int note_process(struct usage_cache *cache, __u64 look, size_t sorted, const struct thread_record *thread)
{
	struct usage_entry *entry = find_entry(cache, sorted, thread->pid);

	if (!entry)
		entry = add_entry(cache);
	if (!entry)
		return -ENOMEM;
	if (entry->record.process_start_ns != thread->process_start_ns)
		*entry = (struct usage_entry){
			.record = {.header = {RECORD_USAGE, sizeof(entry->record)},
				   .process_start_ns = thread->process_start_ns,
				   .pid = thread->pid,
				   .threads = thread->threads,
				   .highest_fd = -1,
				   .user_watches = -1},
			.runtime_until_ns = clock_ns(CLOCK_MONOTONIC) + SETTLED_NS,
		};
	entry->used_at = look;
	return 0;
}

static int note_processes(struct usage_cache *cache, __u64 look, const struct buffer *buffer)
{
	size_t offset = 0, sorted = cache->count;
	struct record_header *header;
	int err = 0;

	while (!err && (header = record_next(buffer, &offset))) {
		const struct thread_record *thread = (const void *)header;

		if (header->type == RECORD_THREAD && (thread->loops || thread->syscall_kind == SYSCALL_WAITS_EPOLL))
			err = note_process(cache, look, sorted, thread);
	}
	return err;
}

static void forget_unused(struct usage_cache *cache, __u64 look)
{
	size_t i, kept = 0;

	for (i = 0; i < cache->count; i++)
		if (cache->entries[i].used_at == look)
			cache->entries[kept++] = cache->entries[i];
	cache->count = kept;
	if (kept)
		qsort(cache->entries, kept, sizeof(*cache->entries), compare_entries);
}

static bool is_runtime_due(const struct usage_entry *entry, __u64 now)
{
	return !entry->record.runtime[0] && (!entry->read_ns || entry->unanswered || now <= entry->runtime_until_ns);
}

/* Reads runtimes for the entries that are due. */
static int read_runtimes(const struct scan *scan, struct usage_entry *const *due, size_t count)
{
	struct runtime_question *questions = calloc(count + 1, sizeof(*questions));
	size_t i;
	int err;

	if (!questions)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		questions[i].pid = due[i]->record.pid;
		questions[i].process_start_ns = due[i]->record.process_start_ns;
	}
	err = probe_runtimes(scan, questions, count);
	for (i = 0; i < count && !err; i++) {
		if (questions[i].runtime)
			snprintf(due[i]->record.runtime, sizeof(due[i]->record.runtime), "%s", questions[i].runtime);
		due[i]->unanswered = questions[i].unanswered;
	}
	free(questions);
	return err;
}

static void read_limit(struct usage_record *record)
{
	struct rlimit limit;

	if (!prlimit((pid_t)record->pid, RLIMIT_NOFILE, NULL, &limit))
		record->fd_limit = limit.rlim_cur;
}

/* Reads all that does not need the scan. *any: an entry is due for the scan. */
static int mark_due(struct usage_cache *cache, const struct scan *scan, __u64 now, bool *any)
{
	const struct bpf_map *wanted = scan->attached->skeleton->maps.wanted_usage;
	size_t i, left = scan->once ? bpf_map__max_entries(wanted) : MAX_PER_LOOK, due_count = 0;
	struct usage_entry **due = calloc(cache->count + 1, sizeof(*due));
	__u8 yes = 1;
	int err;

	if (!due)
		return -ENOMEM;
	for (i = 0; i < cache->count && left; i++) {
		struct usage_entry *entry = &cache->entries[i];
		bool is_fresh = entry->read_ns && now - entry->read_ns < REFRESH_NS;

		if (is_fresh && !entry->unanswered)
			continue;
		if (is_runtime_due(entry, now))
			due[due_count++] = entry;
		if (is_fresh)
			continue;
		left--;
		read_limit(&entry->record);
		entry->read_ns = now;
		*any |= !bpf_map_update_elem(bpf_map__fd(wanted), &entry->record.pid, &yes, BPF_ANY);
	}
	err = read_runtimes(scan, due, due_count);
	free(due);
	return err;
}

static void take_scan(struct usage_cache *cache, const struct buffer *scan)
{
	struct record_header *header;
	size_t offset = 0;

	while ((header = record_next(scan, &offset))) {
		const struct usage_record *seen = (const void *)header;
		struct usage_entry *entry = find_entry(cache, cache->count, seen->pid);

		if (!entry || entry->record.process_start_ns != seen->process_start_ns)
			continue;
		entry->record.threads = seen->threads;
		entry->record.open_fds = seen->open_fds;
		entry->record.sockets = seen->sockets;
		entry->record.highest_fd = seen->highest_fd;
		entry->record.user_watches = seen->user_watches;
	}
}

static int scan_files(struct usage_cache *cache, const struct scan *scan)
{
	struct buffer bytes = {0};
	int err = probe_read_iter(scan->attached->usage_iter, &bytes, &scan->losses->count[LOST_THREADS]);

	if (!err)
		take_scan(cache, &bytes);
	buffer_free(&bytes);
	probe_map_empty(scan->attached->skeleton->maps.wanted_usage);
	return err;
}

int probe_usage_add(struct usage_cache *cache, const struct scan *scan, struct buffer *buffer)
{
	int err = note_processes(cache, scan->look, buffer);
	bool any = false;
	size_t i;

	forget_unused(cache, scan->look);
	if (!err)
		err = mark_due(cache, scan, clock_ns(CLOCK_MONOTONIC), &any);
	if (!err && any && scan->attached->usage_iter)
		err = scan_files(cache, scan);
	for (i = 0; i < cache->count && !err; i++)
		err = buffer_append(buffer, &cache->entries[i].record, sizeof(struct usage_record));
	return err;
}

__u64 probe_watch_limit(void)
{
	FILE *file = fopen("/proc/sys/fs/epoll/max_user_watches", "re");
	unsigned long long limit = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%llu", &limit) != 1)
		limit = 0;
	fclose(file);
	return limit;
}

void probe_open_files(__u64 *open_files, __u64 *limit)
{
	FILE *file = fopen("/proc/sys/fs/file-nr", "re");
	unsigned long long allocated, unused, most;

	*open_files = *limit = 0;
	if (!file)
		return;
	if (fscanf(file, "%llu %llu %llu", &allocated, &unused, &most) == 3) {
		*open_files = allocated - unused;
		*limit = most;
	}
	fclose(file);
}

struct usage_cache *probe_usage_new(void)
{
	return calloc(1, sizeof(struct usage_cache));
}

void probe_usage_free(struct usage_cache *usage)
{
	if (!usage)
		return;
	free(usage->entries);
	free(usage);
}
