/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The code that threads are in which are reported as stuck, and of no others. A thread that has not been switched in since is in
 * the same code: it is not unwound again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "look/records.h"
#include "probe/internal.h"
#include "probe/maps.h"
#include "probe/notes.h"

/*
 * Threads that one look unwinds; the rest has its turn in the next. One takes some 10 ms of a process whose time the budget does
 * not see: so these are few, or looks would be few.
 */
#define CODES_PER_LOOK	   8
#define CODES_OF_ONLY_LOOK 256

#define CODE_BYTES 512

/* A look may have no time left for it, or a file may not come: but what has no code of its own is not asked for ever. */
#define TRIES_MOST 3

struct code {
	__u64 start_ns, switches; /* of the thread: which wait it is in */
	__u32 tid;
	unsigned int tries; /* how often it was looked for without being found */
	char text[CODE_BYTES];
};

struct code_cache {
	struct code *items;
	size_t count;
};

static __u64 switches_of(const struct thread_record *thread)
{
	return thread->voluntary + thread->involuntary;
}

static const struct code *find(const struct code_cache *cache, const struct thread_record *thread)
{
	size_t i;

	for (i = 0; i < cache->count; i++)
		if (cache->items[i].tid == thread->tid && cache->items[i].start_ns == thread->start_ns &&
		    cache->items[i].switches == switches_of(thread))
			return &cache->items[i];
	return NULL;
}

/* One for each thread, with what was known of it. */
static void take_known(struct code_cache *cache, struct code *codes, const struct thread_record *const *threads,
		       size_t count)
{
	const struct code *known;
	size_t i;

	for (i = 0; i < count; i++) {
		known = find(cache, threads[i]);
		codes[i] = known ? *known
				 : (struct code){.tid = threads[i]->tid,
						 .start_ns = threads[i]->start_ns,
						 .switches = switches_of(threads[i])};
	}
	free(cache->items);
	*cache = (struct code_cache){codes, count};
}

static void keep_new(struct code_cache *cache, const struct buffer *notes)
{
	const struct note_record *note;
	size_t i, offset = 0;

	while ((note = (const void *)record_next(notes, &offset)))
		for (i = 0; i < cache->count && note->kind == NOTE_CODE; i++)
			if (cache->items[i].tid == note->tid && note->length < CODE_BYTES)
				memcpy(cache->items[i].text, note->text, note->length + 1);
}

static bool is_open(const struct code *code)
{
	return !code->text[0] && code->tries < TRIES_MOST;
}

static int read_new(struct probe *probe, const struct thread_record *const *threads, size_t count)
{
	const size_t most = probe->pace.once ? CODES_OF_ONLY_LOOK : CODES_PER_LOOK;
	const struct thread_record *fresh[CODES_OF_ONLY_LOOK];
	struct buffer notes = {0};
	size_t i, fresh_count = 0;
	int err;

	for (i = 0; i < count && fresh_count < most; i++)
		if (is_open(&probe->codes->items[i])) {
			probe->codes->items[i].tries++;
			fresh[fresh_count++] = threads[i];
		}
	err = probe_stacks_add(probe, &notes, fresh, fresh_count, STACKS_CODE);
	if (!err)
		keep_new(probe->codes, &notes);
	buffer_free(&notes);
	/* Mappings are as they are at this moment. */
	probe_maps_forget(probe->maps);
	return err;
}

int probe_codes_read(struct probe *probe, const struct thread_record *const *threads, size_t count,
		     struct buffer *notes)
{
	struct code *codes;
	size_t i;
	int err;

	if (!probe->attached.stack_iter || probe->scope.no_stacks)
		return 0;
	codes = calloc(count + 1, sizeof(*codes));
	if (!codes)
		return -ENOMEM;
	take_known(probe->codes, codes, threads, count);
	err = read_new(probe, threads, count);
	for (i = 0; i < count && !err; i++)
		if (codes[i].text[0])
			err = record_add_note(notes, threads[i], NOTE_CODE, codes[i].text);
	return err;
}

struct code_cache *probe_codes_new(void)
{
	return calloc(1, sizeof(struct code_cache));
}

void probe_codes_free(struct code_cache *cache)
{
	if (cache)
		free(cache->items);
	free(cache);
}
