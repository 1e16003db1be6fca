/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See note_cache.h. */
#include "look/note_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"

static void forget(struct noted *noted)
{
	free(noted->data);
	noted->data = NULL;
	noted->size = 0;
	noted->read_look = 0;
}

static struct noted *find(const struct note_cache *cache, uint64_t who)
{
	size_t i = LOWER_BOUND(cache->sorted, at, cache->items[at].who < who);

	return i < cache->sorted && cache->items[i].who == who ? &cache->items[i] : NULL;
}

static struct noted *add(struct note_cache *cache, uint64_t who)
{
	size_t capacity = cache->capacity ? cache->capacity * 2 : 64;
	struct noted *items;

	if (cache->count == cache->capacity) {
		items = reallocarray(cache->items, capacity, sizeof(*items));
		if (!items)
			return NULL;
		cache->items = items;
		cache->capacity = capacity;
	}
	cache->items[cache->count] = (struct noted){.who = who};
	return &cache->items[cache->count++];
}

int note_cache_want(struct note_cache *cache, uint64_t who, uint64_t wait, void *about)
{
	struct noted *noted = find(cache, who);

	if (noted && noted->wait != wait) {
		cache->lost += !noted->read_look;
		forget(noted);
	}
	if (!noted)
		noted = add(cache, who);
	if (!noted)
		return -ENOMEM;
	noted->wait = wait;
	noted->about = about;
	return 0;
}

/* Entries that are there come first: those never read, then those read longest ago. Entries that are gone come last. */
static int compare_due(const void *left, const void *right)
{
	const struct noted *a = left, *b = right;

	if (!a->about != !b->about)
		return !a->about - !b->about;
	if (a->read_look != b->read_look)
		return a->read_look < b->read_look ? -1 : 1;
	return (a->who > b->who) - (a->who < b->who);
}

size_t note_cache_due(struct note_cache *cache, size_t most)
{
	size_t due = 0;

	cache->look++;
	cache->sorted = 0; /* until the end of the look */
	if (cache->count)
		qsort(cache->items, cache->count, sizeof(*cache->items), compare_due);
	while (due < cache->count && due < most && cache->items[due].about)
		due++;
	return due;
}

int note_set(struct note_cache *cache, struct noted *noted, const void *data, size_t size)
{
	void *copy = size ? malloc(size) : NULL;

	if (size && !copy)
		return -ENOMEM;
	if (size)
		memcpy(copy, data, size);
	forget(noted);
	noted->data = copy;
	noted->size = size;
	noted->read_look = cache->look;
	return 0;
}

static int compare_who(const void *left, const void *right)
{
	const struct noted *a = left, *b = right;

	return (a->who > b->who) - (a->who < b->who);
}

/* Sorted for find(). A wait that came by twice in its first look is kept once. */
static void sort(struct note_cache *cache)
{
	size_t i, kept = 0;

	if (cache->count)
		qsort(cache->items, cache->count, sizeof(*cache->items), compare_who);
	for (i = 0; i < cache->count; i++) {
		cache->items[i].about = NULL;
		if (kept && cache->items[kept - 1].who == cache->items[i].who)
			forget(&cache->items[i]);
		else
			cache->items[kept++] = cache->items[i];
	}
	cache->count = cache->sorted = kept;
}

uint64_t note_cache_end(struct note_cache *cache, bool last)
{
	uint64_t lost = cache->lost;
	size_t i, kept = 0;

	for (i = 0; i < cache->count; i++) {
		struct noted *noted = &cache->items[i];

		lost += !noted->read_look && (last || !noted->about);
		if (noted->about)
			cache->items[kept++] = *noted;
		else
			forget(noted);
	}
	cache->count = kept;
	sort(cache);
	cache->lost = 0;
	return lost;
}

void note_cache_free(struct note_cache *cache)
{
	size_t i;

	for (i = 0; i < cache->count; i++)
		free(cache->items[i].data);
	free(cache->items);
	*cache = (struct note_cache){0};
}
