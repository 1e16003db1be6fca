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

/* The class of what has this severity: how bad it looks. */
const char *html_severity(int64_t severity);

/* Stalls over time, by process. `lives` are sorted, the worst first. */
int html_timeline(struct buffer *page, const struct story *story, const struct life *const *lives);

/* The stalls in tables, and what has no life, by type of record. */
int html_tables(struct buffer *page, const struct story *story, const struct life *const *lives);

/* The whole page. damage: what is wrong with the recording, or NULL. */
int html_page(struct buffer *page, const struct story *story, const char *damage);

#endif
