/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rows/causes.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "rows/fold.h"

/* A row on its way to its place. Each group is a cause with what hangs on it, or one row alone. */
struct item {
	const struct row *row;
	size_t place; /* in the order in which they came */
	size_t group; /* the place of its cause, or its own */
	size_t members; /* of a group: rows that hang on it; kept at the item of its cause */
	bool is_cause;
	int64_t severity; /* of the worst of its group */
	double age_s; /* of the oldest; -1: not known */
};

static bool may_hang(const struct row *row)
{
	return row->stuck && row->event != STALL_CLOSE;
}

/* These are causes though nothing of what waits for them was seen. */
static bool is_cause_by_itself(const struct row *row)
{
	if (!may_hang(row))
		return false;
	return row->type == ROW_CHAIN || row->type == ROW_SERVICE || row->type == ROW_LISTENER;
}

/* ---- Groups ---- */

static int compare_ids(const void *left, const void *right)
{
	const struct item *a = *(struct item *const *)left, *b = *(struct item *const *)right;

	return strcmp(a->row->id, b->row->id);
}

static int compare_with_id(const void *id, const void *item)
{
	return strcmp(id, (*(struct item *const *)item)->row->id);
}

static struct item *find(struct item **by_id, size_t count, const char *id)
{
	struct item **found = count ? bsearch(id, by_id, count, sizeof(*by_id), compare_with_id) : NULL;

	return found ? *found : NULL;
}

static double age_of(const struct row *row)
{
	return isnan(row->age_s) ? -1 : row->age_s;
}

static void join(struct item *item, struct item *cause)
{
	item->group = cause->place;
	cause->members++;
	cause->is_cause = true;
	if (item->row->severity > cause->severity)
		cause->severity = item->row->severity;
	if (age_of(item->row) > cause->age_s)
		cause->age_s = age_of(item->row);
}

static int find_groups(struct item *items, size_t count)
{
	struct item **by_id = calloc(count + 1, sizeof(*by_id));
	size_t id_count = 0;

	if (!by_id)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (items[i].row->id && may_hang(items[i].row))
			by_id[id_count++] = &items[i];
	}
	qsort(by_id, id_count, sizeof(*by_id), compare_ids);
	for (size_t i = 0; i < count; i++) {
		const char *id = items[i].row->cause_id;
		struct item *cause = id && may_hang(items[i].row) ? find(by_id, id_count, id) : NULL;

		if (cause && cause != &items[i] && !cause->row->cause_id)
			join(&items[i], cause);
	}
	free(by_id);
	return 0;
}

/* ---- Order ---- */

static int compare_items(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	int order = COMPARE(b->is_cause, a->is_cause);

	if (!order && a->is_cause) {
		order = COMPARE(b->severity, a->severity);
		if (!order)
			order = COMPARE(b->age_s, a->age_s);
		if (!order)
			order = COMPARE(a->group, b->group);
		if (!order)
			order = COMPARE(a->place != a->group, b->place != b->group);
	}
	if (!order) /* what is over comes last */
		order = COMPARE(a->row->event == STALL_CLOSE, b->row->event == STALL_CLOSE);
	if (!order)
		order = COMPARE(b->row->severity, a->row->severity);
	if (!order)
		order = COMPARE(age_of(b->row), age_of(a->row));
	return order ? order : COMPARE(a->place, b->place);
}

/* Each row gets what is common to its group. */
static void spread(struct item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct item *cause = &items[items[i].group];

		items[i].is_cause = cause->is_cause;
		items[i].severity = cause->severity;
		items[i].age_s = cause->age_s;
	}
}

static struct item *sort_items(const struct row *const *rows, size_t count)
{
	struct item *items = calloc(count + 1, sizeof(*items));

	if (!items)
		return NULL;
	for (size_t i = 0; i < count; i++)
		items[i] = (struct item){
			rows[i],	i, i, 0, is_cause_by_itself(rows[i]) && !rows[i]->cause_id, rows[i]->severity,
			age_of(rows[i])};
	if (find_groups(items, count)) {
		free(items);
		return NULL;
	}
	spread(items, count);
	qsort(items, count, sizeof(*items), compare_items);
	return items;
}

/* ---- How many wait ---- */

static bool is_client(const struct row *row)
{
	return row_is_handshake_of(row, "client");
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t known(int64_t count)
{
	return count > 0 ? (uint64_t)count : 0;
}

/* What the reports have found, each by itself. */
struct counts {
	uint64_t readers, own_readers; /* readers and writers; own: of the cause's own process */
	uint64_t clients, servers, queued; /* in connect; in queues as handshakes, and as listeners count them */
	uint64_t most; /* of a chain or a service */
	bool has_chain; /* it knows who suffers: the readers on the way do not count */
};

static bool same_process(const struct row *a, const struct row *b)
{
	return a->host_at == b->host_at && a->pid == b->pid;
}

static void count_row(struct counts *counts, const struct cause *cause, const struct row *row)
{
	if (row->type == ROW_READER || row->type == ROW_WRITER)
		*(same_process(row, cause->items[0]) ? &counts->own_readers : &counts->readers) += fold_count(row);
	else if (row->type == ROW_HANDSHAKE)
		*(is_client(row) ? &counts->clients : &counts->servers) += fold_count(row);
	else if (row->type == ROW_LISTENER)
		counts->queued += known(row->listener.accept_queue);
	else if (row->type == ROW_CHAIN)
		counts->most = larger(counts->most, known(row->chain.waiters));
	else if (row->type == ROW_SERVICE)
		counts->most = larger(counts->most, known(row->service.pending));
	counts->has_chain |= row->type == ROW_CHAIN;
}

/*
 * The same connection may be seen at both its ends (that of the cause's own process is one), and by several reports: so
 * the most that one of them has.
 */
static uint64_t count_waiters(const struct cause *cause)
{
	struct counts counts = {.most = 0};
	uint64_t waits;

	for (size_t i = 0; i < cause->count; i++)
		count_row(&counts, cause, cause->items[i]);
	waits = counts.has_chain ? 0 : larger(counts.readers, counts.own_readers);
	return larger(larger(counts.most, waits), larger(counts.queued + counts.clients, counts.servers));
}

static double find_oldest(const struct cause *cause)
{
	double oldest = -1;

	for (size_t i = 0; i < cause->count; i++)
		oldest = age_of(cause->items[i]) > oldest ? age_of(cause->items[i]) : oldest;
	return oldest < 0 ? NAN : oldest;
}

/* ---- All ---- */

static void list_causes(struct causes *causes, const struct item *items)
{
	size_t end;

	for (size_t i = 0; i < causes->count && items[i].is_cause; i = end) {
		struct cause *cause = &causes->items[causes->cause_count++];

		for (end = i + 1; end < causes->count && items[end].is_cause && items[end].group == items[i].group;
		     end++)
			;
		*cause = (struct cause){.items = &causes->rows[i], .count = end - i};
		cause->waiters = count_waiters(cause);
		cause->oldest_s = find_oldest(cause);
		causes->first_other = end;
	}
}

int causes_collect(struct causes *causes, const struct row *const *rows, size_t count)
{
	struct item *items = sort_items(rows, count);
	int err = -ENOMEM;

	*causes = (struct causes){
		.rows = calloc(count + 1, sizeof(*causes->rows)),
		.items = calloc(count + 1, sizeof(*causes->items)),
		.count = count,
	};
	if (items && causes->rows && causes->items) {
		for (size_t i = 0; i < count; i++)
			causes->rows[i] = items[i].row;
		list_causes(causes, items);
		err = 0;
	}
	free(items);
	return err;
}

void causes_free(struct causes *causes)
{
	free(causes->rows);
	free(causes->items);
	*causes = (struct causes){0};
}

int causes_sort(struct report *report)
{
	const struct row **rows = calloc(report->count + 1, sizeof(*rows));
	struct row *sorted = calloc(report->count + 1, sizeof(*sorted));
	struct item *items = NULL;

	for (size_t i = 0; i < report->count && rows && sorted; i++)
		rows[i] = &report->rows[i];
	if (rows && sorted)
		items = sort_items(rows, report->count);
	for (size_t i = 0; i < report->count && items; i++)
		sorted[i] = *items[i].row;
	if (items && report->count)
		memcpy(report->rows, sorted, report->count * sizeof(*sorted));
	free(rows);
	free(sorted);
	if (!items)
		return -ENOMEM;
	free(items);
	return 0;
}
