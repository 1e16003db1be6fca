/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The pieces of the page of `replay --html`. Each appends to the page and returns 0 or -ENOMEM. All text
 * goes through html_text() or html_cell(): nothing that another process chose can be anything but text.
 */
#ifndef SOCKSTALL_OUTPUT_HTML_HTML_H
#define SOCKSTALL_OUTPUT_HTML_HTML_H

#include "history/story.h"
#include "rows/column.h"

/* Printable as on a terminal, and escaped, for the inside of elements and of quoted attributes. */
int html_text(struct buffer *page, const char *raw);

/* Text that is printable already, escaped in the same way. */
int html_escape(struct buffer *page, const char *text, size_t size);

/* One field of a row, with what it joins. */
int html_cell(struct buffer *page, const struct column *column, const struct row *row);

/* "4m05s" */
int html_duration(struct buffer *page, uint64_t from_ns, uint64_t to_ns);

/* A row's advice, with its commands each in <code>; nothing where it has none. */
int html_advice(struct buffer *page, const struct row *row);

/* Its verdict in its colour, with what that means as a hint. */
int html_verdict(struct buffer *page, const struct row *row);

/* The class of what has this severity: how bad it looks. */
const char *html_severity(int64_t severity);

/* Stalls that are alike, and that are all over or all not; or one. */
struct group {
	const struct life **lives; /* the worst first */
	size_t count;
	struct row row; /* what is shown of them */
};

struct groups {
	struct group *items;
	size_t count;
	const struct life **lives;
	size_t life_count;
	struct arena texts;
};

/* Groups of `lives`, which are sorted, the worst first. apart: each is one by itself. html_groups_free() either way. */
int html_groups(struct groups *groups, const struct life *const *lives, size_t count, bool apart);
void html_groups_free(struct groups *groups);

/* Causes, and what hangs on them; nothing where there are none. */
int html_causes(struct buffer *page, const struct story *story, const struct groups *groups);

/* Stalls over time, by process. */
int html_timeline(struct buffer *page, const struct story *story, const struct groups *groups);

/* The stalls in tables, and what has no life, by type of record. */
int html_tables(struct buffer *page, const struct story *story, const struct groups *groups);

/* What the verdicts of the groups mean; nothing where there are none. */
int html_meanings(struct buffer *page, const struct groups *groups);

/* The whole page. damage: what is wrong with the recording, or NULL. apart: nothing is folded. */
int html_page(struct buffer *page, const struct story *story, const char *damage, bool apart);

#endif
