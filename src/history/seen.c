/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "history/seen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int seen_make_room(struct seen *seen, size_t hosts)
{
	uint64_t *ns;

	if (hosts <= seen->count)
		return 0;
	ns = calloc(hosts, sizeof(*ns));
	if (!ns)
		return -ENOMEM;
	if (seen->count)
		memcpy(ns, seen->ns, seen->count * sizeof(*ns));
	free(seen->ns);
	seen->ns = ns;
	seen->count = hosts;
	return 0;
}

void seen_free(struct seen *seen)
{
	free(seen->ns);
	*seen = (struct seen){0};
}

void seen_remember(struct seen *seen, const struct looks *looks)
{
	for (size_t i = 0; i < looks->count; i++)
		if (looks->items[i].look)
			seen->ns[i] = looks->items[i].look->head->seen_ns;
}

double seen_passed_s(const struct seen *seen, const struct looks *looks, const struct row *row)
{
	uint64_t now = seen_look(looks, row)->head->seen_ns, then = seen->ns[row->host_at];

	return now > then ? (double)(now - then) / 1e9 : 0;
}
