/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The keys of JSON records, made from the table of columns. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "rows/column.h"
#include "rows/links.h"
#include "share/make/documents.h"

#define MARKUP "\\*_"
#define EVERY  (ROW_BIT(ROW_TYPES) - 1)

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && !strcmp(text + length - end_length, end);
}

static const char *unit(const struct column *column)
{
	switch (column->kind) {
	case COLUMN_SECONDS:
		return "seconds";
	case COLUMN_TIME:
		return "RFC 3339, UTC, microseconds";
	case COLUMN_BOOL:
		return "true or false";
	case COLUMN_NUMBER:
		return ends_with(column->key, "_per_s") ? "number a second" : "number";
	case COLUMN_COUNT:
		return strstr(column->key, "bytes") || !strncmp(column->key, "stack_", 6) ? "bytes" : "integer";
	case COLUMN_VERSION:
		return "integer";
	case COLUMN_HISTOGRAM:
		return "array of 20 integers";
	case COLUMN_LINES:
		return "array of texts";
	case COLUMN_PIDS:
		return "array of integers";
	case COLUMN_LINKS:
		return "array of objects";
	default:
		return "text";
	}
}

static void put_values(const char *const *values, size_t most)
{
	for (size_t i = 0; values && i < most && values[i]; i++)
		printf("%s_%s_", i ? ", " : " One of: ", values[i]);
	if (values)
		putchar('.');
}

static void put_column(const struct column *column)
{
	printf("*%s* (%s%s)\n\t", column->key, unit(column), column->never_null ? "" : " or null");
	put_escaped(column->description, MARKUP);
	putchar('.');
	put_values(column->kind == COLUMN_TYPE ? row_type_names : column->values,
		   column->kind == COLUMN_TYPE ? ROW_TYPES : SIZE_MAX);
	printf("\n\n");
}

/* Types of records that have this key, wherever the table has it. */
static unsigned int types_with(const char *key)
{
	unsigned int types = 0;

	for (size_t i = 0; i < column_count; i++)
		types |= strcmp(columns[i].key, key) ? 0 : columns[i].types;
	return types;
}

/* Of waits on something; a process that cannot be looked at has a life, too, and little else. */
static unsigned int stall_types(void)
{
	return types_with("event") & ~ROW_BIT(ROW_PROCESS);
}

static bool is_first_of_key(const struct column *column)
{
	for (const struct column *before = columns; before < column; before++) {
		if (!strcmp(before->key, column->key))
			return false;
	}
	return true;
}

static bool is_in_all(const struct column *column)
{
	return types_with(column->key) == EVERY;
}

/* Verdicts differ; all else means the same in each stall. */
static bool is_in_stalls(const struct column *column)
{
	return !is_in_all(column) && !(stall_types() & ~types_with(column->key)) && strcmp(column->key, "verdict");
}

static bool is_of(const struct column *column, enum row_type type)
{
	bool stall = ROW_BIT(type) & stall_types();

	return column->types & ROW_BIT(type) && !is_in_all(column) && !(stall && is_in_stalls(column));
}

int part_record(const char *what)
{
	enum row_type type = 0;

	while (type < ROW_TYPES && strcmp(what, row_type_names[type]))
		type++;
	if (type == ROW_TYPES && strcmp(what, "all") && strcmp(what, "stalls"))
		return -EINVAL;
	for (size_t i = 0; i < column_count; i++) {
		const struct column *column = &columns[i];

		if (type < ROW_TYPES ? is_of(column, type)
				     : is_first_of_key(column) &&
					       (strcmp(what, "all") ? is_in_stalls(column) : is_in_all(column)))
			put_column(column);
	}
	return 0;
}

int part_links(const char *what)
{
	static const char *const kinds[] = {[LINK_TEXT] = "text", [LINK_COUNT] = "integer", [LINK_SECONDS] = "seconds"};

	(void)what;
	for (size_t i = 0; i < link_field_count; i++) {
		printf("- _");
		put_escaped(link_fields[i].key, "\\");
		printf("_ (%s): ", kinds[link_fields[i].kind]);
		put_escaped(link_fields[i].description, MARKUP);
		printf(".\n");
	}
	return 0;
}
