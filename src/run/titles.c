/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which processes of a report need their command lines. */
#include <errno.h>
#include <stdlib.h>

#include "base/sorted.h"
#include "probe/probe.h"
#include "run/run.h"

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

/* If the end is asked for meanwhile, the look goes without them. */
static int complete(void *context, const struct report *report, const struct look *look, struct buffer *records)
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
	err = probe_titles_read(context, look, pids, count, records);
	free(pids);
	return err == -ECANCELED ? 0 : err;
}

void titles_follow(struct session *session, struct probe *probe)
{
	session->complete = complete;
	session->complete_context = probe;
}
