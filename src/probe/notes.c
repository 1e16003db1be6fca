/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Notes about loops that do not come back, beyond the kernel's records: the path of the file or the child process that
 * the thread is blocked in, and its stacks. Only for threads that may be reported as stuck, or that are shown; a few of
 * them in each look, by turns.
 */
#include "probe/notes.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "look/note_cache.h"
#include "look/records.h"
#include "options/ages.h"
#include "probe/owners.h"

struct notes_cache {
	struct note_cache wheres, ended; /* what threads are in; loops that are over */
};

/* Equal to the size of stack_scan's map. */
#define MAX_STACKS 256

/* As long as the report's own limit at least. */
#define MIN_AWAY_NS LOOP_MIN_AGE_NS

/* ---- Files ---- */

/* Reads the target of the thread's descriptor, without a NUL: like readlink(2). */
static ssize_t read_descriptor(const struct thread_record *thread, int fd, char *target, size_t size)
{
	char link[96];

	snprintf(link, sizeof(link), "/proc/%u/task/%u/fd/%d", thread->pid, thread->tid, fd);
	return readlink(link, target, size);
}

/* The path behind it: "" where there is none. */
static void read_path(const struct thread_record *thread, int fd, char path[PATH_MAX])
{
	ssize_t length = read_descriptor(thread, fd, path, PATH_MAX - 1);

	path[length > 0 ? length : 0] = '\0';
}

static bool thread_is_there(const struct thread_record *thread)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%u/task/%u/comm", thread->pid, thread->tid);
	return !access(name, F_OK);
}

/* ---- Which threads ---- */

static bool has_path(const struct thread_record *thread)
{
	return SYSCALL_HAS_FD(thread->syscall_kind) && !(thread->flags & THREAD_HAS_SOCKET) && thread->fd >= 0;
}

static bool waits_for_child(const struct thread_record *thread)
{
	return !strcmp(thread->syscall_name, "wait4") || !strcmp(thread->syscall_name, "waitid");
}

/* Whether /proc/PID/task/TID/syscall, which may be cut off anywhere, says what the scan saw. */
static bool is_same_call(const struct thread_record *thread, const char *syscall, size_t size)
{
	unsigned long long first = 0;
	char line[64];
	int number = -1;

	snprintf(line, sizeof(line), "%.*s", (int)(size < sizeof(line) ? size : sizeof(line) - 1), syscall);
	return sscanf(line, "%d 0x%llx", &number, &first) == 2 && number == thread->syscall && first == thread->args[0];
}

/* It still is where the scan saw it: what /proc told meanwhile belongs to that. */
static int check_still_there(struct probe *probe, const struct thread_record *thread, bool *same)
{
	struct foreign_question question = {
		.request = {.kind = FOREIGN_SYSCALL, .pid = thread->pid, .tid = thread->tid, .size = 256},
		.process_start_ns = thread->process_start_ns,
	};
	struct buffer answer = {0};
	int err = foreign_ask_one(probe->foreign, &question, &answer);

	*same = !err && !question.err && answer.size && is_same_call(thread, answer.data, answer.size);
	buffer_free(&answer);
	return err;
}

static int read_where(struct probe *probe, struct note_cache *cache, struct noted *noted)
{
	const struct thread_record *thread = noted->about;
	char text[PATH_MAX] = "";
	bool same = false;
	int err = 0;

	if (has_path(thread))
		read_path(thread, thread->fd, text);
	else if (waits_for_child(thread))
		err = probe_child_read(probe, thread, text, sizeof(text));
	else
		probe_child_last(thread, text, sizeof(text));
	if (!err && text[0])
		err = check_still_there(probe, thread, &same);
	return err ? err : note_set(cache, noted, text, same ? strlen(text) + 1 : 0);
}

/* Reads what is due, adds all that is known, and counts what stays unknown. */
static int add_known(struct probe *probe, struct note_cache *cache, struct buffer *notes, __u32 kind,
		     int (*read)(struct probe *probe, struct note_cache *cache, struct noted *noted))
{
	size_t i, due = note_cache_due(cache, probe_notes_most(probe->pace.once));
	int err = 0;

	for (i = 0; i < due && !err; i++)
		err = read(probe, cache, &cache->items[i]);
	for (i = 0; i < cache->count && !err; i++)
		if (cache->items[i].about && cache->items[i].data)
			err = record_add_note(notes, cache->items[i].about, kind, cache->items[i].data);
	probe->losses.count[LOST_NOTES] += note_cache_end(cache, probe->pace.once);
	return err;
}

/* Its process leaves events on an epoll instance. */
static bool leaves_events(const struct probe *probe, const struct thread_record *thread)
{
	const struct epoll_record *epolls = (const void *)probe->owners->epolls.data;
	size_t i, count = probe->owners->epolls.size / sizeof(*epolls);

	for (i = 0; i < count; i++)
		if (epolls[i].pid == thread->pid && epolls[i].unread && !epolls[i].waiters)
			return true;
	return false;
}

/* It may be a loop that stalled before the start. */
static bool may_be_loop(const struct probe *probe, const struct thread_record *thread)
{
	if (thread->loops || thread->syscall_kind == SYSCALL_WAITS_EPOLL ||
	    (thread->syscall_kind == SYSCALL_READS && thread->flags & THREAD_HAS_SOCKET))
		return false;
	return leaves_events(probe, thread);
}

/* It waits on one instance while its process leaves events on another. */
static bool may_be_nested(const struct probe *probe, const struct thread_record *thread)
{
	return probe->use_loops && thread->flags & THREAD_SLEEPING && thread->syscall_kind == SYSCALL_WAITS_EPOLL &&
	       leaves_events(probe, thread);
}

/* Loops follow their thread. */
static bool is_away(const struct probe *probe, const struct buffer *buffer, const struct thread_record *thread,
		    size_t offset)
{
	const struct loop_record *loop;
	bool away;

	if (!(thread->flags & (THREAD_SLEEPING | THREAD_STOPPED)))
		return false;
	away = may_be_loop(probe, thread);
	while ((loop = (const void *)record_next(buffer, &offset)) && loop->header.type != RECORD_THREAD) {
		if (loop->header.type != RECORD_LOOP)
			continue;
		if (loop->waiting)
			return false;
		away |= loop->returned_ns && thread->seen_ns > loop->returned_ns + MIN_AWAY_NS;
	}
	return away;
}

/* Whose stack is told: of `threads` every thread's, else of what does not come back, and of what was asked for. */
static bool has_stack_told(const struct probe *probe, const struct buffer *buffer, const struct thread_record *thread,
			   size_t offset)
{
	bool asleep = thread->flags & (THREAD_SLEEPING | THREAD_STOPPED);

	if (probe->wants.stack_of && thread->tid == probe->wants.stack_of)
		return asleep;
	if (!probe->scope.verbose && !probe->scope.stacks)
		return false;
	if (probe->scope.command == COMMAND_THREADS)
		return asleep;
	return probe->use_loops && is_away(probe, buffer, thread, offset);
}

/* The program's stack is told where it was asked for. */
static bool has_user_told(const struct probe *probe, const struct thread_record *thread)
{
	return probe->scope.stacks || (probe->wants.stack_of && thread->tid == probe->wants.stack_of);
}

static bool is_grouped(const struct thread_record *thread)
{
	return thread->flags & (THREAD_SLEEPING | THREAD_STOPPED);
}

/* Of `threads -p`: the programs' stacks of all that stand still. */
static int add_groups(struct probe *probe, const struct buffer *buffer, struct buffer *notes)
{
	const struct thread_record **threads;
	size_t offset = 0, count = 0;
	struct record_header *header;
	int err;

	if (!scope_has_groups(&probe->scope) || probe->scope.stacks)
		return 0;
	while ((header = record_next(buffer, &offset)))
		count += header->type == RECORD_THREAD;
	threads = calloc(count + 1, sizeof(const struct thread_record *));
	if (!threads)
		return -ENOMEM;
	for (offset = 0, count = 0; (header = record_next(buffer, &offset));)
		if (header->type == RECORD_THREAD && is_grouped((const void *)header))
			threads[count++] = (const void *)header;
	err = probe_codes_group(probe, threads, count, notes);
	free(threads);
	return err;
}

static int add_stacks(struct probe *probe, const struct buffer *buffer, struct buffer *notes)
{
	const struct thread_record *both[MAX_STACKS], *kernel[MAX_STACKS];
	size_t offset = 0, both_count = 0, kernel_count = 0;
	struct record_header *header;
	int err;

	while ((header = record_next(buffer, &offset))) {
		const struct thread_record *thread = (const void *)header;

		if (header->type != RECORD_THREAD || !has_stack_told(probe, buffer, thread, offset))
			continue;
		if (both_count + kernel_count == MAX_STACKS)
			probe->losses.count[LOST_NOTES]++;
		else if (has_user_told(probe, thread))
			both[both_count++] = thread;
		else
			kernel[kernel_count++] = thread;
	}
	err = probe_stacks_add(probe, notes, kernel, kernel_count, STACKS_KERNEL);
	if (!err)
		err = probe_stacks_add(probe, notes, both, both_count, STACKS_KERNEL | STACKS_USER);
	return err ? err : add_groups(probe, buffer, notes);
}

/* ---- Loops that have ended ---- */

/* Whether the descriptor is closed, or something else by now. False where it cannot be read. */
static bool is_no_epoll(const struct thread_record *thread, int fd)
{
	static const char epoll[] = "anon_inode:[eventpoll]";
	char target[sizeof(epoll)];
	ssize_t length = read_descriptor(thread, fd, target, sizeof(target));

	if (length < 0)
		return errno == ENOENT && thread_is_there(thread);
	return length != sizeof(epoll) - 1 || memcmp(target, epoll, sizeof(epoll) - 1);
}

static bool is_away_from_epoll(const struct thread_record *thread, const struct loop_record *loop)
{
	return loop->interface == LOOP_EPOLL && loop->epoll_fd >= 0 && !loop->waiting && loop->returned_ns &&
	       thread->seen_ns > loop->returned_ns + MIN_AWAY_NS;
}

/* A thread that has closed its epoll instance, and does something else now, has left its loop for good. */
static int read_ended(struct probe *probe, struct note_cache *cache, struct noted *noted)
{
	int fd = (int)(noted->who & UINT32_MAX);
	char number[16];
	int length = snprintf(number, sizeof(number), "%d", fd);

	(void)probe;
	return note_set(cache, noted, number, is_no_epoll(noted->about, fd) ? (size_t)length + 1 : 0);
}

static int add_ended(struct probe *probe, const struct buffer *buffer, struct buffer *notes)
{
	struct thread_record *thread = NULL;
	struct record_header *header;
	size_t offset = 0;
	int err = 0;

	while (!err && (header = record_next(buffer, &offset))) {
		const struct loop_record *loop = (const void *)header;

		if (header->type == RECORD_THREAD)
			thread = (void *)header;
		if (header->type != RECORD_LOOP || !thread || !is_away_from_epoll(thread, loop))
			continue;
		err = note_cache_want(&probe->notes->ended, (__u64)thread->tid << 32 | (__u32)loop->epoll_fd,
				      thread->start_ns ^ loop->returned_ns, thread);
	}
	return err ? err : add_known(probe, &probe->notes->ended, notes, NOTE_LOOP_ENDED, read_ended);
}

/* ---- All of them ---- */

/* Whether the thread needs a note: the scan does not know all about the call that it is in. */
static bool is_noted(const struct probe *probe, const struct buffer *buffer, const struct thread_record *thread,
		     size_t offset)
{
	if (may_be_nested(probe, thread))
		return true;
	if (!(thread->flags & (THREAD_SLEEPING | THREAD_STOPPED)) || !(has_path(thread) || waits_for_child(thread)))
		return false;
	return thread->flags & THREAD_HAS_DETAIL || (probe->use_loops && is_away(probe, buffer, thread, offset));
}

/* A thread that has not been switched in since is in the same wait. */
static __u64 wait_of(const struct thread_record *thread)
{
	return thread->start_ns * 31 + thread->voluntary + thread->involuntary;
}

static int add_wheres(struct probe *probe, const struct buffer *buffer, struct buffer *notes)
{
	struct record_header *header;
	size_t offset = 0;
	int err = 0;

	while (!err && (header = record_next(buffer, &offset))) {
		struct thread_record *thread = (void *)header;

		if (header->type == RECORD_THREAD && is_noted(probe, buffer, thread, offset))
			err = note_cache_want(&probe->notes->wheres, thread->tid, wait_of(thread), thread);
	}
	return err ? err : add_known(probe, &probe->notes->wheres, notes, NOTE_WHERE, read_where);
}

int probe_notes_add(struct probe *probe, struct buffer *buffer)
{
	struct buffer notes = {0};
	int err = add_wheres(probe, buffer, &notes);

	if (!err && probe->attached.stack_iter)
		err = add_stacks(probe, buffer, &notes);
	if (!err && probe->use_loops)
		err = add_ended(probe, buffer, &notes);
	if (!err)
		err = buffer_append(buffer, notes.data, notes.size);
	buffer_free(&notes);
	return err;
}

struct notes_cache *probe_notes_new(void)
{
	return calloc(1, sizeof(struct notes_cache));
}

void probe_notes_free(struct notes_cache *cache)
{
	if (!cache)
		return;
	note_cache_free(&cache->wheres);
	note_cache_free(&cache->ended);
	free(cache);
}
