/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Where the stacks of the wanted processes' threads are. The address space comes from /proc/PID/maps, read once a
 * look. A mapping can be more than a stack, so the C library's own record of the thread is asked first. It
 * is read only where its pages are in memory: to look must not fault pages in. Both are read by foreign.h's worker.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "look/records.h"
#include "probe/maps.h"

#define LIBRARY_REACH 4096 /* glibc's struct pthread is not larger, and begins or ends at the TLS block */

/* Threads that are asked about at once. */
#define THREADS_AT_ONCE 64

/* Threads whose address space is asked for, one after the other, until one has it. */
#define LEADERS_MAX 8

/* A thread of it; pointers are into the look's bytes. */
struct stack_thread {
	const struct thread_record *thread;
	struct detail_record *detail;
	const struct memory_region *region; /* that holds its stack pointer; NULL: none */
	bool by_mapping;
};

/* The words around the TLS block, as far as they are in the mapping that it is in. Returns false where there can be
 * none. */
static bool ask_library(struct foreign_question *question, const struct process_maps *maps,
			const struct stack_thread *thread, __u32 any_tid)
{
	__u64 tls = thread->detail->tls & ~7ULL, from = tls - LIBRARY_REACH, to = tls + LIBRARY_REACH;
	const struct memory_region *region = memory_map_find(maps->regions, maps->count, tls);

	if (!region || tls < LIBRARY_REACH || !thread->detail->user_sp)
		return false;
	from = from > region->start ? from : region->start;
	to = to < region->end ? to : region->end;
	*question = (struct foreign_question){
		.request = {.kind = FOREIGN_MEMORY,
			    .pid = maps->pid,
			    .tid = any_tid,
			    .address = from,
			    .size = to - from,
			    .anchor = tls},
		.process_start_ns = maps->process_start_ns,
	};
	return true;
}

/* How many words were read, and are copied: an answer's bytes may lie at any address. */
static size_t take_library(const struct foreign_question *question, const struct buffer *answers, __u64 *words,
			   size_t most)
{
	size_t length, count;
	__u64 start;

	if (question->err ||
	    !foreign_memory_check(&question->request, answers->data + question->at, question->size, &start, &length))
		return 0;
	count = length / sizeof(*words) < most ? length / sizeof(*words) : most;
	memcpy(words, answers->data + question->at + sizeof(start), count * sizeof(*words));
	return count;
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

static void find_stack(const struct process_maps *maps, struct stack_thread *thread, const __u64 *words, size_t count)
{
	struct detail_record *detail = thread->detail;
	struct stack_place place;

	if (!detail->user_sp)
		return;
	thread->region = memory_map_find(maps->regions, maps->count, detail->user_sp);
	if (stack_by_library(&place, words, count, detail->tls, detail->user_sp)) {
		set_place(detail, &place);
	} else if (stack_by_mapping(&place, maps->regions, maps->count, detail->user_sp, detail->first_sp)) {
		set_place(detail, &place);
		thread->by_mapping = true;
	}
}

/* At most THREADS_AT_ONCE threads. */
static int find_some_stacks(struct probe *probe, const struct process_maps *maps, struct stack_thread *threads,
			    size_t count)
{
	__u64 words[2 * LIBRARY_REACH / sizeof(__u64)];
	struct foreign_question questions[THREADS_AT_ONCE], *of[THREADS_AT_ONCE] = {0};
	struct buffer answers = {0};
	size_t i, asked = 0, got;
	int err;

	for (i = 0; i < count; i++)
		if (ask_library(&questions[asked], maps, &threads[i], threads[0].thread->tid))
			of[i] = &questions[asked++];
	err = foreign_ask(probe->foreign, questions, asked, &answers);
	for (i = 0; i < count && !err; i++) {
		got = of[i] ? take_library(of[i], &answers, words, COUNT_OF(words)) : 0;
		find_stack(maps, &threads[i], words, got);
	}
	buffer_free(&answers);
	return err;
}

static int find_stacks(struct probe *probe, const struct process_maps *maps, struct stack_thread *threads, size_t count)
{
	size_t i;
	int err = 0;

	for (i = 0; i < count && !err; i += THREADS_AT_ONCE)
		err = find_some_stacks(probe, maps, threads + i,
				       count - i < THREADS_AT_ONCE ? count - i : THREADS_AT_ONCE);
	return err;
}

/*
 * A mapping in which several threads have their stack pointers is the stack of none (Go's heap, for one). Only from
 * where a thread began, if that was seen, can be told how much it uses.
 */
static int drop_shared(const struct process_maps *maps, struct stack_thread *threads, size_t count)
{
	__u8 *users = calloc(maps->count + 1, 1); /* of each region; 2: or more */
	size_t i;

	if (!users)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		if (threads[i].region && users[threads[i].region - maps->regions] < 2)
			users[threads[i].region - maps->regions]++;
	for (i = 0; i < count; i++)
		if (threads[i].by_mapping && threads[i].region && users[threads[i].region - maps->regions] > 1)
			threads[i].detail->stack_flags &= threads[i].detail->first_sp ? STACK_USED_KNOWN : 0;
	free(users);
	return 0;
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

static int add_region_record(struct buffer *buffer, const struct process_maps *maps, const struct memory_region *region)
{
	struct region_record record = {
		.header = {.type = RECORD_REGION},
		.process_start_ns = maps->process_start_ns,
		.start = region->start,
		.end = region->end,
		.inode = region->inode,
		.pid = maps->pid,
		.name_length = (__u32)region->name_length,
	};

	memcpy(record.permissions, region->permissions, sizeof(region->permissions));
	return record_add_text(buffer, &record, sizeof(record), region->name, region->name_length);
}

/* Asks a thread that has not exited. Few have to be asked: a thread that has registers has an address space, too. */
static int get_maps(struct probe *probe, __u32 pid, const struct stack_thread *threads, size_t count,
		    const struct process_maps **maps)
{
	size_t i, left = LEADERS_MAX;
	int err = 0;

	*maps = NULL;
	for (i = 0; i < count && left && !err && (!*maps || !(*maps)->count); i++) {
		if (!threads[i].detail->user_sp)
			continue;
		left--;
		err = probe_maps_get(probe, pid, threads[i].thread->tid, threads[i].thread->process_start_ns, maps);
	}
	return err;
}

static int add_process(struct probe *probe, struct buffer *buffer, size_t offset, __u32 pid, struct buffer *found)
{
	int err = collect_threads(buffer, offset, pid, found);
	struct stack_thread *threads = (void *)found->data;
	size_t i, count = found->size / sizeof(*threads);
	const struct process_maps *maps = NULL;

	if (!err)
		err = get_maps(probe, pid, threads, count, &maps);
	if (!err && maps)
		err = find_stacks(probe, maps, threads, count);
	if (!err && maps)
		err = drop_shared(maps, threads, count);
	if (err || !maps)
		return err;
	probe->losses.count[LOST_REGIONS] += maps->cut;
	/* From here on the threads' records may move. */
	if (probe->scope.command != COMMAND_THREADS || (!probe->scope.all && !probe->is_recorded))
		return 0;
	for (i = 0; i < maps->count && !err; i++)
		err = add_region_record(buffer, maps, &maps->regions[i]);
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
		struct buffer threads = {0};

		if (is_repeated(pids, i))
			continue;
		err = add_process(probe, buffer, offset, pids[i], &threads);
		buffer_free(&threads);
	}
	return err;
}

int probe_wanted_pids_set(const struct probe *probe)
{
	int map = bpf_map__fd(probe->attached.skeleton->maps.wanted_pids);
	__u8 yes = 1;
	size_t i;

	for (i = 0; i < probe->scope.selection.pid_count; i++)
		if (bpf_map_update_elem(map, &probe->scope.selection.pids[i], &yes, BPF_ANY))
			return -errno;
	return 0;
}
