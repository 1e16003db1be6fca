/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Folding: stalls that are alike (alike.h) are shown as one row. That is the row of the oldest of them, with the worst
 * severity of all, raised by how many they are, and with row->fold filled in. So are threads that stand in the same
 * stack. Pure.
 */
#ifndef SOCKSTALL_ROWS_FOLD_H
#define SOCKSTALL_ROWS_FOLD_H

#include <stddef.h>

#include "base/buffer.h"
#include "rows/row.h"

/* Rows after folding, each in the place of the first of its members. */
struct folded {
	struct row *rows; /* their texts are those of the members, but for the pids */
	size_t count;
	struct arena texts;
};

struct fold_how {
	bool by_event; /* those with another event stay apart, as lines about events need it */
	/* Whether this group is opened: then its members follow its row, with fold.member set. NULL: none is. */
	bool (*is_open)(const void *context, uint64_t id); /* id: of alike_id() */
	const void *context;
};

/*
 * Folds `count` rows, in O(n log n) whatever they are. Stalls that are over stay apart from those that are not. Returns
 * 0 or -ENOMEM; folded_free() either way.
 */
int fold_rows(struct folded *folded, const struct row *const *rows, size_t count, const struct fold_how *how);
/* For groups of threads, none of which is open. */
void fold_largest_first(struct folded *folded);
void folded_free(struct folded *folded);

/* How many stalls a row stands for: 1 where it is not folded. */
size_t fold_count(const struct row *row);

/* Whether members differ in what a row keeps at this offset: what it has there is that of the oldest alone. */
bool fold_differs(const struct row *row, size_t offset);

/* How many processes these are of. */
size_t fold_processes(const struct row *row);

#endif
