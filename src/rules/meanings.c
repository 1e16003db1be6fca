/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/meanings.h"

#include <string.h>

#include "base/array.h"

const struct verdict_meanings *const verdict_meanings[] = {
	&handshake_meanings, &listener_meanings, &reader_meanings,  &writer_meanings,  &closing_meanings,
	&chain_meanings,     &loop_meanings,	 &process_meanings, &service_meanings, &lock_meanings,
};

const size_t verdict_meanings_count = COUNT_OF(verdict_meanings);

const struct verdict_meaning *verdict_meaning_at(size_t index)
{
	for (size_t i = 0; i < verdict_meanings_count; i++) {
		if (index < verdict_meanings[i]->count)
			return &verdict_meanings[i]->items[index];
		index -= verdict_meanings[i]->count;
	}
	return NULL;
}

bool verdict_meaning_is(const struct verdict_meaning *meaning, const char *word)
{
	size_t report = strlen(meaning->report);

	return !strcmp(word, meaning->verdict) || !strcmp(word, meaning->report) ||
	       (!strncmp(word, meaning->report, report) && word[report] == '.' &&
		!strcmp(word + report + 1, meaning->verdict));
}

const struct verdict_meaning *verdict_meaning(const char *report, const char *verdict)
{
	const struct verdict_meaning *item;
	size_t i = 0;

	while ((item = verdict_meaning_at(i)) && (strcmp(item->report, report) || strcmp(item->verdict, verdict)))
		i++;
	return item;
}
