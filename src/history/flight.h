/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The flight recorder: keeps the last looks, compressed as in a recording, within a limit of time and one of memory.
 * When something happens it writes them as a recording.
 */
#ifndef SOCKSTALL_HISTORY_FLIGHT_H
#define SOCKSTALL_HISTORY_FLIGHT_H

#include "history/recording.h"
#include "look/look.h"
#include "options/options.h"
#include "rows/row.h"

#define FLIGHT_BYTES (64u << 20) /* however long --flight says */
#define FLIGHT_FILES 16 /* that one run writes at most: they are as large as the above */

struct flight_look {
	uint64_t seen_ns;
	struct recorded_look recorded; /* its buffer has no byte to spare */
};

/* Oldest first; those before `first` have gone. */
struct flight {
	uint64_t keep_ns;
	size_t most_bytes;
	struct flight_look *looks;
	size_t first, count, capacity; /* count: behind the last */
	size_t bytes;
	struct recorded_look next; /* room to make the next one in */
};

/* Adds a copy, and drops what is older or too much; a look that is too large by itself, too. Returns 0 or -ENOMEM. */
int flight_keep(struct flight *flight, const struct look *look);

/* How many looks there are, and how long ago the first of them was when the last was taken, ns. */
size_t flight_looks(const struct flight *flight);
uint64_t flight_span(const struct flight *flight);

/*
 * An estimate of flight_span() when it holds all that it may, ns: if looks go on like those so far. 0: there are too
 * few of them to tell.
 */
uint64_t flight_reach(const struct flight *flight);

/*
 * Writes all of it to a new file, which options->helpers.files makes: options->reacting.dump_file, or one named by the
 * moment in the working folder where that is NULL; where there is such a file already, with a number behind it. path is
 * where its name goes. Returns 0 or a negative errno.
 */
int flight_dump(const struct flight *flight, const struct row *start, const struct options *options, char *path,
		size_t path_size);
void flight_free(struct flight *flight);

#endif
