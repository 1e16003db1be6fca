/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rows/fold.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/sorted.h"
#include "base/text.h"
#include "rows/alike.h"
#include "rules/severity.h"

/* A row that may be folded, and its place, which goes on meaning something when they are sorted. */
struct item {
	const struct row *row;
	struct alike alike;
	enum stall_event event; /* as far as it counts */
	size_t place;
};

/* 0: both are shown as one. */
static int compare_groups(const struct item *a, const struct item *b)
{
	int order = COMPARE(a->event, b->event);

	return order ? order : alike_compare(&a->alike, &b->alike);
}

static int compare_items(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	int order = compare_groups(a, b);

	return order ? order : COMPARE(a->place, b->place);
}

/* ---- One row of many ---- */

static double age_of(const struct row *row)
{
	return row->type == ROW_THREAD ? row->thread.now_s : row->age_s;
}

/* An age that is not known is younger than all. */
static double age(const struct row *row)
{
	return isnan(age_of(row)) ? -1 : age_of(row);
}

static const struct row *oldest_of(const struct item *items, size_t count)
{
	const struct row *oldest = items[0].row;

	for (size_t i = 1; i < count; i++) {
		if (age(items[i].row) > age(oldest))
			oldest = items[i].row;
	}
	return oldest;
}

/* "12 34 56": each once. */
static const char *write_ids(struct arena *arena, const uint64_t *pids, size_t count)
{
	struct buffer text = {0};
	char *copy = NULL;
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		if (!i || pids[i] != pids[i - 1])
			err = text_printf(&text, "%s%" PRIu64, text.size ? " " : "", pids[i]);
	}
	if (!err && !buffer_append(&text, "", 1))
		copy = arena_alloc(arena, text.size);
	if (copy)
		memcpy(copy, text.data, text.size);
	buffer_free(&text);
	return copy;
}

/* *list: the ids that the rows have at this offset; NULL where none is known. */
static int list_ids(const char **list, struct arena *arena, const struct item *items, size_t count, size_t offset)
{
	uint64_t *ids = calloc(count + 1, sizeof(*ids));
	size_t known = 0;

	if (!ids)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const int64_t id = *(const int64_t *)((const char *)items[i].row + offset);

		if (id != NOT_KNOWN)
			ids[known++] = (uint64_t)id;
	}
	qsort(ids, known, sizeof(*ids), compare_numbers);
	*list = known ? write_ids(arena, ids, known) : NULL;
	free(ids);
	return known && !*list ? -ENOMEM : 0;
}

/* All of eight bytes. */
#define THREADS_OWN(member, is_text)                                                                \
	{                                                                                           \
		.offset = offsetof(struct row, thread.member), .text = (is_text), .of_thread = true \
	}

/* The fields that each member has for itself, or shares with all. */
static const struct {
	size_t offset;
	bool text;
	bool of_process; /* means nothing in another one */
	bool of_thread; /* only a thread has it */
} own[] = {
	{.offset = offsetof(struct row, pid)},
	{.offset = offsetof(struct row, tid)},
	{.offset = offsetof(struct row, fd), .of_process = true},
	{.offset = offsetof(struct row, cookie)},
	{.offset = offsetof(struct row, local_addr), .text = true},
	{.offset = offsetof(struct row, local_port)},
	{.offset = offsetof(struct row, peer_addr), .text = true},
	{.offset = offsetof(struct row, peer_port)},
	{.offset = offsetof(struct row, peer_name), .text = true},
	{.offset = offsetof(struct row, container), .text = true},
	{.offset = offsetof(struct row, unit), .text = true},
	{.offset = offsetof(struct row, pod), .text = true},
	{.offset = offsetof(struct row, namespace), .text = true},
	{.offset = offsetof(struct row, container_name), .text = true},
	{.offset = offsetof(struct row, image), .text = true},
	{.offset = offsetof(struct row, title), .text = true},
	{.offset = offsetof(struct row, comm), .text = true, .of_thread = true},
	THREADS_OWN(syscall, true),
	THREADS_OWN(now_in, true),
	THREADS_OWN(created_ns, false),
	THREADS_OWN(creator_tid, false),
	THREADS_OWN(shares, true),
	THREADS_OWN(stack_start, true),
	THREADS_OWN(stack_end, true),
	THREADS_OWN(stack_guard, false),
	THREADS_OWN(stack_used, false),
	THREADS_OWN(cpu_s, false),
	THREADS_OWN(switches, false),
	THREADS_OWN(switches_voluntary, false),
	THREADS_OWN(switches_involuntary, false),
	THREADS_OWN(kernel_stack, true),
};

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool is_same(const struct row *a, const struct row *b, size_t i)
{
	const char *left = (const char *)a + own[i].offset, *right = (const char *)b + own[i].offset;

	if (own[i].of_process && a->pid != b->pid)
		return false;
	if (own[i].of_thread && a->type != ROW_THREAD)
		return true;
	if (own[i].text)
		return is_same_text(*(const char *const *)left, *(const char *const *)right);
	return !memcmp(left, right, sizeof(int64_t));
}

bool fold_differs(const struct row *row, size_t offset)
{
	for (size_t i = 0; i < COUNT_OF(own) && row->fold.differs; i++) {
		if (own[i].offset == offset)
			return row->fold.differs & 1ull << i;
	}
	return false;
}

static void add_member(struct row *row, const struct row *member)
{
	row->severity = member->severity > row->severity ? member->severity : row->severity;
	if (age_of(member) < row->fold.youngest_s)
		row->fold.youngest_s = age_of(member);
	for (size_t i = 0; i < COUNT_OF(own); i++) {
		if (!is_same(row, member, i))
			row->fold.differs |= 1ull << i;
	}
}

static int fold(struct row *row, struct arena *arena, const struct item *items, size_t count)
{
	*row = *oldest_of(items, count);
	row->fold.count = (int64_t)count;
	row->fold.oldest_s = row->fold.youngest_s = age_of(row);
	for (size_t i = 0; i < count; i++)
		add_member(row, items[i].row);
	if (row->type == ROW_THREAD)
		return list_ids(&row->fold.tids, arena, items, count, offsetof(struct row, tid));
	row->severity = severity_raised(row->severity, count, row->fold.oldest_s);
	return list_ids(&row->fold.pids, arena, items, count, offsetof(struct row, pid));
}

/* ---- All ---- */

#define GONE SIZE_MAX

struct folding {
	const struct row *const *rows;
	size_t count;
	const struct fold_how *how;
	struct item *items; /* those that may be folded: what is alike stands together */
	size_t item_count;
	size_t *places; /* for each row: 0: it stays; GONE: another stands for it; else 1 plus its first item */
};

static void collect(struct folding *folding)
{
	for (size_t i = 0; i < folding->count; i++) {
		const struct row *row = folding->rows[i];
		bool over = row->event == STALL_CLOSE;

		if (alike_may_be(row))
			folding->items[folding->item_count++] = (struct item){
				row, alike_of(row), folding->how->by_event || over ? row->event : STALL_NONE, i};
	}
	qsort(folding->items, folding->item_count, sizeof(*folding->items), compare_items);
}

/* The first item behind those that are alike with this one. */
static size_t end_of_group(const struct folding *folding, size_t first)
{
	size_t end = first + 1;

	while (end < folding->item_count && !compare_groups(&folding->items[first], &folding->items[end]))
		end++;
	return end;
}

static void mark(struct folding *folding)
{
	for (size_t i = 0, end; i < folding->item_count; i = end) {
		end = end_of_group(folding, i);
		if (end - i > 1)
			folding->places[folding->items[i].place] = i + 1;
		for (size_t j = i + 1; j < end; j++)
			folding->places[folding->items[j].place] = GONE;
	}
}

/* The members of an opened group follow it. */
static void write_members(struct folded *folded, const struct item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct row *row = &folded->rows[folded->count++];

		*row = *items[i].row;
		row->fold.member = true;
	}
}

static int write_group(struct folded *folded, const struct folding *folding, size_t first)
{
	const struct fold_how *how = folding->how;
	const struct item *items = &folding->items[first];
	size_t count = end_of_group(folding, first) - first;
	int err = fold(&folded->rows[folded->count++], &folded->texts, items, count);

	if (!err && how->is_open && how->is_open(how->context, alike_id(items[0].row)))
		write_members(folded, items, count);
	return err;
}

static int write_row(struct folded *folded, const struct folding *folding, size_t i)
{
	if (folding->places[i] == GONE)
		return 0;
	if (folding->places[i])
		return write_group(folded, folding, folding->places[i] - 1);
	folded->rows[folded->count++] = *folding->rows[i];
	return 0;
}

static int work_out(struct folded *folded, struct folding *folding)
{
	int err = 0;

	folding->items = calloc(folding->count + 1, sizeof(*folding->items));
	folding->places = calloc(folding->count + 1, sizeof(*folding->places));
	/* A row for each group, too, where all are open: groups have two members at least. */
	folded->rows = calloc(folding->count + folding->count / 2 + 1, sizeof(*folded->rows));
	if (!folding->items || !folding->places || !folded->rows)
		return -ENOMEM;
	collect(folding);
	mark(folding);
	for (size_t i = 0; i < folding->count && !err; i++)
		err = write_row(folded, folding, i);
	return err;
}

int fold_rows(struct folded *folded, const struct row *const *rows, size_t count, const struct fold_how *how)
{
	struct folding folding = {.rows = rows, .count = count, .how = how};
	int err;

	*folded = (struct folded){0};
	err = work_out(folded, &folding);
	free(folding.places);
	free(folding.items);
	return err;
}

static int compare_sizes(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int order = COMPARE(fold_count(b), fold_count(a));

	if (!order)
		order = COMPARE(age(b), age(a));
	return order ? order : COMPARE(a->tid, b->tid);
}

void fold_largest_first(struct folded *folded)
{
	if (folded->count)
		qsort(folded->rows, folded->count, sizeof(*folded->rows), compare_sizes);
}

void folded_free(struct folded *folded)
{
	free(folded->rows);
	arena_free(&folded->texts);
	*folded = (struct folded){0};
}

size_t fold_count(const struct row *row)
{
	return row->fold.count == NOT_KNOWN ? 1 : (size_t)row->fold.count;
}

size_t fold_processes(const struct row *row)
{
	size_t count = row->fold.pids ? 1 : 0;

	for (const char *at = row->fold.pids; at && *at; at++)
		count += *at == ' ';
	return count;
}
