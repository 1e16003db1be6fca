/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Stalls that are alike, as one: see html.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "output/html/html.h"
#include "rows/alike.h"
#include "rows/fold.h"

struct item {
	struct alike alike;
	bool closed; /* what is over is not shown with what is not */
	size_t place;
};

/* 0: both are shown as one. */
static int compare_groups(const struct item *a, const struct item *b)
{
	int order = COMPARE(a->closed, b->closed);

	return order ? order : alike_compare(&a->alike, &b->alike);
}

static int compare_items(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	int order = compare_groups(a, b);

	return order ? order : COMPARE(a->place, b->place);
}

/* Sorted: what is shown as one stands together, the worst first. */
static size_t collect(struct item *items, const struct life *const *lives, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (alike_may_be(&lives[i]->row))
			items[kept++] = (struct item){alike_of(&lives[i]->row), lives[i]->closed_ns, i};
	}
	qsort(items, kept, sizeof(*items), compare_items);
	return kept;
}

/* The row that stands for all of the group. */
static int fold(struct groups *groups, struct group *group)
{
	const struct row **rows = calloc(group->count, sizeof(*rows));
	const struct fold_how how = {0};
	struct folded folded = {0};
	int err = rows ? 0 : -ENOMEM;

	for (size_t i = 0; i < group->count && rows; i++)
		rows[i] = &group->lives[i]->row;
	if (!err)
		err = fold_rows(&folded, rows, group->count, &how);
	if (!err) {
		group->row = folded.rows[0];
		err = row_own_texts(&group->row, &groups->texts);
	}
	folded_free(&folded);
	free(rows);
	return err;
}

/* Of `count` items; of one alone it is the life at `place`. */
static int add_group(struct groups *groups, const struct life *const *lives, size_t place, const struct item *items,
		     size_t count)
{
	struct group *group = &groups->items[groups->count++];

	group->lives = &groups->lives[groups->life_count];
	group->count = count;
	for (size_t i = 0; i < count; i++)
		groups->lives[groups->life_count++] = count > 1 ? lives[items[i].place] : lives[place];
	group->row = group->lives[0]->row;
	return count > 1 ? fold(groups, group) : 0;
}

#define GONE SIZE_MAX

static size_t end_of_group(const struct item *items, size_t count, size_t first)
{
	size_t end = first + 1;

	while (end < count && !compare_groups(&items[first], &items[end]))
		end++;
	return end;
}

static void mark(size_t *firsts, const struct item *items, size_t count)
{
	for (size_t i = 0, end; i < count; i = end) {
		end = end_of_group(items, count, i);
		if (end - i > 1)
			firsts[items[i].place] = i + 1;
		for (size_t j = i + 1; j < end; j++)
			firsts[items[j].place] = GONE;
	}
}

/* firsts: 0: alone; GONE: it is in the group of another; else where its group begins, plus 1. */
static int add_all(struct groups *groups, const struct life *const *lives, size_t count, const size_t *firsts,
		   const struct item *items, size_t item_count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		size_t first = firsts[i] - 1;

		if (firsts[i] == GONE)
			continue;
		if (firsts[i])
			err = add_group(groups, lives, i, &items[first],
					end_of_group(items, item_count, first) - first);
		else
			err = add_group(groups, lives, i, NULL, 1);
	}
	return err;
}

int html_groups(struct groups *groups, const struct life *const *lives, size_t count, bool apart)
{
	struct item *items = calloc(count + 1, sizeof(*items));
	size_t *firsts = calloc(count + 1, sizeof(*firsts)), item_count;
	int err = -ENOMEM;

	*groups = (struct groups){
		.items = calloc(count + 1, sizeof(*groups->items)),
		.lives = calloc(count + 1, sizeof(*groups->lives)),
	};
	if (items && firsts && groups->items && groups->lives) {
		item_count = apart ? 0 : collect(items, lives, count);
		mark(firsts, items, item_count);
		err = add_all(groups, lives, count, firsts, items, item_count);
	}
	free(firsts);
	free(items);
	return err;
}

void html_groups_free(struct groups *groups)
{
	free(groups->items);
	free(groups->lives);
	arena_free(&groups->texts);
}
