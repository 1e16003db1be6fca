/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "act/environment.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"

/*
 * A known value as JSON would have it, without quotes: seconds as a number, times as RFC 3339. Text is made
 * printable: it may be another process's own. Returns 0 or -ENOMEM.
 */
static int field_text(struct buffer *out, const struct column *column, const struct row *row)
{
	const void *field = column_field(column, row);

	switch (column->kind) {
	case COLUMN_VERSION:
		return text_add(out, "1");
	case COLUMN_TYPE:
		return text_add(out, row_type_names[row->type]);
	case COLUMN_EVENT:
		return text_add(out, stall_event_names[row->event]);
	case COLUMN_TEXT:
	case COLUMN_LINES:
		return text_printable(out, *(const char *const *)field);
	case COLUMN_COUNT:
		return text_printf(out, "%" PRId64, *(const int64_t *)field);
	case COLUMN_SECONDS:
	case COLUMN_NUMBER:
		return text_number(out, *(const double *)field);
	case COLUMN_BOOL:
		return text_add(out, *(const int *)field ? "true" : "false");
	case COLUMN_TIME:
		return text_time(out, *(const uint64_t *)field, TEXT_MICROSECONDS);
	case COLUMN_COOKIE:
		return text_printf(out, "%" PRIu64, *(const uint64_t *)field);
	case COLUMN_PIDS: /* of several: such a row is never told on */
	case COLUMN_LINKS:
	case COLUMN_HISTOGRAM: /* no single value */
		return 0;
	}
	return 0;
}

/* "SOCKSTALL_AGE_S=12.5"; NULL: no memory. */
static char *make_variable(struct arena *arena, const struct column *column, const struct row *row)
{
	struct buffer text = {0};
	char *variable = NULL;
	size_t i, length = strlen("SOCKSTALL_") + strlen(column->key);

	if (!text_printf(&text, "SOCKSTALL_%s=", column->key) && !field_text(&text, column, row) &&
	    !buffer_append(&text, "", 1))
		variable = arena_alloc(arena, text.size);
	if (variable) {
		memcpy(variable, text.data, text.size);
		for (i = 0; i < length; i++)
			variable[i] = (char)toupper((unsigned char)variable[i]);
	}
	buffer_free(&text);
	return variable;
}

char **field_environment(struct arena *arena, const struct row *row)
{
	char **environment = arena_alloc(arena, (column_count + 1) * sizeof(*environment));
	size_t i, count = 0;

	if (!environment)
		return NULL;
	for (i = 0; i < column_count; i++) {
		if (!(columns[i].types & ROW_BIT(row->type)) || columns[i].kind == COLUMN_HISTOGRAM ||
		    columns[i].kind == COLUMN_LINKS || !column_known(&columns[i], row))
			continue;
		environment[count] = make_variable(arena, &columns[i], row);
		if (!environment[count++])
			return NULL;
	}
	return environment;
}
