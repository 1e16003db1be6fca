/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/unserved_dates.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/sorted.h"
#include "look/records.h"
#include "loop_record.h"
#include "thread_record.h"

/* Scans this far apart settle it; what is settled is looked at again after the second. */
#define SETTLE_NS  (NS_PER_S * 9 / 10)
#define SETTLED_NS (5 * NS_PER_S / 2)
#define AGAIN_NS   (5 * NS_PER_S)

/* A loop must have been away this long; and so often is it looked up again. */
#define AWAY_MIN_NS NS_PER_S
#define AWAY_MAX_NS (30 * NS_PER_S)

static bool is_unserved(const struct epoll_record *epoll)
{
	return epoll->unread && !epoll->waiters;
}

static int compare_epolls(const void *left, const void *right)
{
	const struct epoll_record *a = left, *b = right;
	int order = COMPARE(a->pid, b->pid);

	return order ? order : COMPARE(a->fd, b->fd);
}

static const struct epoll_record *find(const struct buffer *epolls, const struct epoll_record *key)
{
	return epolls->size ? bsearch(key, epolls->data, epolls->size / sizeof(*key), sizeof(*key), compare_epolls)
			    : NULL;
}

void unserved_date(struct buffer *epolls, const struct buffer *before, bool waits_are_counted)
{
	struct epoll_record *items = (void *)epolls->data;
	size_t i, count = epolls->size / sizeof(*items);
	const struct epoll_record *old;

	if (count)
		qsort(items, count, sizeof(*items), compare_epolls);
	for (i = 0; i < count && waits_are_counted; i++) {
		if (!is_unserved(&items[i]))
			continue;
		old = find(before, &items[i]);
		if (old && old->process_start_ns == items[i].process_start_ns && old->unserved_since_ns)
			items[i].unserved_since_ns = old->unserved_since_ns;
		else
			items[i].unserved_since_ns = items[i].seen_ns;
	}
}

/* Only what comes from outside is judged by its date. */
static bool is_judged(const struct epoll_record *epoll)
{
	return epoll->unserved_since_ns && epoll->input & EPOLL_FROM_OUTSIDE;
}

bool unserved_is_due(const struct buffer *epolls, __u64 scanned_ns, __u64 now)
{
	const struct epoll_record *items = (const void *)epolls->data;
	size_t i, count = epolls->size / sizeof(*items);
	__u64 ago = now - scanned_ns;

	for (i = 0; i < count && ago >= SETTLE_NS; i++)
		if (is_judged(&items[i]) &&
		    (ago >= AGAIN_NS || items[i].seen_ns - items[i].unserved_since_ns < SETTLED_NS))
			return true;
	return false;
}

bool unserved_may_be_new(__u64 left_ns, bool counters_tell, __u64 scanned_ns, __u64 now)
{
	if (left_ns + AWAY_MIN_NS > now)
		return false;
	if (scanned_ns < left_ns + AWAY_MIN_NS || scanned_ns + AWAY_MAX_NS < now)
		return true;
	return !counters_tell && now - left_ns >= 2 * (scanned_ns - left_ns);
}

/* A wait on it was counted: then it is a loop whose counters tell. */
static bool is_counted(const struct epoll_record *epoll, const struct buffer *look)
{
	const struct thread_record *thread = NULL;
	struct record_header *header;
	size_t offset = 0;

	while ((header = record_next(look, &offset))) {
		const struct loop_record *loop = (const void *)header;

		if (header->type == RECORD_THREAD)
			thread = (const void *)header;
		if (header->type == RECORD_LOOP && thread && thread->pid == epoll->pid &&
		    loop->interface == LOOP_EPOLL && loop->epoll_fd == epoll->fd)
			return true;
	}
	return false;
}

bool unserved_is_open(const struct buffer *epolls, const struct buffer *look)
{
	const struct epoll_record *items = (const void *)epolls->data;
	size_t i, count = epolls->size / sizeof(*items);

	for (i = 0; i < count; i++)
		if (is_judged(&items[i]) && items[i].seen_ns - items[i].unserved_since_ns < SETTLE_NS &&
		    !is_counted(&items[i], look))
			return true;
	return false;
}
