/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The watches of event loops. Reading them takes an epoll instance's mutex, so few are read, seldom and within a
 * budget. They are read for processes chosen with --pid. Else for loops that have been asleep in their wait for a
 * while: only those can have lost a wake-up or wait for something that never comes. And for loops that do not come back
 * to their wait: their watches tell whether anybody waits for them.
 */
#include "probe/watches.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "look/loop_rates.h"
#include "look/records.h"
#include "options/ages.h"
#include "options/filter.h"

/* How long a loop that was not asked for must have been asleep. */
#define ASLEEP_MIN_NS NS_PER_S

/* An instance is read again after this long; a large one that was not asked for, much later. */
#define READ_AGAIN_NS	    (10 * NS_PER_S)
#define READ_AGAIN_LARGE_NS (600 * NS_PER_S)
#define LARGE		    4096

/* A loop with more watches than this serves more than a single connection: being away is no reason to read it again. */
#define FEW 32

/* An instance's facts are kept for this long after it was of interest: a loop wakes up now and then. */
#define KEEP_NS (30 * NS_PER_S)

/* Instances that are kept in mind; loops beyond that are not looked at in this way, and told as lost. */
#define INSTANCES_MAX		1024
#define INSTANCES_ASKED_FOR_MAX 16384

/* Of one look: instances that are read where none was asked for, and how long that may take. */
#define READS_PER_LOOK 64
#define READ_BUDGET_NS 5000000ULL

/* ---- Which instances ---- */

bool probe_is_asked_for(const struct probe *probe, __u32 pid)
{
	const struct selection *selection = &probe->scope.selection;

	return selection->pid_count && filter_is_pid(selection, pid);
}

static bool is_full(const struct watch_cache *cache)
{
	return cache->count >= cache->most;
}

static struct watched_instance *add_instance(struct watch_cache *cache)
{
	struct watched_instance *items;

	if (is_full(cache))
		return NULL;
	items = array_grow(cache->items, cache->count, &cache->capacity, 64, sizeof(*items));
	if (!items)
		return NULL;
	cache->items = items;
	memset(&cache->items[cache->count], 0, sizeof(*cache->items));
	return &cache->items[cache->count++];
}

static struct watched_instance *note_instance(struct watch_cache *cache, __u32 pid, __u32 tid, __u64 process_start_ns,
					      __s32 fd)
{
	struct watched_instance *instance;
	size_t i;

	for (i = 0; i < cache->count; i++) {
		instance = &cache->items[i];
		if (instance->pid == pid && instance->fd == fd && instance->process_start_ns == process_start_ns) {
			instance->live = true;
			return instance;
		}
	}
	instance = add_instance(cache);
	if (!instance)
		return NULL;
	instance->pid = pid;
	instance->tid = tid;
	instance->process_start_ns = process_start_ns;
	instance->fd = fd;
	instance->live = true;
	return instance;
}

static bool is_waiting(const struct thread_record *thread, const struct loop_record *loop)
{
	if (loop)
		return loop->waiting;
	return thread->flags & THREAD_SLEEPING && thread->syscall_kind == SYSCALL_WAITS_EPOLL;
}

/* When the thread fell asleep in its wait; 0: it cannot be told. */
static __u64 waiting_since(const struct probe *probe, const struct thread_record *thread,
			   const struct loop_record *loop)
{
	if (loop)
		return loop->entered_ns;
	return thread->last_arrival && probe->clock.valid ? thread->last_arrival + (__u64)probe->clock.offset_ns : 0;
}

/* When the thread left its wait, where it has not come back for so long that it would be called stalled; else 0. */
static __u64 away_since(const struct probe *probe, const struct thread_record *thread, const struct loop_record *loop)
{
	if (!loop || loop->interface != LOOP_EPOLL || loop->waiting || !loop->returned_ns || !loop_was_looping(loop))
		return 0;
	return loop->returned_ns + min_age_of(&probe->scope, ROW_LOOP) <= thread->seen_ns ? loop->returned_ns : 0;
}

/* Those that were asked for, and of the others those that have been asleep, or away, for a while. */
static bool is_wanted(const struct probe *probe, const struct thread_record *thread, const struct loop_record *loop)
{
	__u64 since = waiting_since(probe, thread, loop);

	if (loop && loop->interface != LOOP_EPOLL)
		return false;
	if (probe->scope.selection.pid_count)
		return probe_is_asked_for(probe, thread->pid) && (loop || is_waiting(thread, loop));
	if (away_since(probe, thread, loop) || (loop && loop_may_spin(thread, loop)))
		return true;
	return is_waiting(thread, loop) && since && since + ASLEEP_MIN_NS <= thread->seen_ns;
}

static void note_spinner(struct watched_instance *instance, const struct thread_record *thread,
			 const struct loop_record *loop)
{
	if (!loop || !loop_may_spin(thread, loop))
		return;
	instance->spins = true;
	instance->spinner = (struct spinner){thread->tid, thread->io_calls, thread->voluntary};
}

static int note_loop(struct probe *probe, const struct thread_record *thread, const struct loop_record *loop)
{
	int fd = loop ? loop->epoll_fd : (int)thread->args[0];
	__u64 since = waiting_since(probe, thread, loop), left = away_since(probe, thread, loop);
	struct watched_instance *instance;

	if (!is_wanted(probe, thread, loop))
		return 0;
	instance = note_instance(probe->watches, thread->pid, thread->tid, thread->process_start_ns, fd);
	if (!instance && !is_full(probe->watches))
		return -ENOMEM;
	if (!instance) {
		probe->watches->left_out++;
		return 0;
	}
	note_spinner(instance, thread, loop);
	instance->held |= thread->flags & THREAD_EPOLL_HELD && (int)thread->args[0] == fd;
	if (since > instance->asleep_ns)
		instance->asleep_ns = since;
	if (left > instance->left_ns)
		instance->left_ns = left;
	return 0;
}

static int note_loops(struct probe *probe, const struct buffer *buffer)
{
	const struct thread_record *thread = NULL;
	struct record_header *header;
	size_t offset = 0;
	int err = 0;

	while (!err && (header = record_next(buffer, &offset))) {
		if (header->type == RECORD_THREAD) {
			thread = (const void *)header;
			if (!thread->loops && thread->syscall_kind == SYSCALL_WAITS_EPOLL)
				err = note_loop(probe, thread, NULL);
		} else if (header->type == RECORD_LOOP && thread) {
			err = note_loop(probe, thread, (const void *)header);
		}
	}
	return err;
}

/* With --watches also those that no thread has waited for. */
static int note_all_of(struct probe *probe, __u32 pid)
{
	struct buffer records = {0};
	int err = probe_watch_scan_process(probe, pid, &records);
	struct record_header *header;
	size_t offset = 0;

	while (!err && (header = record_next(&records, &offset))) {
		const struct epoll_record *epoll = (const void *)header;

		if (header->type == RECORD_EPOLL && epoll->pid == pid &&
		    !note_instance(probe->watches, pid, pid, epoll->process_start_ns, epoll->fd) &&
		    !is_full(probe->watches))
			err = -ENOMEM;
	}
	buffer_free(&records);
	return err;
}

static void free_instance(struct watched_instance *instance)
{
	free(instance->list);
	buffer_free(&instance->facts);
}

static void forget_others(struct watch_cache *cache)
{
	__u64 now = clock_ns(CLOCK_MONOTONIC);
	size_t i, kept = 0;

	for (i = 0; i < cache->count; i++) {
		if (cache->items[i].live)
			cache->items[i].live_ns = now;
		if (now - cache->items[i].live_ns < KEEP_NS)
			cache->items[kept++] = cache->items[i];
		else
			free_instance(&cache->items[i]);
	}
	cache->count = kept;
}

static int find_instances(struct probe *probe, const struct buffer *buffer)
{
	size_t i;
	int err;

	for (i = 0; i < probe->watches->count; i++) {
		probe->watches->items[i].live = probe->watches->items[i].wanted = probe->watches->items[i].held = false;
		probe->watches->items[i].spins = false;
		probe->watches->items[i].left_ns = 0;
	}
	err = note_loops(probe, buffer);
	for (i = 0; probe->scope.watches && i < probe->scope.selection.pid_count && !err; i++)
		err = note_all_of(probe, probe->scope.selection.pids[i]);
	forget_others(probe->watches);
	return err;
}

/* ---- Reading them ---- */

/*
 * When a loop goes away from it, and again each time that it has been away for twice as long: by then something may
 * lie there.
 */
static bool has_been_left(const struct watched_instance *instance, __u64 now)
{
	if (!instance->left_ns || instance->watches > FEW)
		return false;
	return instance->scanned_ns < instance->left_ns ||
	       now - instance->left_ns >= 2 * (instance->scanned_ns - instance->left_ns);
}

static bool is_due(const struct probe *probe, const struct watched_instance *instance, __u64 now)
{
	bool large = instance->watches > (instance->left_ns ? FEW : LARGE) && !probe->scope.selection.pid_count;

	if (!instance->live)
		return false;
	if (has_been_left(instance, now))
		return true;
	return !instance->read_ns || now - instance->read_ns >= (large ? READ_AGAIN_LARGE_NS : READ_AGAIN_NS);
}

/*
 * Only a loop that was awake can lose a wake-up: one that has slept all the time since it was looked at has lost none.
 * Unread data is looked at again at every look, until it is read.
 */
static bool has_slept_since(const struct watched_instance *instance)
{
	return instance->live && instance->scanned_ns && instance->asleep_ns > instance->scanned_ns &&
	       instance->watches <= LARGE;
}

/* The smallest first, by what was there the last time. */
static int compare_sizes(const void *left, const void *right)
{
	const struct watched_instance *a = left, *b = right;

	if (a->watches != b->watches)
		return a->watches < b->watches ? -1 : 1;
	return a->read_ns < b->read_ns ? -1 : a->read_ns > b->read_ns;
}

/* Those that are to be read and not only scanned; they are marked as wanted once they are known. */
struct due {
	struct watched_instance *items[WATCHES_AT_ONCE];
	size_t count;
};

static int read_due(struct probe *probe, struct due *due, __u64 began)
{
	size_t i;
	int err = probe_watches_read(probe, due->items, due->count,
				     probe->scope.selection.pid_count ? WATCH_FILES_MAX : LARGE, began);

	for (i = 0; i < due->count; i++)
		due->items[i]->wanted = due->items[i]->read_ns;
	due->count = 0;
	return err;
}

/* Each of the large ones alone: what it says may be long. */
static bool is_read_now(const struct due *due, const struct watched_instance *instance)
{
	return due->count == WATCHES_AT_ONCE || instance->watches > LARGE;
}

static bool has_room(const struct probe *probe, size_t reads, __u64 began)
{
	return probe->scope.selection.pid_count ||
	       (reads < READS_PER_LOOK && clock_ns(CLOCK_MONOTONIC) - began <= READ_BUDGET_NS);
}

/* As a first line, and a cheap one: a worker of foreign.h would come back late, or not at all. */
static bool leave_held(struct probe *probe, const struct watched_instance *instance)
{
	if (instance->held)
		foreign_note_held(probe->foreign, instance->pid, instance->process_start_ns);
	return instance->held;
}

static int read_instances(struct probe *probe)
{
	__u64 began = clock_ns(CLOCK_MONOTONIC);
	struct watch_cache *cache = probe->watches;
	struct due due = {0};
	size_t i, reads = 0;
	int err = 0;

	if (cache->count)
		qsort(cache->items, cache->count, sizeof(*cache->items), compare_sizes);
	for (i = 0; i < cache->count && !err; i++) {
		struct watched_instance *instance = &cache->items[i];
		bool is_to_be_read = is_due(probe, instance, began);

		instance->wanted =
			instance->read_ns && (instance->missed || instance->spins || probe->scope.selection.pid_count);
		if ((!is_to_be_read && !has_slept_since(instance)) || !has_room(probe, reads, began))
			continue;
		reads++;
		instance->wanted = instance->read_ns;
		if (!is_to_be_read || leave_held(probe, instance))
			continue;
		due.items[due.count++] = instance;
		if (is_read_now(&due, instance))
			err = read_due(probe, &due, began);
	}
	return err || !due.count ? err : read_due(probe, &due, began);
}

/* ---- All of it ---- */

static void tell_left_out(struct probe *probe)
{
	struct watch_cache *cache = probe->watches;

	if (cache->left_out > cache->told) {
		probe->losses.count[LOST_WATCHES] += cache->left_out - cache->told;
		cache->told = cache->left_out;
	}
	cache->left_out = 0;
}

int probe_watches_add(struct probe *probe, struct buffer *buffer)
{
	struct watch_cache *cache = probe->watches;
	int err;

	cache->most = probe->scope.selection.pid_count ? INSTANCES_ASKED_FOR_MAX : INSTANCES_MAX;
	err = find_instances(probe, buffer);
	tell_left_out(probe);
	if (!err)
		err = read_instances(probe);
	if (!err)
		err = probe_watches_scan(probe, cache->items, cache->count);
	return err ? err : probe_watches_add_records(probe, buffer);
}

void probe_watches_free(struct watch_cache *cache)
{
	size_t i;

	if (!cache)
		return;
	for (i = 0; i < cache->count; i++)
		free_instance(&cache->items[i]);
	free(cache->items);
	free(cache);
}
