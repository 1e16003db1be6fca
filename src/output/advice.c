/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "output/advice.h"

#include <string.h>

#include "base/text.h"

/* More are shown, but stay in the sentence. */
#define COMMANDS_MOST 32

/* Between a command and what comes behind it; the longest first. */
static const char *behind(const char *at)
{
	return !strncmp(at, ", or ", 5) ? at + 5 : !strncmp(at, "; ", 2) || !strncmp(at, ", ", 2) ? at + 2 : at;
}

/* Where this command ends a part of the sentence; NULL: nowhere. */
static const char *find_end_of_part(const char *at, const char *command, size_t length)
{
	for (; *at; at++) {
		if (!strncmp(at, command, length) && (!at[length] || behind(at + length) != at + length))
			return at;
	}
	return NULL;
}

/* The command that comes first among those that are not used. */
static const char *find_next(const char *at, const char *commands, uint32_t used, size_t *length, unsigned int *which)
{
	const char *first = NULL, *command, *found;
	size_t size;

	for (unsigned int i = 0; i < COMMANDS_MOST && (command = text_line(&commands, &size)); i++) {
		found = used & 1u << i ? NULL : find_end_of_part(at, command, size);
		if (!found || (first && found >= first))
			continue;
		first = found;
		*length = size;
		*which = i;
	}
	return first;
}

static int add_text(const char *from, const char *to, advice_part *part, void *data)
{
	while (to > from && to[-1] == ' ')
		to--;
	return to > from ? part(data, from, (size_t)(to - from), false) : 0;
}

int advice_parts(const char *advice, const char *commands, advice_part *part, void *data)
{
	const char *at = advice ?: "", *command;
	unsigned int which = 0;
	uint32_t used = 0;
	size_t length = 0;
	int error = 0;

	while (!error && (command = find_next(at, commands, used, &length, &which))) {
		error = add_text(at, command, part, data) ?: part(data, command, length, true);
		used |= 1u << which;
		at = behind(command + length);
	}
	if (!error)
		error = add_text(at, at + strlen(at), part, data);
	for (unsigned int i = 0; !error && (command = text_line(&commands, &length)); i++) {
		if (i >= COMMANDS_MOST || !(used & 1u << i))
			error = part(data, command, length, true);
	}
	return error;
}

/* ---- As lines ---- */

struct place {
	struct lines *lines;
	size_t indent, width;
};

static int add_part(void *data, const char *text, size_t length, bool is_command)
{
	const struct place *place = data;
	size_t start = lines_count(place->lines);
	struct buffer raw = {0}, printable = {0};
	int error = buffer_append(&raw, text, length) ?: buffer_append(&raw, "", 1) ?:
		    text_printable(&printable, raw.data) ?: buffer_append(&printable, "", 1) ?:
		    lines_add_wrapped(place->lines, printable.data, place->indent, place->indent, place->width);

	if (!error && is_command)
		lines_mark_all(place->lines, start, INK_COMMAND);
	buffer_free(&raw);
	buffer_free(&printable);
	return error;
}

int advice_add(struct lines *lines, const struct row *row, size_t indent, size_t width)
{
	struct place place = {lines, indent, width};

	return row->advice ? advice_parts(row->advice, row->commands, add_part, &place) : 0;
}

int advice_add_command(struct lines *lines, const char *command, size_t length, size_t indent, size_t width)
{
	struct place place = {lines, indent, width};

	return add_part(&place, command, length, true);
}
