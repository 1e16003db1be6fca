/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "output/metrics/metrics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/sorted.h"
#include "base/text.h"
#include "rows/column.h"

/* ---- Stalls ---- */

/* One name, how many stuck rows it has in this look, and how bad the worst of them is. */
struct comm_count {
	char comm[SHORT_NAME_SIZE];
	size_t count;
	int64_t severity;
};

static bool is_counted(const struct row *row)
{
	return row->stuck && row->event != STALL_CLOSE && row->verdict;
}

static int compare_comms(const void *left, const void *right)
{
	const struct comm_count *a = left, *b = right;
	int order = COMPARE(b->severity, a->severity);

	if (!order)
		order = COMPARE(b->count, a->count);
	return order ? order : strcmp(a->comm, b->comm);
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(((const struct comm_count *)left)->comm, ((const struct comm_count *)right)->comm);
}

static void take_name(struct comm_count *name, const struct row *row)
{
	short_name(name->comm, row->process_comm ? row->process_comm : row->comm);
	name->severity = row->severity;
	name->count = 1;
}

static void merge(struct comm_count *name, const struct comm_count *other)
{
	name->count += other->count;
	if (name->severity < other->severity)
		name->severity = other->severity;
}

/* One entry for each name: the worst first, then the most frequent. */
static size_t count_comms(struct comm_count *comms, const struct report *report)
{
	size_t rows = 0, names = 0;

	for (size_t i = 0; i < report->count; i++) {
		if (is_counted(&report->rows[i]))
			take_name(&comms[rows++], &report->rows[i]);
	}
	qsort(comms, rows, sizeof(*comms), compare_names);
	for (size_t i = 0; i < rows; i++) {
		if (names && !strcmp(comms[names - 1].comm, comms[i].comm))
			merge(&comms[names - 1], &comms[i]);
		else
			comms[names++] = comms[i];
	}
	qsort(comms, names, sizeof(*comms), compare_comms);
	return names;
}

static const char *label_of(const struct comm_count *comms, size_t count, const char *comm)
{
	for (size_t i = 0; i < count && i < METRICS_COMMS; i++) {
		if (!strcmp(comms[i].comm, comm))
			return comm;
	}
	return "other";
}

/* The table's own copy of the verdict: it outlives the row. NULL: it is not among those the table knows. */
static const char *constant_verdict(const struct row *row)
{
	const struct column *column = column_find("verdict", row->type);

	for (size_t i = 0; column && column->values && column->values[i]; i++) {
		if (!strcmp(column->values[i], row->verdict))
			return column->values[i];
	}
	return NULL;
}

static void count_stall(struct metrics *metrics, const struct row *row, const char *label)
{
	const char *verdict = constant_verdict(row);
	struct stall_count *stall;

	if (!verdict)
		return;
	for (size_t i = 0; i < metrics->stalls.count; i++) {
		stall = &metrics->stalls.items[i];
		if (stall->type == row->type && stall->verdict == verdict && !strcmp(stall->comm, label)) {
			stall->count++;
			return;
		}
	}
	stall = &metrics->stalls.items[metrics->stalls.count++];
	*stall = (struct stall_count){.type = row->type, .verdict = verdict, .count = 1};
	memcpy(stall->comm, label, strlen(label) + 1);
}

static void count_row(struct metrics *metrics, const struct row *row, const struct comm_count *comms, size_t names)
{
	char comm[SHORT_NAME_SIZE];

	if (row->event == STALL_OPEN && row->stuck)
		metrics->opened[row->type]++;
	if (!is_counted(row))
		return;
	short_name(comm, row->process_comm ? row->process_comm : row->comm);
	count_stall(metrics, row, label_of(comms, names, comm));
	if (row->age_s > metrics->oldest_s[row->type])
		metrics->oldest_s[row->type] = row->age_s;
}

int metrics_stalls(struct metrics *metrics, const struct report *report)
{
	struct comm_count *comms = calloc(report->count + 1, sizeof(*comms));
	size_t names;

	free(metrics->stalls.items);
	metrics->stalls.items = calloc(report->count + 1, sizeof(*metrics->stalls.items));
	metrics->stalls.count = 0;
	memset(metrics->oldest_s, 0, sizeof(metrics->oldest_s));
	if (!comms || !metrics->stalls.items) {
		free(comms);
		return -ENOMEM;
	}
	names = count_comms(comms, report);
	for (size_t i = 0; i < report->count; i++)
		count_row(metrics, &report->rows[i], comms, names);
	free(comms);
	return 0;
}

/* ---- Records and looks ---- */

static void take_start(struct metrics *metrics, const struct start_fields *start)
{
	snprintf(metrics->version, sizeof(metrics->version), "%s", start->version ? start->version : "");
	snprintf(metrics->kernel, sizeof(metrics->kernel), "%s", start->kernel ? start->kernel : "");
}

static void take_lost(struct metrics *metrics, const struct lost_fields *lost)
{
	const size_t most = COUNT_OF(metrics->lost);
	size_t i;

	if (!lost->where || lost->count <= 0)
		return;
	for (i = 0; i < metrics->lost_count; i++) {
		if (!strcmp(metrics->lost[i].where, lost->where))
			break;
	}
	if (i == most)
		i--;
	if (i == metrics->lost_count) {
		snprintf(metrics->lost[i].where, sizeof(metrics->lost[i].where), "%s", lost->where);
		metrics->lost_count++;
	}
	metrics->lost[i].count += (uint64_t)lost->count;
}

int metrics_record(struct metrics *metrics, const struct row *row)
{
	if (row->type == ROW_START)
		take_start(metrics, &row->start);
	else if (row->type == ROW_LOST)
		take_lost(metrics, &row->lost);
	return 0;
}

int metrics_look(struct metrics *metrics, const struct report *report, const struct look *look)
{
	const struct look_record *head = look->head;
	int err;

	metrics->looks++;
	metrics->time_ns = head->realtime_ns;
	metrics->interval_ns = head->stretched_ns ? head->stretched_ns : head->interval_ns;
	metrics->cpu_s = (double)head->cpu_ns / 1e9;
	err = metrics_stalls(metrics, report);
	if (!err)
		err = metrics_listeners(metrics, look);
	if (!err)
		err = metrics_services(metrics, look);
	return err ? err : metrics_loops(metrics, look);
}

void metrics_free(struct metrics *metrics)
{
	free(metrics->stalls.items);
	free(metrics->listeners.items);
	free(metrics->services.items);
	free(metrics->loops.items);
}
