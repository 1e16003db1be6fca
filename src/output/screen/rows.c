/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which rows are on a page, in which order. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "output/cell.h"
#include "output/screen/internal.h"
#include "rows/alike.h"
#include "rows/links.h"

/* ---- Who is who ---- */

static uint64_t hash_number(uint64_t hash, int64_t number)
{
	for (int shift = 0; shift < 64; shift += 8)
		hash = hash_byte(hash, (unsigned char)((uint64_t)number >> shift));
	return hash;
}

static uint64_t hash_part(uint64_t hash, const char *text)
{
	return hash_byte(text ? hash_text(hash, text) : hash, 0);
}

/* A loop is the same one before and after it stalls, though only then it has an id. */
uint64_t screen_row_id(const struct row *row)
{
	uint64_t id = hash_number(HASH_START, row->type);

	if (row->fold.count != NOT_KNOWN)
		return alike_id(row) | 1;
	if (row->id && row->type != ROW_LOOP)
		return hash_part(id, row->id) | 1;
	id = hash_number(hash_number(hash_number(id, row->host_at), row->pid), row->tid);
	if (row->type == ROW_LOOP)
		return hash_part(id, row->loop.interface) | 1;
	id = hash_number(hash_number(hash_number(id, row->fd), (int64_t)row->order), (int64_t)row->cookie);
	if (row->type == ROW_REGION)
		id = hash_part(id, row->region.start);
	return id | 1;
}

/* ---- The filter ---- */

static bool contains(const char *text, const char *wanted)
{
	size_t length = strlen(wanted);

	for (; *text; text++) {
		if (!strncasecmp(text, wanted, length))
			return true;
	}
	return false;
}

/* Whether a cell of the row has the text in it. */
static int matches(const struct row *row, const char *wanted, struct buffer *text, bool *found)
{
	int error = 0;

	*found = !*wanted;
	for (size_t i = 0; i < column_count && !*found && !error; i++) {
		if (!(columns[i].types & ROW_BIT(row->type)) || !columns[i].heading ||
		    columns[i].kind == COLUMN_HISTOGRAM)
			continue;
		buffer_reset(text);
		error = cell_add(text, &columns[i], row) ?: buffer_append(text, "", 1);
		if (!error)
			*found = contains(text->data, wanted);
	}
	return error;
}

bool screen_row_has(const struct row *row, const char *wanted)
{
	struct buffer text = {0};
	bool found = false;

	matches(row, wanted, &text, &found);
	buffer_free(&text);
	return found;
}

/* ---- The order ---- */

static const struct column *sort_column(const char *key, const struct row *row)
{
	const struct column *column = column_find(key, row->type);

	return column && cell_known(column, row) ? column : NULL;
}

/* Numbers: the largest first; text: by the alphabet. Unknown values come last, in either direction. */
static int compare_values(const struct column *column, const struct row *a, const struct row *b)
{
	const void *left = column_field(column, a), *right = column_field(column, b);

#define DESCENDING(type) ((*(const type *)left < *(const type *)right) - (*(const type *)left > *(const type *)right))
	switch (column->kind) {
	case COLUMN_COUNT:
		return DESCENDING(int64_t);
	case COLUMN_SECONDS:
	case COLUMN_NUMBER:
		return DESCENDING(double);
	case COLUMN_BOOL:
		return DESCENDING(int);
	case COLUMN_TIME:
	case COLUMN_COOKIE:
		return DESCENDING(uint64_t);
	case COLUMN_TEXT:
		/* Of a path instead of an address, or an inode instead of a name, the text itself is not known. */
		return strcmp(*(const char *const *)left ?: "", *(const char *const *)right ?: "");
	case COLUMN_TYPE:
		return a->type < b->type ? -1 : a->type > b->type;
	default:
		return 0;
	}
#undef DESCENDING
}

struct order {
	const struct screen_page *page;
	const struct screen_place *place;
};

static int compare(const void *left, const void *right, void *data)
{
	const struct row *a = *(const struct row *const *)left, *b = *(const struct row *const *)right;
	const struct order *order = data;
	const char *key = order->place->sort;
	int result = 0;

	if (key) {
		const struct column *column_a = sort_column(key, a), *column_b = sort_column(key, b);

		if (!column_a || !column_b)
			result = !column_a - !column_b;
		else if (column_a->kind == column_b->kind)
			result = (order->place->reverse ? -1 : 1) * compare_values(column_a, a, b);
	} else {
		result = order->page->compare ? order->page->compare(a, b) : 0;
		/* Worst first is the order in which they are kept. */
		if (order->place->reverse)
			result = result ? -result : (a < b) - (a > b);
	}
	return result ? result : (a > b) - (a < b);
}

/* ---- All together ---- */

static bool has_link(const struct row *chain, uint32_t pid)
{
	const char *at = chain->chain.links;
	struct arena arena = {0};
	bool found = chain->pid == pid;
	struct link link;

	while (at && !found && links_next(&at, &arena, &link))
		found = link.pid == pid;
	arena_free(&arena);
	return found;
}

static bool is_chosen(const struct screen *screen, const struct row *row)
{
	if (row->type == ROW_THREAD)
		return !screen->threads_of || (row->host_at == screen->host_of && row->pid == screen->threads_of);
	if (row->type == ROW_CHAIN && screen_pages[screen->page].types == ROW_BIT(ROW_CHAIN))
		return !screen->chain_of || (row->host_at == screen->host_of && has_link(row, screen->chain_of));
	return true;
}

static bool is_on_page(const struct screen *screen, const struct row *row)
{
	const struct screen_page *page = &screen_pages[screen->page];

	if (!(page->types & ROW_BIT(row->type)) || (page->only_stuck && !row->stuck && !screen->all))
		return false;
	return is_chosen(screen, row);
}

static int choose(const struct screen *screen, const struct moment *moment, struct screen_rows *rows)
{
	struct buffer text = {0};
	int error = 0;

	for (size_t i = 0; i < moment->count && !error; i++) {
		const struct row *row = &moment->rows[i];
		bool found;

		if (!is_on_page(screen, row))
			continue;
		rows->unfiltered++;
		error = matches(row, screen->filter, &text, &found);
		if (!error && found)
			rows->items[rows->count++] = row;
	}
	buffer_free(&text);
	return error;
}

static size_t not_kept(const struct screen *screen, const struct moment *moment)
{
	size_t count = 0;

	for (enum row_type type = 0; type < ROW_TYPES; type++) {
		if (screen_pages[screen->page].types & ROW_BIT(type) && moment->total[type] > HISTORY_ROWS)
			count += moment->total[type] - HISTORY_ROWS;
	}
	return count;
}

static void screen_rows_free(struct screen_rows *rows)
{
	folded_free(&rows->folded);
	causes_free(&rows->causes);
	free(rows->items);
	*rows = (struct screen_rows){0};
}

/* rows->items: NULL after a failure, or they are to be freed. */
static int work_out(const struct screen *screen, struct screen_rows *rows)
{
	const struct moment *moment = screen_moment(screen);
	struct order order = {&screen_pages[screen->page], &screen->places[screen->page]};
	struct screen_rows found = {.items = calloc(moment ? moment->count + 1 : 1, sizeof(*found.items))};
	int error = found.items ? 0 : -ENOMEM;

	if (!error && moment) {
		found.not_kept = not_kept(screen, moment);
		error = choose(screen, moment, &found);
	}
	if (!error && found.count)
		qsort_r(found.items, found.count, sizeof(*found.items), compare, &order);
	if (!error)
		error = screen_put_causes_first(screen, &found);
	if (!error && !screen->all && !screen->no_fold)
		error = screen_fold(screen, &found);
	if (error)
		screen_rows_free(&found);
	*rows = found;
	return error;
}

/* ---- Once for each look and choice ---- */

struct screen_cache *screen_cache_new(void)
{
	return calloc(1, sizeof(struct screen_cache));
}

void screen_cache_free(struct screen_cache *cache)
{
	if (cache) {
		screen_rows_free(&cache->rows);
		causes_free(&cache->causes);
	}
	free(cache);
}

static void make_key(struct rows_key *key, const struct screen *screen)
{
	const struct screen_place *place = &screen->places[screen->page];

	*key = (struct rows_key){
		.looks = screen->looks,
		.back = screen->back,
		.page = screen->page,
		.sort = place->sort,
		.toggled = screen->toggled,
		.reverse = place->reverse,
		.all = screen->all,
		.threads_of = screen->threads_of,
		.chain_of = screen->chain_of,
		.host_of = screen->host_of,
	};
	memcpy(key->filter, screen->filter, strlen(screen->filter) + 1);
}

static bool is_same_key(const struct rows_key *a, const struct rows_key *b)
{
	return a->looks == b->looks && a->back == b->back && a->page == b->page && a->sort == b->sort &&
	       a->toggled == b->toggled && a->reverse == b->reverse && a->all == b->all &&
	       a->threads_of == b->threads_of && a->chain_of == b->chain_of && a->host_of == b->host_of &&
	       !strcmp(a->filter, b->filter);
}

const struct screen_rows *screen_rows(const struct screen *screen)
{
	struct screen_cache *cache = screen->cache;
	struct rows_key key;

	make_key(&key, screen);
	if (cache->rows.items && is_same_key(&key, &cache->key))
		return &cache->rows;
	screen_rows_free(&cache->rows);
	cache->key = key;
	return work_out(screen, &cache->rows) ? NULL : &cache->rows;
}

size_t screen_selected(const struct screen *screen, const struct screen_rows *rows)
{
	const struct screen_place *place = &screen->places[screen->page];

	for (size_t i = 0; i < rows->count && place->selected; i++) {
		if (screen_row_id(rows->items[i]) == place->selected)
			return i;
	}
	return !rows->count ? 0 : place->at < rows->count ? place->at : rows->count - 1;
}

const struct row *screen_selected_row(const struct screen *screen)
{
	const struct screen_rows *rows = screen_rows(screen);

	return rows && rows->count ? rows->items[screen_selected(screen, rows)] : NULL;
}

/* ---- Columns to sort by ---- */

static bool is_known(const struct screen *screen, const struct column *column)
{
	const struct moment *moment = screen_moment(screen);

	for (size_t i = 0; moment && i < moment->count; i++) {
		const struct row *row = &moment->rows[i];

		if (column->types & ROW_BIT(row->type) && is_on_page(screen, row) && cell_known(column, row))
			return true;
	}
	return false;
}

static bool is_sortable(const struct screen *screen, size_t place)
{
	const struct column *column = column_on_screen(place);
	unsigned int types = screen_pages[screen->page].types;

	if (column->kind == COLUMN_TYPE && !(types & (types - 1)))
		return false;
	if (!column->heading || !(column->types & types) || column->shape == SHAPE_SENTENCE ||
	    column->kind == COLUMN_HISTOGRAM)
		return false;
	/* A key that stands in the table more than once is taken where it stands first. */
	for (size_t i = 0; i < place; i++) {
		if (column_on_screen(i)->types & types && !strcmp(column_on_screen(i)->key, column->key))
			return false;
	}
	return is_known(screen, column);
}

const char *screen_next_sort(const struct screen *screen, int step)
{
	const char *now = screen->places[screen->page].sort;
	size_t at = column_count; /* stands for the page's own order */

	for (size_t i = 0; now && i < column_count && at == column_count; i++) {
		const struct column *column = column_on_screen(i);

		if (column->types & screen_pages[screen->page].types && !strcmp(column->key, now))
			at = i;
	}
	do
		at = (at + column_count + 1 + (size_t)step) % (column_count + 1);
	while (at < column_count && !is_sortable(screen, at));
	return at < column_count ? column_on_screen(at)->key : NULL;
}

const char *screen_heading(const struct screen *screen, const char *key)
{
	for (size_t i = 0; i < column_count; i++) {
		if (columns[i].types & screen_pages[screen->page].types && columns[i].heading &&
		    !strcmp(columns[i].key, key))
			return columns[i].heading;
	}
	return key;
}
