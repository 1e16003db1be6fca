/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/sleep_dates.h"

#include <errno.h>
#include <stdlib.h>

#include "look/records.h"
#include "thread_record.h"

struct sleeper {
	__u32 tid;
	__u64 start_ns; /* a thread id may be another's by the next look */
	__u64 switches;
	__u64 since_ns;
};

static int compare(const void *left, const void *right)
{
	const struct sleeper *a = left, *b = right;

	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	return a->start_ns < b->start_ns ? -1 : a->start_ns > b->start_ns;
}

/* The next record of a sleeping thread, or NULL. */
static struct thread_record *next_sleeper(const struct buffer *buffer, size_t *offset)
{
	struct record_header *header;

	while ((header = record_next(buffer, offset))) {
		struct thread_record *thread = (void *)header;

		if (header->type == RECORD_THREAD && thread->flags & (THREAD_SLEEPING | THREAD_STOPPED))
			return thread;
	}
	return NULL;
}

static size_t count_sleepers(const struct buffer *buffer, size_t offset)
{
	size_t count = 0;

	while (next_sleeper(buffer, &offset))
		count++;
	return count;
}

static const struct sleeper *find(const struct sleeps *sleeps, const struct sleeper *key)
{
	return sleeps->count ? bsearch(key, sleeps->items, sleeps->count, sizeof(*key), compare) : NULL;
}

static struct sleeper date(const struct sleeps *before, struct thread_record *thread)
{
	struct sleeper now = {
		.tid = thread->tid,
		.start_ns = thread->start_ns,
		.switches = thread->voluntary + thread->involuntary,
		.since_ns = thread->seen_ns,
	};
	const struct sleeper *known = find(before, &now);

	if (known && known->switches == now.switches)
		now.since_ns = known->since_ns;
	thread->last_arrival = now.since_ns;
	thread->slice_ns = 0;
	thread->flags |= THREAD_AT_LEAST;
	return now;
}

int sleeps_date(struct sleeps *sleeps, struct buffer *buffer, size_t offset)
{
	struct sleeps now = {.items = calloc(count_sleepers(buffer, offset) + 1, sizeof(*now.items))};
	struct thread_record *thread;

	if (!now.items)
		return -ENOMEM;
	while ((thread = next_sleeper(buffer, &offset)))
		now.items[now.count++] = date(sleeps, thread);
	qsort(now.items, now.count, sizeof(*now.items), compare);
	free(sleeps->items);
	*sleeps = now;
	return 0;
}

void sleeps_free(struct sleeps *sleeps)
{
	free(sleeps->items);
	sleeps->items = NULL;
	sleeps->count = 0;
}
