/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A whole recording, as one thing: every stall with its life from beginning to end. Output that is written once after
 * all looks (a page, a trace, a comparison) is made from it. Pure.
 */
#ifndef SOCKSTALL_HISTORY_STORY_H
#define SOCKSTALL_HISTORY_STORY_H

#include "rows/report.h"

/* Most stalls that are kept. More are only counted. */
#define STORY_MOST 50000

/* From this look on a stall had this verdict. */
struct phase {
	uint64_t from_ns; /* CLOCK_REALTIME */
	const char *verdict; /* may be NULL */
	int64_t severity;
};

struct life {
	struct row row; /* as it last was while it was there */
	uint64_t opened_ns, closed_ns; /* looks that first had it and had it no more; 0: it is there at the end */
	const char *process_comm; /* of the thread group's leader; NULL: not known */
	const char *ended; /* how it ended, where that is known; else NULL */
	struct phase *phases;
	size_t phase_count;
	int64_t severity; /* the worst of its phases */
	struct arena texts; /* the row's */
};

struct story {
	struct row start, end; /* with `has_end`; without, the recording was cut short */
	bool has_start, has_end;
	uint64_t first_ns, last_ns; /* of the looks, CLOCK_REALTIME; 0: there were none */
	size_t looks, omitted;
	uint64_t lost; /* events and records */
	struct life *lives; /* in the order in which they opened; text and phases are the story's */
	size_t count, capacity;
	size_t *places; /* a hash table: index of lives plus 1, by id; 0: free */
	size_t place_count;
	struct row *rest; /* of the last look: rows without a life */
	size_t rest_count;
	struct arena arena, rest_arena;
};

/* Each returns 0 or -ENOMEM. They take the rows that emitters are given, in that order. */
int story_record(struct story *story, const struct row *row);
int story_look(struct story *story, const struct report *report, const struct look *look);
void story_free(struct story *story);

/* When it began, if that is known: CLOCK_REALTIME. */
uint64_t life_begin(const struct life *life);

/* When it was over; for what was still there, the last look of its host. */
uint64_t life_end(const struct life *life, const struct story *story);

/* The lives, the worst first, then the oldest. To be freed; NULL: no memory. */
const struct life **story_sort(const struct story *story);

#endif
