// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Where the stacks of the wanted processes' threads are. The address space comes from /proc/PID/maps, read once a
 * look. A mapping can be more than a stack, so the C library's own record of the thread is asked first. It
 * is read only where its pages are in memory: to look must not fault pages in, nor wait for whoever serves
 * the faults of a hostile process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "look/records.h"
#include "probe/internal.h"
#include "system/memory_map.h"

/* What of one address space is read at most. */
#define MAPS_MAX    (16u << 20)
#define REGIONS_MAX 65536

#define LIBRARY_REACH 4096 /* glibc's struct pthread is not larger, and begins or ends at the TLS block */

#define PAGEMAP_PRESENT (1ULL << 63)

/* One process at one look. */
struct space {
	struct buffer text; /* maps */
	struct memory_region *regions;
	size_t count;
	size_t cut; /* regions that did not fit */
	int pagemap;
	__u32 pid;
	__u64 process_start_ns;
};

/* A thread of it; pointers are into the look's bytes. */
struct stack_thread {
	const struct thread_record *thread;
	struct detail_record *detail;
	const struct memory_region *region; /* that holds its stack pointer; NULL: none */
	bool by_mapping;
};

static int open_of(__u32 pid, __u32 tid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/task/%u/%s", pid, tid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int read_maps(struct space *space, __u32 tid)
{
	int fd = open_of(space->pid, tid, "maps"), err;

	if (fd < 0)
		return 0; /* it has gone */
	err = probe_read_fd_most(fd, &space->text, MAPS_MAX);
	close(fd);
	return err == -ESRCH ? 0 : err;
}

static int add_region(struct space *space, size_t *capacity, const char *line, size_t length)
{
	size_t wanted = *capacity ? *capacity * 2 : 256;
	struct memory_region *regions;

	if (space->count == *capacity) {
		regions = reallocarray(space->regions, wanted, sizeof(*regions));
		if (!regions)
			return -ENOMEM;
		space->regions = regions;
		*capacity = wanted;
	}
	space->count += memory_map_parse(&space->regions[space->count], line, length);
	return 0;
}

/* A last line without an end was cut. */
static int parse_maps(struct space *space)
{
	const char *at = space->text.data, *end = at + space->text.size, *stop;
	size_t capacity = 0;
	int err = 0;

	for (; !err && at < end; at = stop + 1) {
		stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop || space->count == REGIONS_MAX) {
			space->cut++;
			break;
		}
		err = add_region(space, &capacity, at, (size_t)(stop - at));
	}
	return err;
}

static bool is_present(const struct space *space, __u64 address)
{
	__u64 page = (__u64)sysconf(_SC_PAGESIZE), entry = 0;

	return pread(space->pagemap, &entry, sizeof(entry), (off_t)(address / page * sizeof(entry))) ==
		       (ssize_t)sizeof(entry) &&
	       entry & PAGEMAP_PRESENT;
}

/* The part of [from, to) around `address` whose pages are in memory; false: not even that page is. */
static bool shrink_to_present(const struct space *space, __u64 address, __u64 *from, __u64 *to)
{
	__u64 page = (__u64)sysconf(_SC_PAGESIZE), start = address / page * page, end = start + page;

	if (!is_present(space, address))
		return false;
	while (start > *from && is_present(space, start - 1))
		start -= page;
	while (end < *to && is_present(space, end))
		end += page;
	*from = *from > start ? *from : start;
	*to = *to < end ? *to : end;
	return true;
}

/* How many words around the TLS block were read. */
static size_t read_library(const struct space *space, const struct detail_record *detail, __u64 *words, size_t count)
{
	__u64 tls = detail->tls & ~7ULL, from = tls - LIBRARY_REACH, to = tls + LIBRARY_REACH;
	const struct memory_region *region = memory_map_find(space->regions, space->count, tls);
	struct iovec local, remote;
	ssize_t got;

	if (!region || tls < LIBRARY_REACH || space->pagemap < 0 || !shrink_to_present(space, tls, &from, &to))
		return 0;
	from = from > region->start ? from : region->start;
	to = to < region->end ? to : region->end;
	local = (struct iovec){.iov_base = words, .iov_len = count * sizeof(*words)};
	remote = (struct iovec){.iov_base = (void *)from, .iov_len = to - from};
	got = process_vm_readv((pid_t)space->pid, &local, 1, &remote, 1, 0);
	return got > 0 ? (size_t)got / sizeof(*words) : 0;
}

static void set_place(struct detail_record *detail, const struct stack_place *place)
{
	detail->stack_start = place->start;
	detail->stack_end = place->end;
	detail->stack_flags = STACK_KNOWN;
	if (place->guard_known) {
		detail->stack_guard = place->guard;
		detail->stack_flags |= STACK_GUARD_KNOWN;
	}
	if (place->end >= detail->user_sp) {
		detail->stack_used = place->end - detail->user_sp;
		detail->stack_flags |= STACK_USED_KNOWN;
	}
}

static void find_stack(const struct space *space, struct stack_thread *thread)
{
	__u64 words[2 * LIBRARY_REACH / sizeof(__u64)];
	struct detail_record *detail = thread->detail;
	struct stack_place place;
	size_t count;

	if (!detail->user_sp)
		return;
	thread->region = memory_map_find(space->regions, space->count, detail->user_sp);
	count = read_library(space, detail, words, COUNT_OF(words));
	if (stack_by_library(&place, words, count, detail->tls, detail->user_sp)) {
		set_place(detail, &place);
	} else if (stack_by_mapping(&place, space->regions, space->count, detail->user_sp, detail->first_sp)) {
		set_place(detail, &place);
		thread->by_mapping = true;
	}
}

/*
 * A mapping in which several threads have their stack pointers is the stack of none (Go's heap, for one). Only from
 * where a thread began, if that was seen, can be told how much it uses.
 */
static void drop_shared(struct stack_thread *threads, size_t count)
{
	size_t i, j;

	for (i = 0; i < count; i++) {
		struct detail_record *detail = threads[i].detail;

		for (j = 0; threads[i].by_mapping && j < count; j++) {
			if (i == j || !threads[i].region || threads[i].region != threads[j].region)
				continue;
			detail->stack_flags &= detail->first_sp ? STACK_USED_KNOWN : 0;
			break;
		}
	}
}

/* Threads of the process, in the bytes from offset on. They stay valid until the buffer grows. */
static int collect_threads(struct buffer *buffer, size_t offset, __u32 pid, struct buffer *threads)
{
	struct stack_thread found = {0};
	struct record_header *header;
	int err = 0;

	while (!err && (header = record_next(buffer, &offset))) {
		if (header->type == RECORD_THREAD)
			found.thread = (const void *)header;
		if (header->type != RECORD_DETAIL || !found.thread || found.thread->pid != pid)
			continue;
		found.detail = (void *)header;
		err = buffer_append(threads, &found, sizeof(found));
	}
	return err;
}

static int add_region_record(struct buffer *buffer, const struct space *space, const struct memory_region *region)
{
	struct region_record record = {
		.header = {.type = RECORD_REGION},
		.process_start_ns = space->process_start_ns,
		.start = region->start,
		.end = region->end,
		.inode = region->inode,
		.pid = space->pid,
		.name_length = (__u32)region->name_length,
	};

	memcpy(record.permissions, region->permissions, sizeof(region->permissions));
	return record_add_text(buffer, &record, sizeof(record), region->name, region->name_length);
}

/* The leader may have exited, and its address space with it: any thread that has not will do. */
static int read_space(struct space *space, const struct stack_thread *threads, size_t count)
{
	size_t i;
	int err = 0;

	for (i = 0; i < count && !err && !space->text.size; i++) {
		if (!threads[i].detail->user_sp)
			continue;
		space->process_start_ns = threads[i].thread->process_start_ns;
		err = read_maps(space, threads[i].thread->tid);
		if (space->pagemap < 0)
			space->pagemap = open_of(space->pid, threads[i].thread->tid, "pagemap");
	}
	return err || !space->text.size ? err : parse_maps(space);
}

static int add_process(struct probe *probe, struct buffer *buffer, size_t offset, struct space *space,
		       struct buffer *found)
{
	int err = collect_threads(buffer, offset, space->pid, found);
	struct stack_thread *threads = (void *)found->data;
	size_t i, count = found->size / sizeof(*threads);

	if (!err)
		err = read_space(space, threads, count);
	for (i = 0; i < count && !err; i++)
		find_stack(space, &threads[i]);
	if (!err)
		drop_shared(threads, count);
	probe->lost_regions += space->cut;
	/* From here on the threads' records may move. */
	if (probe->options.command != COMMAND_THREADS || (!probe->options.all && !probe->options.record_file))
		return err;
	for (i = 0; i < space->count && !err; i++)
		err = add_region_record(buffer, space, &space->regions[i]);
	return err;
}

static bool is_repeated(const __u32 *pids, size_t at)
{
	size_t i;

	for (i = 0; i < at; i++)
		if (pids[i] == pids[at])
			return true;
	return false;
}

int probe_space_add(struct probe *probe, struct buffer *buffer, size_t offset, const __u32 *pids, size_t count)
{
	size_t i;
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		struct space space = {.pid = pids[i], .pagemap = -1};
		struct buffer threads = {0};

		if (is_repeated(pids, i))
			continue;
		err = add_process(probe, buffer, offset, &space, &threads);
		if (space.pagemap >= 0)
			close(space.pagemap);
		buffer_free(&threads);
		buffer_free(&space.text);
		free(space.regions);
	}
	return err;
}

int probe_wanted_pids_set(const struct probe *probe)
{
	int map = bpf_map__fd(probe->skeleton->maps.wanted_pids);
	__u8 yes = 1;
	size_t i;

	for (i = 0; i < probe->options.pid_count; i++)
		if (bpf_map_update_elem(map, &probe->options.pids[i], &yes, BPF_ANY))
			return -errno;
	return 0;
}
