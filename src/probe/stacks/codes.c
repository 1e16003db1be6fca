/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The code that threads are in which are reported as stuck, or were asked for, and of no others. A thread that has not
 * been switched in since is in the same code: it is not unwound again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "look/records.h"
#include "probe/internal.h"
#include "probe/maps.h"
#include "probe/notes.h"

/*
 * Threads that one look unwinds; the rest has its turn in the next. One takes some 10 ms of a process whose time the
 * budget does not see: so these are few, or looks would be few.
 */
#define CODES_PER_LOOK	   8
#define CODES_OF_ONLY_LOOK 256
/* Of one process, which a person asked for: all but the first are cheap, as its files have been read. */
#define GROUPED_PER_LOOK     256
#define GROUPED_OF_ONLY_LOOK 4096

/*
 * A look may have no time left for it, or a file may not come: but what has no code of its own is not asked for ever.
 */
#define TRIES_MOST 3

struct code {
	__u64 start_ns, switches; /* of the thread: which wait it is in */
	__u32 tid;
	unsigned int tries; /* how often it was looked for without being found */
	struct buffer stack, text; /* empty: not known */
};

struct code_cache {
	struct code *items; /* in the order of their threads */
	size_t count;
};

static __u64 switches_of(const struct thread_record *thread)
{
	return thread->voluntary + thread->involuntary;
}

static int compare_codes(const void *left, const void *right)
{
	const struct code *a = left, *b = right;

	return (a->tid > b->tid) - (a->tid < b->tid);
}

static struct code *find(const struct code_cache *cache, __u32 tid)
{
	const struct code wanted = {.tid = tid};

	return cache->count ? bsearch(&wanted, cache->items, cache->count, sizeof(wanted), compare_codes) : NULL;
}

static void forget(struct code_cache *cache)
{
	size_t i;

	for (i = 0; i < cache->count; i++) {
		buffer_free(&cache->items[i].stack);
		buffer_free(&cache->items[i].text);
	}
	free(cache->items);
	*cache = (struct code_cache){0};
}

/* What is known of its wait, taken from the cache. */
static struct code take(const struct code_cache *cache, const struct thread_record *thread)
{
	struct code *known = find(cache, thread->tid);
	struct code code = {.tid = thread->tid, .start_ns = thread->start_ns, .switches = switches_of(thread)};

	if (!known || known->start_ns != code.start_ns || known->switches != code.switches)
		return code;
	code = *known;
	known->stack = known->text = (struct buffer){0};
	return code;
}

/* One for each thread, with what was known of it. Returns 0 or -ENOMEM. */
static int take_known(struct code_cache *cache, const struct thread_record *const *threads, size_t count)
{
	struct code *codes = calloc(count + 1, sizeof(*codes));
	size_t i;

	if (!codes)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		codes[i] = take(cache, threads[i]);
	qsort(codes, count, sizeof(*codes), compare_codes);
	forget(cache);
	*cache = (struct code_cache){codes, count};
	return 0;
}

/* Returns 0 or -ENOMEM. */
static int keep(struct code *code, const struct note_record *note)
{
	struct buffer *text = note->kind == NOTE_CODE ? &code->text : &code->stack;

	buffer_reset(text);
	return buffer_append(text, note->text, note->length + 1);
}

static int keep_new(const struct code_cache *cache, const struct buffer *notes)
{
	const struct note_record *note;
	struct code *code;
	size_t offset = 0;
	int err = 0;

	while (!err && (note = (const void *)record_next(notes, &offset))) {
		code = find(cache, note->tid);
		if (code && (note->kind == NOTE_CODE || note->kind == NOTE_USER_STACK))
			err = keep(code, note);
	}
	return err;
}

static bool is_open(const struct code *code)
{
	return !code->text.size && code->tries < TRIES_MOST;
}

static int read_some(struct probe *probe, const struct thread_record *const *threads, size_t count)
{
	struct buffer notes = {0};
	int err = probe_stacks_add(probe, &notes, threads, count, STACKS_CODE);

	if (!err)
		err = keep_new(probe->codes, &notes);
	buffer_free(&notes);
	/* Mappings are as they are at this moment. */
	probe_maps_forget(probe->maps);
	return err;
}

/* *left: how many there was no room for. */
static int read_new(struct probe *probe, const struct thread_record *const *threads, size_t count, size_t most,
		    size_t *left)
{
	const struct thread_record **fresh = calloc(count + 1, sizeof(const struct thread_record *));
	struct code *code;
	size_t i, fresh_count = 0;
	int err;

	*left = 0;
	if (!fresh)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		code = find(probe->codes, threads[i]->tid);
		if (!code || !is_open(code))
			continue;
		*left += fresh_count == most;
		if (fresh_count == most)
			continue;
		code->tries++;
		fresh[fresh_count++] = threads[i];
	}
	err = fresh_count ? read_some(probe, fresh, fresh_count) : 0;
	free(fresh);
	return err;
}

static int add_known(const struct code_cache *cache, const struct thread_record *thread, struct buffer *notes)
{
	const struct code *code = find(cache, thread->tid);
	int err = code && code->stack.size ? record_add_note(notes, thread, NOTE_USER_STACK, code->stack.data) : 0;

	return !err && code && code->text.size ? record_add_note(notes, thread, NOTE_CODE, code->text.data) : err;
}

static int add_codes(struct probe *probe, const struct thread_record *const *threads, size_t count, size_t most,
		     size_t *left, struct buffer *notes)
{
	size_t i;
	int err;

	*left = 0;
	/* Where nobody is asked for now, what is known of those that were asked for in this look stays. */
	if (!count || !probe->attached.stack_iter || probe->scope.no_stacks)
		return 0;
	err = take_known(probe->codes, threads, count);
	if (!err)
		err = read_new(probe, threads, count, most, left);
	for (i = 0; i < count && !err; i++)
		err = add_known(probe->codes, threads[i], notes);
	return err;
}

int probe_codes_read(struct probe *probe, const struct thread_record *const *threads, size_t count,
		     struct buffer *notes)
{
	size_t left;

	return add_codes(probe, threads, count, probe->pace.once ? CODES_OF_ONLY_LOOK : CODES_PER_LOOK, &left, notes);
}

int probe_codes_group(struct probe *probe, const struct thread_record *const *threads, size_t count,
		      struct buffer *notes)
{
	size_t left;
	int err = add_codes(probe, threads, count, probe->pace.once ? GROUPED_OF_ONLY_LOOK : GROUPED_PER_LOOK, &left,
			    notes);

	/* With more looks their turn comes. */
	if (probe->pace.once)
		probe->losses.count[LOST_NOTES] += left;
	return err;
}

struct code_cache *probe_codes_new(void)
{
	return calloc(1, sizeof(struct code_cache));
}

void probe_codes_free(struct code_cache *cache)
{
	if (cache)
		forget(cache);
	free(cache);
}
