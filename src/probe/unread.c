/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Records of processes whose reads do not come back (foreign.h). Reads made here cannot be held up. Each process's
 * folder of /proc is held open while there is a record of it: once the process is gone, the folder leads nowhere, even
 * if another process gets its number.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/internal.h"

/* A handle of each one's folder in /proc. */
#define UNREAD_MOST HELD_MOST

struct unread_folder {
	__u64 start_ns;
	__u32 pid;
	int fd;
	bool used; /* at this look */
};

struct unread_cache {
	struct unread_folder items[UNREAD_MOST];
	size_t count;
};

static const __u32 parts[FOREIGN_KINDS] = {
	[FOREIGN_FDINFO] = UNREAD_EPOLL,	[FOREIGN_MAPS] = UNREAD_MAPS,	    [FOREIGN_SYSCALL] = UNREAD_PROC,
	[FOREIGN_STATUS] = UNREAD_PROC,		[FOREIGN_PROGRAM] = UNREAD_PROGRAM, [FOREIGN_MEMORY] = UNREAD_MEMORY,
	[FOREIGN_CONTAINER] = UNREAD_CONTAINER, [FOREIGN_TITLE] = UNREAD_MEMORY,
};

static __u32 parts_of(__u32 kinds)
{
	__u32 all = 0, kind;

	for (kind = 0; kind < FOREIGN_KINDS; kind++)
		all |= kinds & 1u << kind ? parts[kind] : 0;
	return all;
}

/* ---- Folders ---- */

static struct unread_folder *find_folder(struct unread_cache *cache, const struct held_process *process)
{
	size_t i;

	for (i = 0; i < cache->count; i++)
		if (cache->items[i].pid == process->pid && cache->items[i].start_ns == process->start_ns)
			return &cache->items[i];
	return NULL;
}

static struct unread_folder *open_folder(struct unread_cache *cache, const struct held_process *process)
{
	struct unread_folder *folder = &cache->items[cache->count];
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", process->pid);
	*folder = (struct unread_folder){.pid = process->pid, .start_ns = process->start_ns};
	folder->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder->fd < 0)
		return NULL;
	cache->count++;
	return folder;
}

/* There are no more of them than HELD_MOST, but some may have gone at this look. */
static struct unread_folder *take_folder(struct unread_cache *cache, const struct held_process *process)
{
	struct unread_folder *folder = find_folder(cache, process);

	if (!folder && cache->count < UNREAD_MOST)
		folder = open_folder(cache, process);
	if (folder)
		folder->used = true;
	return folder;
}

static void close_unused(struct unread_cache *cache)
{
	size_t i, kept = 0;

	for (i = 0; i < cache->count; i++) {
		if (!cache->items[i].used) {
			close(cache->items[i].fd);
			continue;
		}
		cache->items[kept] = cache->items[i];
		cache->items[kept++].used = false;
	}
	cache->count = kept;
}

struct unread_cache *probe_unread_new(void)
{
	return calloc(1, sizeof(struct unread_cache));
}

void probe_unread_free(struct unread_cache *cache)
{
	size_t i;

	for (i = 0; cache && i < cache->count; i++)
		close(cache->items[i].fd);
	free(cache);
}

/* ---- Records ---- */

/* Whether the process is there. */
static bool read_comm(int folder, char comm[16])
{
	int fd = openat(folder, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return false;
	got = read(fd, comm, 16);
	close(fd);
	comm[got > 0 ? got - 1 : 0] = '\0';
	return got > 0;
}

static __u32 read_netns(int folder)
{
	char link[64];
	ssize_t size = readlinkat(folder, "ns/net", link, sizeof(link) - 1);

	link[size > 0 ? size : 0] = '\0';
	return strncmp(link, "net:[", 5) ? 0 : (__u32)strtoul(link + 5, NULL, 10);
}

static int add_record(struct buffer *buffer, const struct held_process *process, int folder)
{
	struct unread_record record = {
		.header = {RECORD_UNREAD, sizeof(record)},
		.process_start_ns = process->start_ns,
		.since_ns = process->since_ns,
		.pid = process->pid,
		.reads = process->reads,
		.parts = parts_of(process->kinds),
	};

	if (!read_comm(folder, record.comm))
		return 0;
	record.netns = read_netns(folder);
	return buffer_append(buffer, &record, sizeof(record));
}

int probe_unread_add(struct unread_cache *cache, const struct scan *scan, struct buffer *buffer)
{
	const struct held_processes *held = foreign_held(scan->foreign);
	const struct unread_folder *folder;
	size_t i;
	int err = 0;

	for (i = 0; i < held->count && !err; i++) {
		if (!held_is_unread(held, &held->items[i]))
			continue;
		folder = take_folder(cache, &held->items[i]);
		if (folder)
			err = add_record(buffer, &held->items[i], folder->fd);
	}
	close_unused(cache);
	return err;
}

int probe_add_lost_processes(struct probe *probe, struct buffer *buffer)
{
	struct foreign_loss losses[FOREIGN_NAMED + 1];
	size_t i, count = foreign_take_losses(probe->foreign, losses);
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		struct lost_record record = {
			.header = {RECORD_LOST, sizeof(record)},
			.where = LOST_PROCESSES,
			.pid = losses[i].pid,
			.count = losses[i].count,
		};

		err = buffer_append(buffer, &record, sizeof(record));
	}
	return err;
}
