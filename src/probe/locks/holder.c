/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "probe/locks/holder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "probe/maps.h"
#include "probe/notes.h"

/* Threads of a process whose numbers are asked for, and at once. */
#define THREADS_MOST  1024
#define ASKED_AT_ONCE 64

struct inner_thread {
	__u32 tid, inner;
};

/* ---- A thread's name, and whether it is there ---- */

bool lock_holder_name(__u32 pid, __u32 tid, char comm[16])
{
	char path[64], text[32];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/comm", pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, text, sizeof(text));
	close(fd);
	if (got <= 0)
		return false;
	got -= text[got - 1] == '\n';
	memset(comm, 0, 16);
	memcpy(comm, text, got < 15 ? (size_t)got : 15);
	return true;
}

/* ---- In another pid namespace ---- */

static int add_threads(struct inner_threads *threads, const __u32 *tids, size_t count, struct probe *probe,
		       __u64 process_start_ns)
{
	struct foreign_question questions[ASKED_AT_ONCE];
	struct buffer answers = {0};
	size_t i;
	int err;

	for (i = 0; i < count; i++)
		questions[i] = (struct foreign_question){
			.request = {.kind = FOREIGN_STATUS, .pid = tids[i], .tid = tids[i], .size = 4096},
			.process_start_ns = process_start_ns,
		};
	err = foreign_ask(probe->foreign, questions, count, &answers);
	for (i = 0; i < count && !err; i++) {
		struct inner_thread thread = {.tid = tids[i]};

		if (questions[i].err)
			continue;
		thread.inner = probe_inner_id(tids[i], answers.data + questions[i].at, questions[i].size);
		err = buffer_append(&threads->items, &thread, sizeof(thread));
	}
	buffer_free(&answers);
	return err;
}

static int read_threads(struct probe *probe, struct inner_threads *threads, const struct thread_record *waiter)
{
	__u32 tids[ASKED_AT_ONCE];
	size_t count, all = 0;
	char path[64];
	DIR *tasks;
	int err = 0;

	threads->pid = waiter->pid;
	buffer_reset(&threads->items);
	snprintf(path, sizeof(path), "/proc/%u/task", waiter->pid);
	tasks = opendir(path);
	if (!tasks)
		return 0;
	while (!err && all < THREADS_MOST && (count = probe_next_threads(tasks, tids, COUNT_OF(tids)))) {
		err = add_threads(threads, tids, count, probe, waiter->process_start_ns);
		all += count;
	}
	closedir(tasks);
	return err;
}

/* *tid 0: the process has no such thread. */
static int outer_tid(struct probe *probe, struct inner_threads *threads, const struct thread_record *waiter,
		     __u32 inner, __u32 *tid)
{
	const struct inner_thread *items;
	size_t i;
	int err = 0;

	*tid = inner;
	if (!waiter->inner_pid || waiter->inner_pid == waiter->pid)
		return 0;
	*tid = 0;
	if (threads->pid != waiter->pid)
		err = read_threads(probe, threads, waiter);
	items = (const void *)threads->items.data;
	for (i = 0; i < threads->items.size / sizeof(*items) && !err && !*tid; i++)
		if (items[i].inner == inner)
			*tid = items[i].tid;
	return err;
}

/* ---- In another process ---- */

/* The process of a thread; 0: not known. */
static int process_of(struct probe *probe, const struct thread_record *waiter, __u32 tid, __u32 *pid)
{
	struct foreign_question question = {
		.request = {.kind = FOREIGN_STATUS, .pid = tid, .tid = tid, .size = 4096},
		.process_start_ns = waiter->process_start_ns,
	};
	struct buffer answer = {0};
	int err = foreign_ask_one(probe->foreign, &question, &answer);
	const char *line;

	*pid = 0;
	if (!err && !question.err)
		err = buffer_append(&answer, NULL, 1);
	line = !err && !question.err ? strstr(answer.data, "\nTgid:\t") : NULL;
	if (line)
		*pid = (__u32)strtoul(line + 7, NULL, 10);
	buffer_free(&answer);
	return err;
}

static bool is_same_memory(const struct memory_region *a, const struct memory_region *b)
{
	return a->inode == b->inode && b->permissions[3] == 's' && a->name_length == b->name_length &&
	       !memcmp(a->name, b->name, a->name_length);
}

/* Both have mapped the memory that the lock is in: it is no number that two namespaces have by chance. */
static int shares_memory(struct probe *probe, const struct thread_record *waiter, __u64 address, __u32 pid,
			 bool *shares)
{
	const struct memory_region *region;
	const struct process_maps *maps;
	struct memory_region lock;
	size_t i;
	int err = probe_maps_get(probe, waiter->pid, waiter->tid, waiter->process_start_ns, &maps);

	*shares = false;
	region = err ? NULL : memory_map_find(maps->regions, maps->count, address);
	if (!region || region->permissions[3] != 's' || !region->inode)
		return err;
	lock = *region;
	err = probe_maps_get(probe, pid, pid, 0, &maps);
	for (i = 0; !err && i < maps->count && !*shares; i++)
		*shares = is_same_memory(&lock, &maps->regions[i]);
	return err;
}

static int find_elsewhere(struct probe *probe, const struct thread_record *waiter, __u32 tid, __u64 address,
			  struct lock_holder *holder)
{
	bool shares = false;
	__u32 pid;
	int err = process_of(probe, waiter, tid, &pid);

	if (!err && pid && pid != waiter->pid)
		err = shares_memory(probe, waiter, address, pid, &shares);
	if (!err && shares && lock_holder_name(pid, tid, holder->comm)) {
		holder->pid = pid;
		holder->tid = tid;
	}
	return err;
}

int lock_holder_find(struct probe *probe, struct inner_threads *threads, const struct thread_record *waiter,
		     __u32 inner_tid, __u64 address, bool shared, struct lock_holder *holder)
{
	__u32 tid;
	int err = outer_tid(probe, threads, waiter, inner_tid, &tid);

	*holder = (struct lock_holder){.tid = 0};
	if (err)
		return err;
	if (tid && lock_holder_name(waiter->pid, tid, holder->comm)) {
		holder->pid = waiter->pid;
		holder->tid = tid;
		return 0;
	}
	/* In a namespace of its own a process's numbers mean nothing here. */
	if (shared && tid == inner_tid)
		return find_elsewhere(probe, waiter, tid, address, holder);
	return 0;
}
