/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which stalls are alike, so that they may be shown as one: they share type, verdict, process name, peer and network
 * namespace, and the cause that they hang on. Threads are alike if they stand in the same stack of the same process.
 * Where no peer is known, and for clients of a listener, the local end counts in its place. Pure.
 */
#ifndef SOCKSTALL_ROWS_ALIKE_H
#define SOCKSTALL_ROWS_ALIKE_H

#include "rows/row.h"

#define ALIKE_NUMBERS 5
#define ALIKE_TEXTS   8

/* The common parts of alike rows. The texts are the row's. */
struct alike {
	int64_t numbers[ALIKE_NUMBERS];
	const char *texts[ALIKE_TEXTS];
};

/*
 * Threads whose stack is known; and of findings only those that are stuck, on which nothing hangs, and of these
 * handshakes, listeners, readers, writers, closing connections and loops.
 */
bool alike_may_be(const struct row *row);

struct alike alike_of(const struct row *row);

/* As for qsort(3); 0: they are alike. */
int alike_compare(const struct alike *a, const struct alike *b);

/* The same for all rows that are alike, and for the row that they are folded into. */
uint64_t alike_id(const struct row *row);

#endif
