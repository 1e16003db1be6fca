/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/array.h"
#include "base/sorted.h"
#include "rows/report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "options/filter.h"
#include "reports/reports.h"

#define ROWS_FIRST 64

const struct report_kind *const reports[] = {
	&report_handshakes,
	&report_readers,
	&report_loops,
	&report_writers,
	&report_closing,
	&report_chains,
	&report_threads,
	&report_watches,
};
const size_t report_count = COUNT_OF(reports);

struct row *report_add(struct report *report, const struct look *look, enum row_type type)
{
	struct row *rows = array_grow(report->rows, report->count, &report->capacity, ROWS_FIRST, sizeof(*rows)), *row;

	if (!rows)
		return NULL;
	report->rows = rows;
	row = &report->rows[report->count++];
	row_init(row, type);
	row->time_ns = look->head->realtime_ns;
	return row;
}

void report_free(struct report *report)
{
	free(report->rows);
	arena_free(&report->arena);
	*report = (struct report){0};
}

uint64_t report_min_age(const struct options *options, enum row_type type)
{
	if (options->min_age_given)
		return options->min_age_ns;
	return type == ROW_LOOP ? LOOP_MIN_AGE_NS : DEFAULT_MIN_AGE_NS;
}

const char *report_why_closed(struct arena *arena, const struct row *row, const struct look *look)
{
	const char *why;
	size_t i;

	for (i = 0; i < report_count; i++) {
		why = reports[i]->why_closed ? reports[i]->why_closed(arena, row, look) : NULL;
		if (why)
			return why;
	}
	return NULL;
}

static bool is_shown(const struct options *options, const struct row *row)
{
	bool normal_too = options->all || (row->type == ROW_LOOP && options->healthy_loops);

	if (row_is_finding(row->type) && !row->stuck && !normal_too)
		return false;
	return filter_matches(options, row);
}

static void drop_others(struct report *report, size_t first, const struct options *options)
{
	size_t i, kept = first;

	for (i = first; i < report->count; i++) {
		if (!is_shown(options, &report->rows[i]))
			continue;
		if (kept != i)
			report->rows[kept] = report->rows[i];
		kept++;
	}
	report->count = kept;
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

/* Worst first; below that only so that the order is always the same. */
static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int order = COMPARE(b->severity, a->severity);

	if (!order)
		order = compare_ages(a->age_s, b->age_s);
	if (!order)
		order = compare_text(a->id, b->id);
	if (!order)
		order = COMPARE(a->type, b->type);
	if (!order)
		order = COMPARE(a->pid, b->pid);
	if (!order)
		order = COMPARE(a->order, b->order);
	if (!order)
		order = COMPARE(a->tid, b->tid);
	if (!order)
		order = COMPARE(a->fd, b->fd);
	return order ? order : compare_text(a->cookie, b->cookie);
}

void report_sort(struct report *report, size_t first)
{
	if (report->count - first > 1)
		qsort(report->rows + first, report->count - first, sizeof(*report->rows), compare_rows);
}

void report_select(struct report *report, size_t first, const struct options *options)
{
	drop_others(report, first, options);
	report_sort(report, first);
}

static bool is_wanted(const struct report_kind *kind, const struct options *options)
{
	return kind->commands & 1u << options->command || (kind == &report_chains && options->chains);
}

static void name_namespaces(struct report *report, size_t first, const struct look *look)
{
	size_t i;

	for (i = first; i < report->count; i++)
		if (report->rows[i].netns != NOT_KNOWN)
			report->rows[i].netns_name = look_netns_name(look, (__u32)report->rows[i].netns);
}

int report_run(struct report *report, const struct look *look, const struct look *previous,
	       const struct options *options)
{
	size_t i, first = report->count;
	int err;

	for (i = 0; i < report_count; i++) {
		if (!is_wanted(reports[i], options))
			continue;
		err = reports[i]->run(report, look, previous, options);
		if (err)
			return err;
	}
	if (options->netns == NETNS_NAME)
		name_namespaces(report, first, look);
	report_select(report, first, options);
	name_namespaces(report, first, look);
	return 0;
}
