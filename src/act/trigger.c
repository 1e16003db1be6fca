/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "act/trigger.h"

#include <errno.h>
#include <stdlib.h>

/* FNV-1a */
static uint64_t hash_id(const char *id)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *id; id++)
		hash = (hash ^ (unsigned char)*id) * 0x100000001b3u;
	return hash;
}

static int compare_hashes(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static bool has_met(const struct trigger *trigger, uint64_t hash)
{
	return trigger->met.size && bsearch(&hash, trigger->met.data, trigger->met.size / sizeof(hash), sizeof(hash),
					    compare_hashes);
}

/* Every open stall is in every report: what is in none any more is over, and forgotten. */
int trigger_look(struct trigger *trigger, const struct report *report,
		 void (*each)(void *context, const struct row *row), void *context)
{
	struct buffer met = { 0 };
	uint64_t hash;
	size_t i;
	int err = 0;

	for (i = 0; i < report->count && !err; i++) {
		const struct row *row = &report->rows[i];
		bool before;

		if (!row->id || !row->stuck || row->event == STALL_CLOSE)
			continue;
		hash = hash_id(row->id);
		before = has_met(trigger, hash);
		if (!before && !condition_holds(trigger->condition, row))
			continue;
		err = buffer_append(&met, &hash, sizeof(hash));
		if (!before && !err)
			each(context, row);
	}
	if (met.size)
		qsort(met.data, met.size / sizeof(hash), sizeof(hash), compare_hashes);
	buffer_free(&trigger->met);
	trigger->met = met;
	return err;
}

void trigger_free(struct trigger *trigger)
{
	buffer_free(&trigger->met);
}
