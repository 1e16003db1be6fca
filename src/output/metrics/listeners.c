/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Metrics taken from the look itself, as no report has them: how full listeners are, and every lag of every loop. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "base/wording.h"
#include "look/listeners.h"
#include "look/owners.h"
#include "look/unix_path.h"
#include "options/filter.h"
#include "output/metrics/metrics.h"
#include "output/short_name.h"
#include "system/address.h"

/* ---- Listeners ---- */

static bool is_wanted(const struct metrics *metrics, const struct look *look, const struct listener_record *listener)
{
	const struct selection *selection = metrics->selection;

	return filter_is_met(selection, filter_socket(selection, look, &listener->name) |
						filter_holders_of(selection, look, listener->name.cookie));
}

static void fill_one(struct listener_fill *fill, const struct listener_record *listener,
		     const struct owner_record *owner)
{
	struct arena arena = {0};

	*fill = (struct listener_fill){
		.port = listener->name.local_port,
		.netns = listener->name.netns,
		.accept_queue = listener->accept_queue,
		.accept_limit = (uint64_t)listener->accept_queue_max + 1,
		.syn_queue = listener->syn_queue,
		.syn_limit = listeners_syn_room(listener),
	};
	if (listener->name.kind == SOCKET_KIND_UNIX)
		short_text(fill->address, sizeof(fill->address), unix_path(&arena, listener));
	else
		snprintf(fill->address, sizeof(fill->address), "%s", say_address(&arena, listener->name.local_addr));
	short_name(fill->comm, owner ? look_comm(&arena, owner->comm) : listener->of_kernel ? "kernel" : "");
	arena_free(&arena);
}

static int compare_labels(const void *left, const void *right)
{
	const struct listener_fill *a = left, *b = right;
	int order = COMPARE(a->netns, b->netns);

	if (!order)
		order = COMPARE(a->port, b->port);
	if (!order)
		order = strcmp(a->address, b->address);
	return order ? order : strcmp(a->comm, b->comm);
}

static size_t merge_alike(struct listener_fill *fills, size_t count)
{
	size_t kept = 0;

	qsort(fills, count, sizeof(*fills), compare_labels);
	for (size_t i = 0; i < count; i++) {
		if (!kept || compare_labels(&fills[kept - 1], &fills[i])) {
			fills[kept++] = fills[i];
			continue;
		}
		fills[kept - 1].accept_queue += fills[i].accept_queue;
		fills[kept - 1].accept_limit += fills[i].accept_limit;
		fills[kept - 1].syn_queue += fills[i].syn_queue;
		fills[kept - 1].syn_limit += fills[i].syn_limit;
	}
	return kept;
}

/* The fuller of the two queues. */
static double fullness(const struct listener_fill *fill)
{
	double accept = (double)fill->accept_queue / (double)(fill->accept_limit ? fill->accept_limit : 1);
	double syn = (double)fill->syn_queue / (double)(fill->syn_limit ? fill->syn_limit : 1);

	return accept > syn ? accept : syn;
}

/* The fullest first; of those that are empty always the same. */
static int compare_fullness(const void *left, const void *right)
{
	int order = COMPARE(fullness(right), fullness(left));

	return order ? order : compare_labels(left, right);
}

int metrics_listeners(struct metrics *metrics, const struct look *look)
{
	const struct listener_record *listener;
	const struct owner_record *owner;
	size_t count = 0;

	free(metrics->listeners.items);
	metrics->listeners.count = 0;
	metrics->listeners.items = calloc(look->listeners.count + 1, sizeof(*metrics->listeners.items));
	if (!metrics->listeners.items)
		return -ENOMEM;
	for (size_t i = 0; i < look->listeners.count; i++) {
		listener = look->listeners.items[i];
		if (!is_wanted(metrics, look, listener))
			continue;
		owner = owners_main(look, listener->name.cookie);
		fill_one(&metrics->listeners.items[count++], listener, owner);
	}
	metrics->listeners.count = count = merge_alike(metrics->listeners.items, count);
	qsort(metrics->listeners.items, count, sizeof(*metrics->listeners.items), compare_fullness);
	return 0;
}

/* ---- Lags of loops ---- */

static bool is_wanted_thread(const struct metrics *metrics, const struct look *look, const struct thread_record *thread)
{
	return filter_is_met(metrics->selection, filter_thread(metrics->selection, look, thread));
}

static struct lag_histogram *find_histogram(struct metrics *metrics, const char *comm)
{
	for (size_t i = 0; i < metrics->lag_count; i++) {
		if (!strcmp(metrics->lags[i].comm, comm))
			return &metrics->lags[i];
	}
	return NULL;
}

/* A name keeps its place from when it is first seen: a counter must not move to another. */
static struct lag_histogram *histogram_of(struct metrics *metrics, const struct thread_record *thread)
{
	struct arena arena = {0};
	char comm[SHORT_NAME_SIZE];
	struct lag_histogram *histogram;

	short_name(comm, look_comm(&arena, thread->process_comm));
	arena_free(&arena);
	histogram = find_histogram(metrics, comm);
	if (histogram)
		return histogram;
	if (metrics->lag_count >= METRICS_COMMS) {
		memcpy(comm, "other", sizeof("other"));
		histogram = find_histogram(metrics, comm);
	}
	if (histogram)
		return histogram;
	histogram = &metrics->lags[metrics->lag_count++];
	memcpy(histogram->comm, comm, sizeof(comm));
	return histogram;
}

/* Four buckets to each power of two; bucket 4 * i begins at 2^(i + 11) ns. */
static size_t bucket_at(unsigned int power)
{
	return 4 * (size_t)(power - LOOP_UNIT_SHIFT - 1);
}

static void add_lags(struct lag_histogram *histogram, const struct loop_record *now, const struct loop_last *before)
{
	uint64_t sum = 0;
	size_t at = 0;

	for (unsigned int le = 0; le < METRICS_LES; le++) {
		for (; at < bucket_at(METRICS_LE_FIRST + le); at++)
			sum += now->lag[at] - (before ? before->lag[at] : 0);
		histogram->below[le] += sum;
	}
	for (; at < LOOP_BUCKETS; at++)
		sum += now->lag[at] - (before ? before->lag[at] : 0);
	histogram->count += sum;
	if (!before || now->lag_ns > before->lag_ns)
		histogram->lag_ns += now->lag_ns - (before ? before->lag_ns : 0);
}

static int compare_loops(const struct loop_last *a, const struct loop_last *b)
{
	int order = COMPARE(a->pid, b->pid);

	if (!order)
		order = COMPARE(a->tid, b->tid);
	return order ? order : COMPARE(a->interface, b->interface);
}

static void keep_last(struct loop_last *last, const struct thread_record *thread, const struct loop_record *loop)
{
	*last = (struct loop_last){
		.pid = thread->pid,
		.tid = thread->tid,
		.interface = loop->interface,
		.start_ns = thread->start_ns,
		.waits = loop->waits,
		.lag_ns = loop->lag_ns,
	};
	memcpy(last->lag, loop->lag, sizeof(last->lag));
}

/*
 * The counters of this very loop at the last look; NULL: it is new, or has begun anew (on kernels where it has to give
 * way to others). *from moves on: both are sorted alike.
 */
static const struct loop_last *find_last(const struct metrics *metrics, const struct loop_last *now, size_t *from)
{
	const struct loop_last *last;

	while (*from < metrics->loops.count && compare_loops(&metrics->loops.items[*from], now) < 0)
		(*from)++;
	if (*from == metrics->loops.count)
		return NULL;
	last = &metrics->loops.items[*from];
	if (compare_loops(last, now) || last->start_ns != now->start_ns || last->waits > now->waits)
		return NULL;
	return last;
}

static size_t count_loops(const struct look *look)
{
	size_t count = 0;

	for (size_t i = 0; i < look->threads.count; i++)
		count += look->threads.items[i].loop_count;
	return count;
}

int metrics_loops(struct metrics *metrics, const struct look *look)
{
	struct loop_last *items = calloc(count_loops(look) + 1, sizeof(*items));
	size_t count = 0, from = 0;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < look->threads.count; i++) {
		const struct thread_view *view = &look->threads.items[i];

		if (!view->loop_count || !is_wanted_thread(metrics, look, view->thread))
			continue;
		for (size_t j = 0; j < view->loop_count; j++) {
			keep_last(&items[count], view->thread, &view->loops[j]);
			add_lags(histogram_of(metrics, view->thread), &view->loops[j],
				 find_last(metrics, &items[count], &from));
			count++;
		}
	}
	free(metrics->loops.items);
	metrics->loops.items = items;
	metrics->loops.count = count;
	return 0;
}
