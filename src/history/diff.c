/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "history/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/sorted.h"
#include "base/wording.h"
#include "rows/column.h"

/* Less than this is no change: how many there are and how long they last varies by itself. */
#define COUNT_FACTOR 1.5
#define AGE_FACTOR   2.0
#define AGE_LEAST_S  1.0

/* The keys by which stalls match; kept in a row of which nothing else is set. */
struct thing {
	const struct life *life; /* one of them; of a group, the worst */
	struct row key;
	size_t most;
	double oldest_s;
};

/* ---- What stays ---- */

/* "client", "server" or NULL, from whichever column this type has for it. */
static const char *role_of(const struct row *row)
{
	static const char *const keys[] = {"role", "side"};

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const struct column *column = column_find(keys[i], row->type);

		if (column && column->kind == COLUMN_TEXT && column_known(column, row))
			return *(const char *const *)column_field(column, row);
	}
	return NULL;
}

static bool is_client(const struct row *row)
{
	const char *role = role_of(row);

	if (role)
		return !strcmp(role, "client");
	return row->local_port > row->peer_port;
}

static void make_key(struct thing *thing, const struct life *life)
{
	const struct row *row = &life->row;
	struct row *key = &thing->key;

	*thing = (struct thing){.life = life};
	row_init(key, ROW_DIFFERENCE);
	key->difference.kind = row_type_names[row->type];
	key->comm = life->process_comm ? life->process_comm : row->comm;
	key->netns_name = row->netns_name;
	key->local_addr = row->path;
	if (row->type == ROW_LOOP || row->local_port == NOT_KNOWN)
		return;
	if (row->peer_port == NOT_KNOWN) {
		key->local_addr = row->local_addr;
		key->local_port = row->local_port;
	} else if (is_client(row)) {
		key->peer_addr = row->peer_addr;
		key->peer_port = row->peer_port;
	} else {
		key->local_port = row->local_port;
	}
}

static int compare_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : COMPARE(!!a, !!b);
}

static int compare_keys(const struct row *a, const struct row *b)
{
	int order = strcmp(a->difference.kind, b->difference.kind);

	if (!order)
		order = compare_text(a->comm, b->comm);
	if (!order)
		order = compare_text(a->netns_name, b->netns_name);
	if (!order)
		order = compare_text(a->local_addr, b->local_addr);
	if (!order)
		order = COMPARE(a->local_port, b->local_port);
	if (!order)
		order = compare_text(a->peer_addr, b->peer_addr);
	return order ? order : COMPARE(a->peer_port, b->peer_port);
}

static int compare_things(const void *left, const void *right)
{
	const struct thing *a = left, *b = right;
	int order = compare_keys(&a->key, &b->key);

	return order ? order : COMPARE(life_begin(a->life), life_begin(b->life));
}

/* ---- Groups ---- */

/* The things are sorted by when they began; ends has room for all. */
static size_t most_at_once(const struct thing *things, size_t count, const struct story *story, uint64_t *ends)
{
	size_t over = 0, most = 0;

	for (size_t i = 0; i < count; i++)
		ends[i] = life_end(things[i].life, story);
	qsort(ends, count, sizeof(*ends), compare_numbers);
	for (size_t i = 0; i < count; i++) {
		while (over < i && ends[over] <= life_begin(things[i].life))
			over++;
		if (i + 1 - over > most)
			most = i + 1 - over;
	}
	return most;
}

static double lasted_s(const struct life *life, const struct story *story)
{
	uint64_t from = life_begin(life), to = life_end(life, story);

	return to > from ? (double)(to - from) / 1e9 : 0;
}

static struct thing make_group(const struct thing *things, size_t count, const struct story *story, uint64_t *ends)
{
	struct thing group = things[0];

	group.most = most_at_once(things, count, story, ends);
	for (size_t i = 0; i < count; i++) {
		if (things[i].life->severity > group.life->severity)
			group.life = things[i].life;
		if (lasted_s(things[i].life, story) > group.oldest_s)
			group.oldest_s = lasted_s(things[i].life, story);
	}
	return group;
}

/* One for each thing, sorted by key. To be freed; NULL: no memory. */
static struct thing *make_groups(const struct story *story, size_t *group_count)
{
	struct thing *things = calloc(story->count + 1, sizeof(*things));
	uint64_t *ends = calloc(story->count + 1, sizeof(*ends));
	size_t to;

	*group_count = 0;
	for (size_t i = 0; i < story->count && things; i++)
		make_key(&things[i], &story->lives[i]);
	if (things)
		qsort(things, story->count, sizeof(*things), compare_things);
	for (size_t i = 0; i < story->count && things && ends; i = to) {
		for (to = i + 1; to < story->count && !compare_keys(&things[i].key, &things[to].key); to++)
			;
		things[(*group_count)++] = make_group(&things[i], to - i, story, ends);
	}
	if (!ends) {
		free(things);
		things = NULL;
	}
	free(ends);
	return things;
}

/* ---- Before and after ---- */

/* The verdict of a life when it was at its worst. */
static const char *worst_verdict(const struct life *life)
{
	for (size_t i = 0; i < life->phase_count; i++) {
		if (life->phases[i].severity == life->severity)
			return life->phases[i].verdict;
	}
	return life->row.verdict;
}

/* 1: after is worse; -1: before was; 0: neither. The weightiest difference decides. */
static int compare_badness(const struct thing *before, const struct thing *after)
{
	if (before->life->severity != after->life->severity)
		return before->life->severity < after->life->severity ? 1 : -1;
	if ((double)after->most > COUNT_FACTOR * (double)before->most)
		return 1;
	if ((double)before->most > COUNT_FACTOR * (double)after->most)
		return -1;
	if (after->oldest_s > AGE_FACTOR * before->oldest_s && after->oldest_s > before->oldest_s + AGE_LEAST_S)
		return 1;
	if (before->oldest_s > AGE_FACTOR * after->oldest_s && before->oldest_s > after->oldest_s + AGE_LEAST_S)
		return -1;
	return 0;
}

static const char *say_thing(struct arena *arena, const struct thing *thing)
{
	return arena_printf(arena, "%s, %zu at one time, the longest for %s", worst_verdict(thing->life), thing->most,
			    say_duration(arena, (uint64_t)(thing->oldest_s * 1e9)));
}

/* New and worse things first, the worst verdict first; then the rest. */
static int64_t order_of(const char *change, int64_t severity)
{
	static const char *const changes[] = {"gone", "better", "same", "worse", "new"};
	int order = 0;

	while (strcmp(changes[order], change))
		order++;
	return order * 1000 + severity;
}

static int add_row(struct report *report, uint64_t time_ns, const char *change, const struct thing *before,
		   const struct thing *after)
{
	struct look_record head = {.realtime_ns = time_ns};
	struct look look = {.head = &head};
	const struct thing *thing = after ? after : before;
	struct row *row = report_add(report, &look, ROW_DIFFERENCE);

	if (!row)
		return -ENOMEM;
	*row = thing->key;
	row->time_ns = time_ns;
	row->difference.change = change;
	if (before) {
		row->difference.verdict_before = worst_verdict(before->life);
		row->difference.most_before = (int64_t)before->most;
		row->difference.oldest_before_s = before->oldest_s;
	}
	if (after) {
		row->difference.verdict_after = worst_verdict(after->life);
		row->difference.most_after = (int64_t)after->most;
		row->difference.oldest_after_s = after->oldest_s;
	}
	if (before && after)
		row->why = arena_printf(&report->arena, "%s; it was %s", say_thing(&report->arena, after),
					say_thing(&report->arena, before));
	else
		row->why = say_thing(&report->arena, thing);
	row->severity = order_of(change, thing->life->severity);
	row->stuck = !strcmp(change, "new") || !strcmp(change, "worse");
	return 0;
}

static int add_both(struct report *report, uint64_t time_ns, const struct thing *before, const struct thing *after,
		    bool all)
{
	int worse = compare_badness(before, after);

	if (worse)
		return add_row(report, time_ns, worse > 0 ? "worse" : "better", before, after);
	return all ? add_row(report, time_ns, "same", before, after) : 0;
}

/* Both are sorted by key: side by side. */
static int add_rows(struct report *report, const struct thing *before, size_t before_count, const struct thing *after,
		    size_t after_count, uint64_t time_ns, bool all)
{
	size_t i = 0, j = 0;
	int err = 0, order;

	while ((i < before_count || j < after_count) && !err) {
		order = i == before_count ? 1 : j == after_count ? -1 : compare_keys(&before[i].key, &after[j].key);
		if (order < 0)
			err = add_row(report, time_ns, "gone", &before[i++], NULL);
		else if (order > 0)
			err = add_row(report, time_ns, "new", NULL, &after[j++]);
		else
			err = add_both(report, time_ns, &before[i++], &after[j++], all);
	}
	return err;
}

static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	return a->severity != b->severity ? COMPARE(b->severity, a->severity) : compare_keys(a, b);
}

int diff_stories(struct report *report, const struct story *before, const struct story *after, bool all)
{
	size_t before_count = 0, after_count = 0;
	struct thing *old = make_groups(before, &before_count), *new = make_groups(after, &after_count);
	int err = -ENOMEM;

	if (old && new)
		err = add_rows(report, old, before_count, new, after_count, after->last_ns, all);
	free(old);
	free(new);
	if (!err && report->count)
		qsort(report->rows, report->count, sizeof(*report->rows), compare_rows);
	return err;
}
