/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/waits/chain_due.h"

/* A wait that counts only from this step on. */
enum counted {
	WHO_SUFFERS, /* something is due to it, and it waits for nobody else's sake */
	TO_WHOM_IT_IS_DUE,
	ALL, /* behind one that is stopped nothing need be due */
};

static bool counts(const struct chain_path *path, enum counted counted)
{
	return counted == ALL || (path->due && (counted == TO_WHOM_IT_IS_DUE || !path->on_way));
}

static struct chain_due count_those(const struct chain_path *paths, const size_t *order, size_t count,
				    enum counted counted)
{
	struct chain_due due = {.waiters = 0};
	size_t i;

	for (i = 0; i < count; i++) {
		due.waiters += counts(&paths[order[i]], counted);
		if (paths[order[i]].due || counted == ALL)
			due.oldest_ns = chain_older(due.oldest_ns, paths[order[i]].oldest_ns);
	}
	return due;
}

/* Who waits side by side at one step: those on the way of one who suffers may be many more than that one. */
static size_t widest_step(const struct chain_path *paths, const size_t *order, size_t count)
{
	size_t at_depth[CHAIN_LINKS_MOST + 1] = {0}, i, widest = 0;

	for (i = 0; i < count; i++) {
		const struct chain_path *path = &paths[order[i]];

		if (path->due && path->depth <= CHAIN_LINKS_MOST && ++at_depth[path->depth] > widest)
			widest = at_depth[path->depth];
	}
	return widest;
}

struct chain_due chain_count(const struct chain_path *paths, const size_t *order, size_t count)
{
	struct chain_due due = {.waiters = 0};
	size_t widest;
	int counted;

	for (counted = WHO_SUFFERS; counted <= ALL && !due.waiters; counted++)
		due = count_those(paths, order, count, counted);
	widest = widest_step(paths, order, count);
	if (due.waiters < widest)
		due.waiters = widest;
	return due;
}
