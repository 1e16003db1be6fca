/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rows/report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/sorted.h"

#define ROWS_FIRST 64

struct row *report_add(struct report *report, const struct look *look, enum row_type type)
{
	struct row *rows = array_grow(report->rows, report->count, &report->capacity, ROWS_FIRST, sizeof(*rows)), *row;

	if (!rows)
		return NULL;
	report->rows = rows;
	row = &report->rows[report->count++];
	row_init(row, type);
	row->time_ns = look->head->realtime_ns;
	row->host = look->host;
	row->host_at = look->host_at;
	row->with_others = look->with_others;
	return row;
}

const char *report_id(struct report *report, const char *host, const char *id)
{
	return arena_printf(&report->arena, "%s/%s", host ? host : "", id);
}

int report_add_wait(struct report *report, const struct report_wait *wait)
{
	struct report_wait *waits =
		array_grow(report->waits, report->wait_count, &report->wait_capacity, ROWS_FIRST, sizeof(*waits));

	if (!waits)
		return -ENOMEM;
	report->waits = waits;
	waits[report->wait_count++] = *wait;
	return 0;
}

int report_note_chains(struct report *report, unsigned int host_at)
{
	size_t count = report->chain_hosts;
	bool *grown;

	if (host_at >= count) {
		grown = reallocarray(report->with_chains, host_at + 1UL, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		memset(grown + count, 0, (host_at + 1 - count) * sizeof(*grown));
		report->with_chains = grown;
		report->chain_hosts = host_at + 1UL;
	}
	report->with_chains[host_at] = true;
	return 0;
}

bool report_has_chains(const struct report *report, unsigned int host_at)
{
	return host_at < report->chain_hosts && report->with_chains[host_at];
}

void report_free(struct report *report)
{
	free(report->rows);
	free(report->waits);
	free(report->with_chains);
	arena_free(&report->arena);
	*report = (struct report){0};
}

/* The longer first; an age that is not known comes last. */
static int compare_ages(double a, double b)
{
	if (isnan(a) || isnan(b))
		return !!isnan(a) - !!isnan(b);
	return COMPARE(b, a);
}

static int compare_text(const char *a, const char *b)
{
	if (!a || !b)
		return !a - !b;
	return strcmp(a, b);
}

/* Among services that all answer, the one with the longest pending request comes first. */
static int compare_pending(const struct row *a, const struct row *b)
{
	if (a->type != ROW_SERVICE || b->type != ROW_SERVICE)
		return 0;
	return compare_ages(a->service.oldest_pending_s, b->service.oldest_pending_s);
}

/* Worst first; below that only so that the order is always the same. */
static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int order = COMPARE(b->severity, a->severity);

	if (!order)
		order = compare_ages(a->age_s, b->age_s);
	if (!order)
		order = compare_pending(a, b);
	if (!order)
		order = compare_text(a->id, b->id);
	if (!order)
		order = COMPARE(a->type, b->type);
	if (!order)
		order = COMPARE(a->host_at, b->host_at);
	if (!order)
		order = COMPARE(a->pid, b->pid);
	if (!order && a->type == ROW_SERVICE)
		order = COMPARE(a->local_port, b->local_port);
	if (!order)
		order = COMPARE(a->order, b->order);
	if (!order)
		order = COMPARE(a->tid, b->tid);
	if (!order)
		order = COMPARE(a->fd, b->fd);
	return order ? order : COMPARE(a->cookie, b->cookie);
}

void report_sort(struct report *report, size_t first)
{
	if (report->count - first > 1)
		qsort(report->rows + first, report->count - first, sizeof(*report->rows), compare_rows);
}

static int compare_shown(const void *left, const void *right)
{
	const struct row *a = *(const struct row *const *)left, *b = *(const struct row *const *)right;
	double age_a = isnan(a->age_s) ? -1 : a->age_s, age_b = isnan(b->age_s) ? -1 : b->age_s;

	if (a->severity != b->severity)
		return a->severity < b->severity ? 1 : -1;
	if (age_a != age_b)
		return age_a < age_b ? 1 : -1;
	return (a > b) - (a < b);
}

void rows_sort(const struct row **rows, size_t count)
{
	if (count)
		qsort(rows, count, sizeof(*rows), compare_shown);
}

bool row_is_told(const struct row *row, bool every)
{
	return row->event != STALL_NONE || (!row->is_old && (every || !row_is_finding(row->type)));
}
