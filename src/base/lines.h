/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Lines of printable text on their way to a terminal: built without one, shown by whoever has one.
 * A line is begun, appended to through lines->text, and ended. Functions return 0 or -ENOMEM.
 */
#ifndef SOCKSTALL_BASE_LINES_H
#define SOCKSTALL_BASE_LINES_H

#include "base/buffer.h"

enum line_style {
	LINE_PLAIN,
	LINE_TITLE,
	LINE_HEADING,
	LINE_SELECTED,
	LINE_PAGES, /* what is marked is where one is */
	LINE_SECTION,
	LINE_FOOT,
};

/* What is marked, from the worst on. What is marked in a title or a heading has no ink of its own on a screen. */
enum line_ink {
	INK_BAD,
	INK_WAITS,
	INK_SUSPECT,
	INK_COMMAND,
	LINE_INKS,
};

struct line {
	size_t offset; /* in lines->text; ends with NUL */
	size_t mark_from, mark_to; /* bytes of it that deserve colour; equal: none */
	enum line_style style;
	enum line_ink ink; /* of what is marked */
};

struct lines {
	struct buffer text;
	struct buffer items; /* of struct line */
};

int lines_begin(struct lines *lines, enum line_style style);
/* From here on, or up to here, the current line is marked. */
void lines_mark_from(struct lines *lines);
void lines_mark_to(struct lines *lines);
/* The colour of what is marked in the current line. */
void lines_ink(struct lines *lines, enum line_ink ink);
/* All lines from this one on, but for the spaces before and behind their text. */
void lines_mark_all(struct lines *lines, size_t from, enum line_ink ink);
/* Cuts spaces at the end. */
int lines_end(struct lines *lines);

/* A whole line at once. */
int lines_add(struct lines *lines, enum line_style style, const char *text);

/* Adds as many lines as the text needs. All but the first are indented by `hang`, except on a very narrow screen. */
int lines_add_wrapped(struct lines *lines, const char *text, size_t indent, size_t hang, size_t width);

/* A line of others. */
int lines_copy(struct lines *lines, const struct lines *from, const struct line *line);

size_t lines_count(const struct lines *lines);
const struct line *lines_at(const struct lines *lines, size_t i);
const char *lines_text(const struct lines *lines, const struct line *line);

/* Forgets the lines from this one on. */
void lines_cut(struct lines *lines, size_t count);
void lines_free(struct lines *lines);

#endif
