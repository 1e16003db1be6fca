/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "history/stalls.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "history/seen.h"
#include "history/stall_known.h"
#include "history/stall_put_off.h"
#include "reports/reports.h"

/*
 * All stalls of one look, sorted by id. Their texts are those of its report, and live in the arena: the whole goes at
 * once.
 */
struct generation {
	struct row *rows;
	size_t count;
	struct arena texts;
};

/*
 * Hashes of recently closed ids, in a table indexed by hash. If an id reopens it gets a suffix, like a recurring one.
 * On a collision it just gets no suffix.
 */
#define CLOSED_IDS 8192

struct stalls {
	struct generation open;
	uint64_t closed[CLOSED_IDS];
	struct seen seen; /* the looks that they are from */
	size_t opened;
};

struct stalls *stalls_new(void)
{
	return calloc(1, sizeof(struct stalls));
}

static void generation_free(struct generation *generation)
{
	free(generation->rows);
	arena_free(&generation->texts);
}

void stalls_free(struct stalls *stalls)
{
	if (!stalls)
		return;
	generation_free(&stalls->open);
	seen_free(&stalls->seen);
	free(stalls);
}

size_t stalls_opened(const struct stalls *stalls)
{
	return stalls->opened;
}

/* By id; the first of the report's rows first. */
static int compare_ids(const void *left, const void *right)
{
	const struct row *a = *(const struct row *const *)left;
	const struct row *b = *(const struct row *const *)right;
	int order = strcmp(a->id, b->id);

	return order ? order : (a > b) - (a < b);
}

/* Pointers to all rows with an id, sorted; NULL: no memory. They hold until a row is added. */
static struct row **sort_rows(struct report *report, size_t *count)
{
	struct row **sorted = calloc(report->count + 1, sizeof(struct row *));
	size_t i;

	*count = 0;
	if (!sorted)
		return NULL;
	for (i = 0; i < report->count; i++) {
		report->rows[i].event = STALL_NONE;
		if (report->rows[i].id)
			sorted[(*count)++] = &report->rows[i];
	}
	qsort(sorted, *count, sizeof(struct row *), compare_ids);
	return sorted;
}

/* Removes rows whose id another row has already; returns whether there were any. */
static bool drop_repeated(struct report *report, struct row **sorted, size_t count)
{
	size_t i, kept = 0;
	const struct row *first = NULL;

	for (i = 0; i < count; i++) {
		if (first && !strcmp(first->id, sorted[i]->id))
			sorted[i]->type = ROW_TYPES; /* none: it goes below */
		else
			first = sorted[i];
	}
	for (i = 0; i < report->count; i++) {
		if (report->rows[i].type == ROW_TYPES)
			continue;
		if (kept != i)
			report->rows[kept] = report->rows[i];
		kept++;
	}
	if (kept == report->count)
		return false;
	report->count = kept;
	return true;
}

static struct row **sort_unique_rows(struct report *report, size_t *count)
{
	struct row **sorted = sort_rows(report, count);

	if (!sorted || !drop_repeated(report, sorted, *count))
		return sorted;
	free(sorted);
	return sort_rows(report, count);
}

static bool was_closed(const struct stalls *stalls, const char *id)
{
	uint64_t hash = hash_text(HASH_START, id);

	return stalls->closed[hash % CLOSED_IDS] == hash;
}

static void remember_closed(struct stalls *stalls, const char *id)
{
	uint64_t hash = hash_text(HASH_START, id);

	stalls->closed[hash % CLOSED_IDS] = hash;
}

static bool same_verdict(const struct row *a, const struct row *b)
{
	if (!a->verdict || !b->verdict)
		return a->verdict == b->verdict;
	return !strcmp(a->verdict, b->verdict);
}

static int compare_with_row(const void *id, const void *row)
{
	return strcmp(id, ((const struct row *)row)->id);
}

/* It hung on something of a host whose chains were not looked for this time: nothing says that this is over. */
static bool keeps_cause(const struct generation *before, const struct row *last, const struct report *report)
{
	const struct row *cause = NULL;

	if (last->cause && before->count)
		cause = bsearch(last->cause, before->rows, before->count, sizeof(*cause), compare_with_row);
	return cause && !report_has_chains(report, cause->host_at);
}

/* Compares a row with the one of the last look. A known row keeps its beginning, so its age goes on from there. */
static void compare_with_last(struct row *row, const struct row *last, struct arena *arena, double passed)
{
	stall_keep_known(row, last, arena);
	row->episode = last->episode;
	row->recurs = last->recurs;
	if (last->since_ns) {
		row->since_ns = last->since_ns;
		row->age_s = last->age_s + passed;
	} else if (!row->since_ns && isnan(row->age_s)) {
		row->age_s = last->age_s + passed;
		row->age_at_least = last->age_at_least;
	}
	if (!same_verdict(row, last) || row->change_key != last->change_key)
		row->event = STALL_CHANGE;
}

/* Goes through last time's rows and this time's, both sorted, side by side. Marks those that are over. */
static size_t match_rows(struct stalls *stalls, struct report *report, struct row **sorted, size_t count,
			 const struct looks *looks)
{
	struct generation *last = &stalls->open;
	size_t i = 0, j = 0, opened = 0;

	while (i < last->count || j < count) {
		int order = i == last->count ? 1 : j == count ? -1 : strcmp(last->rows[i].id, sorted[j]->id);

		if (order < 0) {
			remember_closed(stalls, last->rows[i].id);
			last->rows[i++].event = STALL_CLOSE;
		} else if (order > 0) {
			sorted[j]->episode = seen_look(looks, sorted[j])->head->realtime_ns / 1000000;
			sorted[j]->recurs |= was_closed(stalls, sorted[j]->id);
			sorted[j++]->event = STALL_OPEN;
			opened++;
		} else {
			if (!sorted[j]->cause && keeps_cause(last, &last->rows[i], report))
				sorted[j]->cause = arena_printf(&report->arena, "%s", last->rows[i].cause);
			compare_with_last(sorted[j], &last->rows[i], &report->arena,
					  seen_passed_s(&stalls->seen, looks, sorted[j]));
			i++;
			j++;
		}
	}
	return opened;
}

/* Copies this look's rows, for the next look to compare with. */
static int generation_make(struct generation *generation, struct row **sorted, size_t count)
{
	generation->rows = calloc(count + 1, sizeof(*generation->rows));
	if (!generation->rows)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		generation->rows[i] = *sorted[i];
		generation->rows[i].event = STALL_NONE;
	}
	generation->count = count;
	return 0;
}

/* From here on an id that recurs is complete; what is kept for the next look is the id without its ending. */
static void complete_id(struct row *row, struct arena *arena)
{
	if (row->recurs && row->id)
		row->id = arena_printf(arena, "%s-%llx", row->id, (unsigned long long)row->episode);
}

static int compare_with_id(const void *id, const void *item)
{
	return strcmp(id, (*(struct row *const *)item)->id);
}

/*
 * The row that each row hangs on, by its place in the report; NULL: none that is there. Call it before ids are
 * complete.
 */
static void find_causes(const struct report *report, struct row **causes, struct row *const *sorted, size_t count)
{
	for (size_t i = 0; i < report->count; i++) {
		struct row *const *found = NULL;

		if (report->rows[i].cause && count)
			found = bsearch(report->rows[i].cause, sorted, count, sizeof(*found), compare_with_id);
		causes[i] = found ? *found : NULL;
	}
}

static int complete_ids(struct report *report, struct row *const *sorted, size_t count)
{
	struct row **causes = calloc(report->count + 1, sizeof(*causes));
	size_t i;

	if (!causes)
		return -ENOMEM;
	find_causes(report, causes, sorted, count);
	for (i = 0; i < report->count; i++)
		complete_id(&report->rows[i], &report->arena);
	for (i = 0; i < report->count; i++) {
		report->rows[i].cause_id = causes[i] ? causes[i]->id : NULL;
		if (causes[i])
			causes[i]->is_cause = true;
	}
	free(causes);
	return 0;
}

/* The rows that are kept have their causes with complete ids, too: whoever closes says what it hung on. */
static void keep_causes(struct generation *generation, struct row *const *sorted)
{
	for (size_t i = 0; i < generation->count; i++)
		generation->rows[i].cause_id = sorted[i]->cause_id;
}

/* The texts of both stay where they are, and last as long as the rows that are kept. */
static void take_texts(struct generation *generation, struct report *report)
{
	generation->texts = report->arena;
	report->arena = (struct arena){0};
}

/* The row as it last was; only its age goes on to this look. Its texts are not its own. NULL: no memory. */
static struct row *add_again(const struct stalls *stalls, const struct row *last, struct report *report,
			     const struct looks *looks)
{
	struct row *row = report_add(report, seen_look(looks, last), last->type);
	uint64_t time_ns;

	if (!row)
		return NULL;
	time_ns = row->time_ns;
	*row = *last;
	row->time_ns = time_ns;
	row->age_s += seen_passed_s(&stalls->seen, looks, last);
	return row;
}

static int add_closed(const struct stalls *stalls, const struct row *last, struct report *report,
		      const struct looks *looks)
{
	struct row *row = add_again(stalls, last, report, looks);
	const char *why;

	if (!row)
		return -ENOMEM;
	complete_id(row, &report->arena);
	why = report_why_closed(&report->arena, row, seen_look(looks, last));
	if (why)
		row->why = why;
	if (!row_own_texts(row, &report->arena))
		return 0;
	report->count--;
	return -ENOMEM;
}

static int add_all_closed(const struct stalls *stalls, struct report *report, const struct looks *looks)
{
	size_t i;
	int err;

	for (i = 0; i < stalls->open.count; i++) {
		if (stalls->open.rows[i].event != STALL_CLOSE)
			continue;
		err = add_closed(stalls, &stalls->open.rows[i], report, looks);
		if (err)
			return err;
	}
	return 0;
}

/* ---- What this look has left out ---- */

/* Where a namespace was put off, or chains of a host were not looked for, stalls are taken to be as they were. */
static int keep_put_off(const struct stalls *stalls, struct report *report, const struct looks *looks)
{
	bool any = stalls_put_off(report, looks);
	size_t i, first = report->count;
	struct row *row;

	for (i = 0; i < stalls->open.count && any; i++) {
		const struct row *last = &stalls->open.rows[i];

		if (!stall_goes_on(last, report, seen_look(looks, last)))
			continue;
		row = add_again(stalls, last, report, looks);
		if (!row || row_own_texts(row, &report->arena))
			return -ENOMEM;
		stall_count_down(row, seen_passed_s(&stalls->seen, looks, last));
	}
	if (report->count > first)
		report_sort(report, 0);
	return 0;
}

int stalls_update_all(struct stalls *stalls, struct report *report, const struct looks *looks)
{
	struct generation next = {0};
	struct row **sorted;
	size_t count;
	int err;

	if (seen_make_room(&stalls->seen, looks->count) || keep_put_off(stalls, report, looks))
		return -ENOMEM;
	sorted = sort_unique_rows(report, &count);
	if (!sorted)
		return -ENOMEM;
	stalls->opened += match_rows(stalls, report, sorted, count, looks);
	err = generation_make(&next, sorted, count);
	if (!err)
		err = complete_ids(report, sorted, count);
	if (!err)
		keep_causes(&next, sorted);
	free(sorted);
	if (!err)
		err = add_all_closed(stalls, report, looks);
	if (err) {
		generation_free(&next);
		return err;
	}
	take_texts(&next, report);
	generation_free(&stalls->open);
	stalls->open = next;
	seen_remember(&stalls->seen, looks);
	return 0;
}

int stalls_update(struct stalls *stalls, struct report *report, const struct look *look)
{
	const struct look_step step = {.look = look};
	const struct looks looks = {&step, 1};

	return stalls_update_all(stalls, report, &looks);
}
