/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which processes of a report need their command lines, and which threads the code that they are in. */
#include <errno.h>
#include <stdlib.h>

#include "base/sorted.h"
#include "probe/probe.h"
#include "run/run.h"

/* Stuck threads of which the code is told: the worst. */
#define CODES_MOST 512

/* Takes out what is there twice. Returns how many are left. */
static size_t sort_pids(uint64_t *pids, size_t count)
{
	size_t i, kept = 0;

	if (count)
		qsort(pids, count, sizeof(*pids), compare_numbers);
	for (i = 0; i < count; i++)
		if (!kept || pids[kept - 1] != pids[i])
			pids[kept++] = pids[i];
	return kept;
}

static const struct thread_record *thread_of(const struct row *row, const struct look *look)
{
	const struct thread_view *view = NULL;

	if (row->stuck && row->pid > 0 && row->tid > 0)
		view = look_thread(look, (__u32)row->pid, (__u32)row->tid);
	return view && !look_note(look, (__u32)row->tid, NOTE_CODE) ? view->thread : NULL;
}

static int complete_codes(struct probe *probe, const struct report *report, const struct look *look,
			  struct buffer *records)
{
	const struct thread_record **threads = calloc(report->count + 1, sizeof(const struct thread_record *));
	const struct thread_record *thread;
	size_t i, j, count = 0;
	int err;

	if (!threads)
		return -ENOMEM;
	for (i = 0; i < report->count && count < CODES_MOST; i++) {
		thread = thread_of(&report->rows[i], look);
		for (j = 0; thread && j < count && threads[j] != thread; j++)
			;
		if (thread && j == count)
			threads[count++] = thread;
	}
	err = probe_codes_read(probe, threads, count, records);
	free(threads);
	return err;
}

static int complete_titles(struct probe *probe, const struct report *report, const struct look *look,
			   struct buffer *records)
{
	uint64_t *pids = calloc(report->count + 1, sizeof(*pids));
	size_t i, count = 0;
	int err;

	if (!pids)
		return -ENOMEM;
	for (i = 0; i < report->count; i++)
		if (report->rows[i].pid > 0)
			pids[count++] = (uint64_t)report->rows[i].pid;
	count = sort_pids(pids, count);
	err = probe_titles_read(probe, look, pids, count, records);
	free(pids);
	return err;
}

/* If the end is asked for meanwhile, the look goes without them. */
static int complete(void *context, const struct report *report, const struct look *look, struct buffer *records)
{
	int err = complete_titles(context, report, look, records);

	if (!err)
		err = complete_codes(context, report, look, records);
	return err == -ECANCELED ? 0 : err;
}

void titles_follow(struct session *session, struct probe *probe)
{
	session->complete = complete;
	session->complete_context = probe;
}
