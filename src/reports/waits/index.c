/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the next wait is found by. */
#include <errno.h>
#include <stdlib.h>

#include "base/sorted.h"
#include "reports/waits/outputs.h"
#include "reports/waits/waits.h"

static int compare_places(const void *left, const void *right)
{
	const struct wait_place *a = left, *b = right;
	int order = COMPARE(a->pid, b->pid);

	if (!order)
		order = COMPARE(a->tid, b->tid);
	return order ? order : COMPARE(a->at, b->at);
}

/*
 * The waits stand in the order of their ages. Here they stand by their threads: all of a process may ask for one of
 * them.
 */
int waits_index_next(struct waits *waits)
{
	free(waits->by_thread);
	free(waits->outputs);
	waits->outputs = NULL;
	waits->output_count = 0;
	waits->by_thread = calloc(waits->count + 1, sizeof(*waits->by_thread));
	if (!waits->by_thread || waits_index_outputs(waits))
		return -ENOMEM;
	for (size_t i = 0; i < waits->count; i++)
		waits->by_thread[i] = (struct wait_place){waits->items[i].pid, waits->items[i].tid, i};
	qsort(waits->by_thread, waits->count, sizeof(*waits->by_thread), compare_places);
	return 0;
}
