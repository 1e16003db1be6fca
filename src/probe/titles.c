/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Command lines, of processes that are reported and of no others: such a read takes mmap_lock and faults pages in, so
 * it may wait, and foreign.h's worker does it. A title is kept while its process is reported, and read again now and
 * then: exec changes it, and servers write into it what they do.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/sorted.h"
#include "look/records.h"
#include "probe/internal.h"

#define REFRESH_NS (10 * NS_PER_S)

/* Bytes that are read: enough for the characters that are reported (reports/fill.c), of 4 bytes at most. */
#define TITLE_BYTES 480

/* Titles that one look reads; the rest has its turn in the next. */
#define TITLES_PER_LOOK	    256
#define TITLES_OF_ONLY_LOOK 4096

struct title {
	__u64 process_start_ns;
	__u64 read_ns; /* CLOCK_MONOTONIC; 0: never */
	__u32 pid;
	__u32 length; /* 0: it has none, or it could not be read */
	char text[TITLE_BYTES + 1];
};

/* The titles of the processes that were reported last. */
struct title_cache {
	struct title *items; /* sorted by pid */
	size_t count;
};

static int compare_titles(const void *left, const void *right)
{
	const struct title *a = left, *b = right;

	return COMPARE(a->pid, b->pid);
}

static struct title *find(const struct title_cache *cache, __u32 pid, __u64 start_ns)
{
	size_t i = LOWER_BOUND(cache->count, at, cache->items[at].pid < pid);

	return i < cache->count && cache->items[i].pid == pid && cache->items[i].process_start_ns == start_ns
		       ? &cache->items[i]
		       : NULL;
}

/* ---- Reading ---- */

/* A NUL ends each word. */
static void keep(struct title *title, const char *bytes, size_t size)
{
	size_t i;

	while (size && !bytes[size - 1])
		size--;
	for (i = 0; i < size; i++)
		title->text[i] = bytes[i] ? bytes[i] : ' ';
	title->text[size] = '\0';
	title->length = (__u32)size;
}

/* A title that cannot be read now stays as it was. Returns 0, -ENOMEM or -ECANCELED. */
static int read_titles(const struct scan *scan, struct title *const *titles, size_t count)
{
	struct foreign_question *questions = calloc(count + 1, sizeof(*questions));
	struct buffer answers = {0};
	size_t i;
	int err;

	if (!questions)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		questions[i] = (struct foreign_question){
			.request = {.kind = FOREIGN_TITLE,
				    .pid = titles[i]->pid,
				    .tid = titles[i]->pid,
				    .size = TITLE_BYTES},
			.process_start_ns = titles[i]->process_start_ns,
		};
		titles[i]->read_ns = clock_ns(CLOCK_MONOTONIC);
	}
	err = foreign_ask(scan->foreign, questions, count, &answers);
	for (i = 0; i < count && !err; i++)
		if (!questions[i].err)
			keep(titles[i], answers.data + questions[i].at, questions[i].size);
	free(questions);
	buffer_free(&answers);
	return err;
}

static int add_note(struct buffer *buffer, const struct title *title)
{
	struct note_record note = {
		.header = {.type = RECORD_NOTE},
		.pid = title->pid,
		.tid = title->pid,
		.kind = NOTE_TITLE,
		.length = title->length,
	};

	return title->length ? record_add_text(buffer, &note, sizeof(note), title->text, title->length) : 0;
}

/* ---- Those that are known ---- */

static bool is_due(const struct title *title, __u64 now)
{
	return !title->read_ns || now - title->read_ns >= REFRESH_NS;
}

/* Those that the look has. Returns how many. */
static size_t find_present(const struct title_cache *cache, const struct buffer *buffer, struct title **present)
{
	const struct record_header *header;
	size_t count = 0, offset = 0;

	while (count < cache->count && (header = record_next(buffer, &offset))) {
		const struct process_record *process = (const void *)header;

		if (header->type != RECORD_PROCESS)
			continue;
		present[count] = find(cache, process->pid, process->process_start_ns);
		count += !!present[count];
	}
	return count;
}

static int refresh(const struct scan *scan, struct title *const *present, size_t count)
{
	struct title **due = calloc(count + 1, sizeof(*due));
	__u64 now = clock_ns(CLOCK_MONOTONIC);
	size_t i, due_count = 0;
	int err;

	if (!due)
		return -ENOMEM;
	for (i = 0; i < count && due_count < TITLES_PER_LOOK; i++)
		if (is_due(present[i], now))
			due[due_count++] = present[i];
	err = due_count ? read_titles(scan, due, due_count) : 0;
	free(due);
	return err;
}

int probe_titles_add(struct title_cache *cache, const struct scan *scan, struct buffer *buffer)
{
	struct title **present = calloc(cache->count + 1, sizeof(*present));
	size_t i, count;
	int err;

	if (!present)
		return -ENOMEM;
	count = find_present(cache, buffer, present);
	err = refresh(scan, present, count);
	for (i = 0; i < count && !err; i++)
		err = add_note(buffer, present[i]);
	free(present);
	return err;
}

/* ---- Those that are reported ---- */

/* The title that is known, or an empty one. */
static void take_known(const struct title_cache *cache, const struct process_record *process, struct title *title)
{
	const struct title *known = find(cache, process->pid, process->process_start_ns);

	if (known)
		*title = *known;
	else
		*title = (struct title){.pid = process->pid, .process_start_ns = process->process_start_ns};
}

/* One for each of the processes that the look has. */
static size_t take_processes(const struct title_cache *cache, struct title *titles, const struct look *look,
			     const uint64_t *pids, size_t count)
{
	size_t i, taken = 0;

	for (i = 0; i < count; i++) {
		const struct process_record *process = look_process(look, (__u32)pids[i]);

		if (process)
			take_known(cache, process, &titles[taken++]);
	}
	if (taken)
		qsort(titles, taken, sizeof(*titles), compare_titles);
	return taken;
}

static int read_new(struct title_cache *cache, const struct scan *scan, struct buffer *notes)
{
	const size_t most = scan->once ? TITLES_OF_ONLY_LOOK : TITLES_PER_LOOK;
	struct title **fresh = calloc(most, sizeof(*fresh));
	size_t i, count = 0;
	int err;

	if (!fresh)
		return -ENOMEM;
	for (i = 0; i < cache->count && count < most; i++)
		if (!cache->items[i].read_ns)
			fresh[count++] = &cache->items[i];
	err = count ? read_titles(scan, fresh, count) : 0;
	for (i = 0; i < count && !err; i++)
		err = add_note(notes, fresh[i]);
	free(fresh);
	return err;
}

int probe_titles_read(struct probe *probe, const struct look *look, const uint64_t *pids, size_t count,
		      struct buffer *notes)
{
	struct title *titles = calloc(count + 1, sizeof(*titles));
	const struct scan scan = probe_scan(probe);

	if (!titles)
		return -ENOMEM;
	count = take_processes(probe->titles, titles, look, pids, count);
	free(probe->titles->items);
	*probe->titles = (struct title_cache){titles, count};
	return read_new(probe->titles, &scan, notes) ?: probe_add_lost_processes(probe, notes);
}

struct title_cache *probe_titles_new(void)
{
	return calloc(1, sizeof(struct title_cache));
}

void probe_titles_free(struct title_cache *titles)
{
	if (titles)
		free(titles->items);
	free(titles);
}
