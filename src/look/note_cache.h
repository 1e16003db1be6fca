/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Caches what is read from /proc about threads and sockets, one by one. Each look reads only a few: first those that
 * were never read, then those read longest ago. An entry stays valid as long as the wait lasts, so all become known
 * within some looks. A wait is lost only if it ends before it was read. Pure.
 *
 * A look: note_cache_want() for each wait, note_cache_due(), note_set() for those that were read, note_cache_end().
 */
#ifndef SOCKSTALL_LOOK_NOTE_CACHE_H
#define SOCKSTALL_LOOK_NOTE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One wait of one thread or socket. */
struct noted {
	uint64_t who, wait; /* a thread and what differs from wait to wait; or a cookie */
	void *about; /* the caller's, of this look; NULL: it is not there any more */
	uint64_t read_look; /* when it was read; 0: never */
	void *data; /* what was read; NULL: nothing is there to read */
	size_t size;
};

struct note_cache {
	struct noted *items; /* sorted by who up to `sorted`, then those that are new */
	size_t count, capacity, sorted;
	uint64_t look;
	uint64_t lost; /* of this look */
};

/* This wait is there at this look. Returns 0 or -ENOMEM. */
int note_cache_want(struct note_cache *cache, uint64_t who, uint64_t wait, void *about);

/* Sorts all that is wanted: those that are to be read first come first. Returns how many of them, `most` at most. */
size_t note_cache_due(struct note_cache *cache, size_t most);

/* What was read: a copy is kept. Size 0: nothing. Returns 0 or -ENOMEM. */
int note_set(struct note_cache *cache, struct noted *noted, const void *data, size_t size);

/*
 * Forgets what is not there any more. Returns how many waits stay unknown: they were over before they were read; and if
 * this is the last look, those that are still to be read.
 */
uint64_t note_cache_end(struct note_cache *cache, bool last);

void note_cache_free(struct note_cache *cache);

#endif
