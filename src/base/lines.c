/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/lines.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

static struct line *last(struct lines *lines)
{
	return (struct line *)(void *)lines->items.data + lines_count(lines) - 1;
}

int lines_begin(struct lines *lines, enum line_style style)
{
	struct line line = {.offset = lines->text.size, .style = style};

	return buffer_append(&lines->items, &line, sizeof(line));
}

void lines_mark_from(struct lines *lines)
{
	last(lines)->mark_from = lines->text.size - last(lines)->offset;
	last(lines)->mark_to = last(lines)->mark_from;
}

void lines_mark_to(struct lines *lines)
{
	last(lines)->mark_to = lines->text.size - last(lines)->offset;
}

void lines_ink(struct lines *lines, enum line_ink ink)
{
	last(lines)->ink = ink;
}

/* The spaces around what is marked are not. */
static void tighten_mark(struct line *line, const char *text, size_t size)
{
	if (line->mark_to > size)
		line->mark_to = size;
	while (line->mark_to > line->mark_from && text[line->mark_to - 1] == ' ')
		line->mark_to--;
	while (line->mark_from < line->mark_to && text[line->mark_from] == ' ')
		line->mark_from++;
	if (line->mark_from >= line->mark_to)
		line->mark_from = line->mark_to = 0;
}

int lines_end(struct lines *lines)
{
	struct line *line = last(lines);

	/* Also so that data is not NULL. */
	if (!buffer_reserve(&lines->text, 1))
		return -ENOMEM;
	while (lines->text.size > line->offset && lines->text.data[lines->text.size - 1] == ' ')
		lines->text.size--;
	tighten_mark(line, lines->text.data + line->offset, lines->text.size - line->offset);
	return buffer_append(&lines->text, "", 1);
}

int lines_add(struct lines *lines, enum line_style style, const char *text)
{
	return lines_begin(lines, style) ?: text_add(&lines->text, text) ?: lines_end(lines);
}

int lines_add_wrapped(struct lines *lines, const char *text, size_t indent, size_t hang, size_t width)
{
	bool narrow = width <= 2 * hang;
	size_t before = narrow ? 0 : indent;
	int error = 0;

	while (*text && !error) {
		size_t next, size = text_wrap(text, width - before, &next);

		error = lines_begin(lines, LINE_PLAIN) ?: text_spaces(&lines->text, before) ?:
			buffer_append(&lines->text, text, size) ?: lines_end(lines);
		text += next;
		before = narrow ? 0 : hang;
	}
	return error;
}

void lines_mark_all(struct lines *lines, size_t from, enum line_ink ink)
{
	for (size_t i = from; i < lines_count(lines); i++) {
		struct line *line = (struct line *)(void *)lines->items.data + i;
		const char *text = lines_text(lines, line);

		line->ink = ink;
		line->mark_from = 0;
		line->mark_to = strlen(text);
		tighten_mark(line, text, line->mark_to);
	}
}

int lines_copy(struct lines *lines, const struct lines *from, const struct line *line)
{
	int error = lines_add(lines, line->style, lines_text(from, line));

	if (!error) {
		last(lines)->mark_from = line->mark_from;
		last(lines)->mark_to = line->mark_to;
		last(lines)->ink = line->ink;
	}
	return error;
}

size_t lines_count(const struct lines *lines)
{
	return lines->items.size / sizeof(struct line);
}

const struct line *lines_at(const struct lines *lines, size_t i)
{
	return (const struct line *)(const void *)lines->items.data + i;
}

const char *lines_text(const struct lines *lines, const struct line *line)
{
	return lines->text.data + line->offset;
}

void lines_cut(struct lines *lines, size_t count)
{
	if (count >= lines_count(lines))
		return;
	lines->text.size = lines_at(lines, count)->offset;
	lines->items.size = count * sizeof(struct line);
}

void lines_free(struct lines *lines)
{
	buffer_free(&lines->text);
	buffer_free(&lines->items);
}
