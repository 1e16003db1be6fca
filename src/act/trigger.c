/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "act/trigger.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/sorted.h"

static bool has_met(const struct trigger *trigger, uint64_t hash)
{
	return trigger->met.size &&
	       bsearch(&hash, trigger->met.data, trigger->met.size / sizeof(hash), sizeof(hash), compare_numbers);
}

/* Every open stall is in every report: what is in none any more is over, and forgotten. */
int trigger_look(struct trigger *trigger, const struct report *report,
		 void (*each)(void *context, const struct row *row), void *context)
{
	struct buffer met = {0};
	uint64_t hash;
	size_t i;
	int err = 0;

	for (i = 0; i < report->count && !err; i++) {
		const struct row *row = &report->rows[i];
		bool before;

		if (!row->id || !row->stuck || row->event == STALL_CLOSE)
			continue;
		hash = hash_text(HASH_START, row->id);
		before = has_met(trigger, hash);
		if (!before && !condition_holds(trigger->condition, row))
			continue;
		err = buffer_append(&met, &hash, sizeof(hash));
		if (!before && !err)
			each(context, row);
	}
	if (met.size)
		qsort(met.data, met.size / sizeof(hash), sizeof(hash), compare_numbers);
	buffer_free(&trigger->met);
	trigger->met = met;
	return err;
}

void trigger_free(struct trigger *trigger)
{
	buffer_free(&trigger->met);
}
