/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "history/story.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/sorted.h"

#define FIRST_CAPACITY 64
#define FIRST_PLACES   256 /* a power of two, more than twice FIRST_CAPACITY */

/* ---- Finding a life by its id ---- */

static size_t hash_id(const char *id)
{
	uint64_t hash = hash_text(HASH_START, id);

	return (size_t)(hash ^ hash >> 32);
}

/* The place of this id, or the free one where it belongs. There always is one. */
static size_t *place_of(const struct story *story, const char *id)
{
	size_t at = hash_id(id) & (story->place_count - 1);

	while (story->places[at] && strcmp(story->lives[story->places[at] - 1].row.id, id))
		at = (at + 1) & (story->place_count - 1);
	return &story->places[at];
}

static int grow_places(struct story *story)
{
	size_t count = story->place_count ? story->place_count * 2 : FIRST_PLACES;
	size_t *places = calloc(count, sizeof(*places));

	if (!places)
		return -ENOMEM;
	free(story->places);
	story->places = places;
	story->place_count = count;
	for (size_t i = 0; i < story->count; i++)
		*place_of(story, story->lives[i].row.id) = i + 1;
	return 0;
}

static int grow(struct story *story)
{
	size_t capacity = story->capacity ? story->capacity * 2 : FIRST_CAPACITY;
	struct life *lives;

	if (story->count < story->capacity)
		return 0;
	lives = reallocarray(story->lives, capacity, sizeof(*lives));
	if (!lives)
		return -ENOMEM;
	story->lives = lives;
	story->capacity = capacity;
	return grow_places(story);
}

/* ---- A life ---- */

static int keep_row(struct life *life, const struct row *row)
{
	struct row copy = *row;
	struct arena texts = {0};
	int err = row_own_texts(&copy, &texts);

	if (err) {
		arena_free(&texts);
		return err;
	}
	arena_free(&life->texts);
	life->texts = texts;
	life->row = copy;
	return 0;
}

static const char *keep_text(struct story *story, const char *text)
{
	return text ? arena_printf(&story->arena, "%s", text) : NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static int add_phase(struct story *story, struct life *life, const struct row *row)
{
	const struct phase *last = life->phase_count ? &life->phases[life->phase_count - 1] : NULL;
	struct phase *phases;

	if (row->severity > life->severity)
		life->severity = row->severity;
	if (last && same_text(last->verdict, row->verdict))
		return 0;
	phases = reallocarray(life->phases, life->phase_count + 1, sizeof(*phases));
	if (!phases)
		return -ENOMEM;
	life->phases = phases;
	life->phases[life->phase_count].from_ns = row->time_ns;
	life->phases[life->phase_count].verdict = keep_text(story, row->verdict);
	life->phases[life->phase_count].severity = row->severity;
	life->phase_count++;
	return 0;
}

static int begin_life(struct story *story, const struct row *row)
{
	struct life *life;
	int err = grow(story);

	if (err)
		return err;
	life = &story->lives[story->count];
	*life = (struct life){.opened_ns = row->time_ns, .process_comm = keep_text(story, row->process_comm)};
	err = keep_row(life, row);
	if (err)
		return err;
	*place_of(story, life->row.id) = ++story->count;
	return add_phase(story, life, row);
}

static int go_on(struct story *story, struct life *life, const struct row *row)
{
	int err;

	if (row->event == STALL_CLOSE) {
		life->closed_ns = row->time_ns;
		if (!same_text(row->why, life->row.why))
			life->ended = keep_text(story, row->why);
		return 0;
	}
	err = add_phase(story, life, row);
	return err ? err : keep_row(life, row);
}

static int take_stall(struct story *story, const struct row *row)
{
	size_t *place = story->place_count ? place_of(story, row->id) : NULL;

	if (place && *place)
		return go_on(story, &story->lives[*place - 1], row);
	if (row->event == STALL_CLOSE)
		return 0; /* of one that was omitted */
	if (story->count < STORY_MOST)
		return begin_life(story, row);
	story->omitted += row->event == STALL_OPEN;
	return 0;
}

/* ---- What emitters are given ---- */

/* A recording may hold any number. */
static int64_t sum(int64_t a, int64_t b)
{
	int64_t both;

	if (a == NOT_KNOWN || b == NOT_KNOWN)
		return NOT_KNOWN;
	if (__builtin_add_overflow(a, b, &both))
		return a > 0 ? INT64_MAX : INT64_MIN + 1;
	return both == NOT_KNOWN ? INT64_MIN + 1 : both;
}

/* The start or the end of one more host. */
static int join(struct story *story, struct row *kept, const struct row *row)
{
	if (row->type == ROW_START) {
		kept->start.host =
			arena_printf(&story->arena, "%s, %s", kept->start.host ?: "?", row->start.host ?: "?");
		return 0;
	}
	kept->end.looks = sum(kept->end.looks, row->end.looks);
	kept->end.records = sum(kept->end.records, row->end.records);
	kept->end.lost = sum(kept->end.lost, row->end.lost);
	kept->end.cpu_s += row->end.cpu_s;
	return 0;
}

int story_record(struct story *story, const struct row *row)
{
	struct row *kept = row->type == ROW_START ? &story->start : &story->end;

	if (row->type == ROW_LOST && row->lost.count > 0)
		story->lost += (uint64_t)row->lost.count;
	if (row->type != ROW_START && row->type != ROW_END)
		return 0;
	if (row->type == ROW_START ? story->has_start : story->has_end)
		return join(story, kept, row);
	*kept = *row;
	story->has_start |= row->type == ROW_START;
	story->has_end |= row->type == ROW_END;
	return row_own_texts(kept, &story->arena);
}

static void forget_rest(struct story *story)
{
	free(story->rest);
	arena_free(&story->rest_arena);
	story->rest = NULL;
	story->rest_count = 0;
	story->rest_arena = (struct arena){0};
}

static int keep_rest(struct story *story, const struct report *report)
{
	struct row *row;
	int err = 0;

	forget_rest(story);
	story->rest = calloc(report->count + 1, sizeof(*story->rest));
	if (!story->rest)
		return -ENOMEM;
	for (size_t i = 0; i < report->count && !err; i++) {
		if (report->rows[i].id)
			continue;
		row = &story->rest[story->rest_count++];
		*row = report->rows[i];
		err = row_own_texts(row, &story->rest_arena);
	}
	return err;
}

int story_look(struct story *story, const struct report *report, const struct look *look)
{
	int err = keep_rest(story, report);

	if (!story->looks++)
		story->first_ns = look->head->realtime_ns;
	story->last_ns = look->head->realtime_ns;
	for (size_t i = 0; i < report->count && !err; i++) {
		if (report->rows[i].id)
			err = take_stall(story, &report->rows[i]);
	}
	return err;
}

void story_free(struct story *story)
{
	for (size_t i = 0; i < story->count; i++) {
		free(story->lives[i].phases);
		arena_free(&story->lives[i].texts);
	}
	forget_rest(story);
	free(story->lives);
	free(story->places);
	arena_free(&story->arena);
	*story = (struct story){0};
}

uint64_t life_begin(const struct life *life)
{
	uint64_t since = life->row.since_ns;

	return since && since < life->opened_ns ? since : life->opened_ns;
}

uint64_t life_end(const struct life *life, const struct story *story)
{
	if (life->closed_ns)
		return life->closed_ns;
	/* Of several hosts each has a last look of its own. */
	return life->row.with_others ? life->row.time_ns : story->last_ns;
}

static int compare_lives(const void *left, const void *right)
{
	const struct life *a = *(const struct life *const *)left, *b = *(const struct life *const *)right;
	int order = COMPARE(b->severity, a->severity);

	if (!order)
		order = COMPARE(life_begin(a), life_begin(b));
	return order ? order : COMPARE(a, b);
}

const struct life **story_sort(const struct story *story)
{
	const struct life **sorted = calloc(story->count + 1, sizeof(*sorted));

	if (!sorted)
		return NULL;
	for (size_t i = 0; i < story->count; i++)
		sorted[i] = &story->lives[i];
	qsort(sorted, story->count, sizeof(*sorted), compare_lives);
	return sorted;
}
