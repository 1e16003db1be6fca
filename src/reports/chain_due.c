/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/chain_due.h"

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

struct chain_due chain_count(const struct chain_path *paths, const size_t *order, size_t count)
{
	struct chain_due due = {.waiters = 0};
	int counted;

	for (counted = WHO_SUFFERS; counted <= ALL && !due.waiters; counted++)
		due = count_those(paths, order, count, counted);
	return due;
}
