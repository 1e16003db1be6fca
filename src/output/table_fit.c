/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which columns of a table have room, and how wide they are. */
#include <string.h>

#include "base/text.h"
#include "output/table_columns.h"
#include "rows/fold.h"

#define EPHEMERAL 32768 /* the first of net.ipv4.ip_local_port_range, unless somebody has changed it */

const char *table_cell(const struct table *table, size_t row, size_t column)
{
	return table->text.data + table->cells[row * table->column_count + column];
}

bool table_is_sentence(const struct table_column *column)
{
	return column->first->shape == SHAPE_SENTENCE;
}

bool table_is_shown(const struct table *table, const struct table_column *column)
{
	return column->known && !(table->below && table_is_sentence(column));
}

static size_t least(const struct table_column *column)
{
	size_t width = column->scant ? column->first->rather : column->first->least;

	if (!width || width > column->width)
		return column->width;
	return width > column->heading_width ? width : column->heading_width;
}

/* The width of all columns on the line: as they are, or as short as they can be. */
static size_t total_width(const struct table *table, bool shortest)
{
	size_t total = 0;

	for (size_t i = 0; i < table->column_count; i++) {
		const struct table_column *column = &table->columns[i];

		if (table_is_shown(table, column))
			total += (total ? TABLE_GAP : 0) + (shortest ? least(column) : column->width);
	}
	return total;
}

/* The larger, the sooner a column is left out. 0: never. */
static unsigned int priority(const struct table *table, const struct table_column *column)
{
	const char *const *favoured = table->style->favoured;
	unsigned int place = 0;

	if (!column->first->priority || !favoured)
		return column->first->priority;
	while (favoured[place] && strcmp(favoured[place], column->first->key))
		place++;
	return favoured[place] ? place + 1 : place + 1 + column->first->priority;
}

/* ---- Two columns in one ---- */

static struct table_column *find(struct table *table, const char *key)
{
	for (size_t i = 0; i < table->column_count; i++) {
		if (!strcmp(table->columns[i].first->key, key))
			return table_is_shown(table, &table->columns[i]) ? &table->columns[i] : NULL;
	}
	return NULL;
}

static bool is_there(const struct table *table, size_t row, const struct table_column *column)
{
	return strcmp(table_cell(table, row, (size_t)(column - table->columns)), "-") != 0;
}

/* A port that a program chose, and not the kernel for the time of one connection. */
static bool is_chosen(int64_t port, const struct row *row, size_t offset)
{
	return port != NOT_KNOWN && port < EPHEMERAL && !fold_differs(row, offset);
}

/* A listener has no peer; and of a client's connection the server's end says more. */
static bool is_at_local(const struct table *table, size_t i, const struct table_column *local,
			const struct table_column *peer)
{
	const struct row *row = table->rows[i];

	if (!is_there(table, i, local) || !is_there(table, i, peer))
		return is_there(table, i, local);
	return is_chosen(row->local_port, row, offsetof(struct row, local_port)) &&
	       !is_chosen(row->peer_port, row, offsetof(struct row, peer_port));
}

/* Some rows are nowhere without their own address. */
static bool needs_both(const struct table *table, const struct table_column *local, const struct table_column *peer)
{
	for (size_t i = 0; i < table->count; i++) {
		if (is_at_local(table, i, local, peer))
			return true;
	}
	return false;
}

/* "→ 10.0.0.1:80" is where the peer is; without an arrow it is where the row itself is. */
static int join_cell(struct table *table, size_t row, const struct table_column *local, struct table_column *peer)
{
	size_t *place = &table->cells[row * table->column_count + (size_t)(peer - table->columns)], width;
	const char *arrow = text_locale_is_utf8() ? "\xe2\x86\x92 " : "> ";
	bool to_peer = !is_at_local(table, row, local, peer) && is_there(table, row, peer);
	struct buffer text = {0};
	int error = (to_peer ? text_add(&text, arrow) : 0) ?:
		    text_add(&text, table_cell(table, row, (size_t)((to_peer ? peer : local) - table->columns))) ?:
		    buffer_append(&text, "", 1);

	if (!error) {
		*place = table->text.size;
		error = buffer_append(&table->text, text.data, text.size);
		width = text_width(text.data);
		peer->width = width > peer->width ? width : peer->width;
	}
	buffer_free(&text);
	return error;
}

/* Rows of several types have the addresses of both ends in one column. Returns false where there is nothing to join. */
static bool join_addresses(struct table *table, int *error)
{
	struct table_column *local = find(table, "local_addr"), *peer = find(table, "peer_addr");

	if (!find(table, "type") || !local || !peer || !needs_both(table, local, peer))
		return false;
	peer->heading = "ADDRESS";
	peer->width = peer->heading_width = text_width(peer->heading);
	for (size_t i = 0; i < table->count && !*error; i++)
		*error = join_cell(table, i, local, peer);
	local->known = false;
	return true;
}

/* ---- What has room ---- */

/*
 * Leaves out the column that matters least, or first makes it shorter than it should be. Returns false when all that
 * are left must stay.
 */
static bool leave_out(struct table *table, int *error)
{
	struct table_column *victim = NULL;

	for (size_t i = 0; i < table->column_count; i++) {
		struct table_column *column = &table->columns[i];

		if (table_is_shown(table, column) && priority(table, column) &&
		    (!victim || priority(table, column) >= priority(table, victim)))
			victim = column;
	}
	if (victim && victim->first->rather && !victim->scant)
		victim->scant = true;
	else if (victim && (strcmp(victim->first->key, "local_addr") || !join_addresses(table, error)))
		victim->known = false;
	return victim && !*error;
}

/* Takes one character off the column that has most to give. Returns false when none has. */
static bool shorten(struct table *table)
{
	struct table_column *widest = NULL;

	for (size_t i = 0; i < table->column_count; i++) {
		struct table_column *column = &table->columns[i];

		if (table_is_shown(table, column) && column->width > least(column) &&
		    (!widest || column->width > widest->width))
			widest = column;
	}
	if (widest)
		widest->width--;
	return widest;
}

int table_fit(struct table *table)
{
	int error = 0;

	if (!table->below && total_width(table, false) <= table->limit)
		return 0;
	table->below = true;
	while (total_width(table, true) > table->limit && leave_out(table, &error))
		;
	if (total_width(table, false) > table->limit)
		join_addresses(table, &error);
	while (total_width(table, false) > table->limit && shorten(table))
		;
	return error;
}
