/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The order of a look's arrays. Equal keys stay in the order of the bytes, so that a replay sees what the live run saw.
 */
#include <stdlib.h>

#include "base/sorted.h"
#include "look/internal.h"

static int compare_threads(const void *left, const void *right)
{
	const struct thread_record *a = ((const struct thread_view *)left)->thread;
	const struct thread_record *b = ((const struct thread_view *)right)->thread;
	int order = COMPARE(a->pid, b->pid);

	if (!order)
		order = COMPARE(a->tid, b->tid);
	return order ? order : COMPARE(a, b);
}

static int compare_held(const void *left, const void *right)
{
	const struct socket_record *a = ((const struct held_view *)left)->socket;
	const struct socket_record *b = ((const struct held_view *)right)->socket;
	int order = COMPARE(a->name.cookie, b->name.cookie);

	return order ? order : COMPARE(a, b);
}

static int compare_owners(const void *left, const void *right)
{
	const struct owner_record *a = *(const struct owner_record *const *)left;
	const struct owner_record *b = *(const struct owner_record *const *)right;
	int order = COMPARE(a->cookie, b->cookie);

	if (!order)
		order = COMPARE(a->pid, b->pid);
	if (!order)
		order = COMPARE(a->fd, b->fd);
	return order ? order : COMPARE(a, b);
}

static int compare_inodes(const void *left, const void *right)
{
	const struct owner_record *a = *(const struct owner_record *const *)left;
	const struct owner_record *b = *(const struct owner_record *const *)right;
	int order = COMPARE(a->inode, b->inode);

	if (!order)
		order = COMPARE(a->pid, b->pid);
	if (!order)
		order = COMPARE(a->fd, b->fd);
	return order ? order : COMPARE(a, b);
}

static int compare_processes(const void *left, const void *right)
{
	const struct process_record *a = *(const struct process_record *const *)left;
	const struct process_record *b = *(const struct process_record *const *)right;
	int order = COMPARE(a->pid, b->pid);

	return order ? order : COMPARE(a, b);
}

static int compare_usages(const void *left, const void *right)
{
	const struct usage_record *a = *(const struct usage_record *const *)left;
	const struct usage_record *b = *(const struct usage_record *const *)right;
	int order = COMPARE(a->pid, b->pid);

	return order ? order : COMPARE(a, b);
}

static int compare_notes(const void *left, const void *right)
{
	const struct note_record *a = *(const struct note_record *const *)left;
	const struct note_record *b = *(const struct note_record *const *)right;
	int order = COMPARE(a->tid, b->tid);

	if (!order)
		order = COMPARE(a->kind, b->kind);
	return order ? order : COMPARE(a, b);
}

static int compare_locks(const void *left, const void *right)
{
	const struct lock_record *a = *(const struct lock_record *const *)left;
	const struct lock_record *b = *(const struct lock_record *const *)right;
	int order = COMPARE(a->tid, b->tid);

	return order ? order : COMPARE(a, b);
}

static int compare_epolls(const void *left, const void *right)
{
	const struct epoll_record *a = *(const struct epoll_record *const *)left;
	const struct epoll_record *b = *(const struct epoll_record *const *)right;
	int order = COMPARE(a->pid, b->pid);

	if (!order)
		order = COMPARE(a->fd, b->fd);
	return order ? order : COMPARE(a, b);
}

/* The kernel walks threads in order, mostly: then there is nothing to sort. */
static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	const char *item = items;
	size_t i;

	for (i = 1; i < count; i++, item += size) {
		if (compare(item, item + size) > 0) {
			qsort(items, count, size, compare);
			return;
		}
	}
}

void look_sort(struct look *look)
{
	sort(look->threads.items, look->threads.count, sizeof(*look->threads.items), compare_threads);
	sort(look->held.items, look->held.count, sizeof(*look->held.items), compare_held);
	sort(look->owners.items, look->owners.count, sizeof(*look->owners.items), compare_owners);
	sort(look->pipe_readers.items, look->pipe_readers.count, sizeof(*look->pipe_readers.items), compare_owners);
	sort(look->pipe_writers.items, look->pipe_writers.count, sizeof(*look->pipe_writers.items), compare_owners);
	sort(look->owners_by_inode.items, look->owners_by_inode.count, sizeof(*look->owners_by_inode.items),
	     compare_inodes);
	sort(look->processes.items, look->processes.count, sizeof(*look->processes.items), compare_processes);
	sort(look->usages.items, look->usages.count, sizeof(*look->usages.items), compare_usages);
	sort(look->epolls.items, look->epolls.count, sizeof(*look->epolls.items), compare_epolls);
	sort(look->notes.items, look->notes.count, sizeof(*look->notes.items), compare_notes);
	sort(look->locks.items, look->locks.count, sizeof(*look->locks.items), compare_locks);
}
