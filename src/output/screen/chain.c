/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The links of a chain in the evidence: one a line, each waits for the next. */
#include "output/link_text.h"
#include "output/screen/internal.h"

#define INDENT 2

static int add_link(struct lines *lines, const struct link *link, bool with_host, size_t width)
{
	struct buffer text = {0};
	int error = link_text(&text, link, with_host) ?: buffer_append(&text, "", 1) ?:
		    lines_add_wrapped(lines, text.data, INDENT, 2 * INDENT, width);

	buffer_free(&text);
	return error;
}

int screen_add_links(struct lines *lines, const struct row *row, size_t width)
{
	const char *links = row->chain.links;
	struct arena arena = {0};
	struct link link;
	int error = 0;

	while (!error && links_next(&links, &arena, &link))
		error = add_link(lines, &link, row->with_others, width);
	arena_free(&arena);
	return error;
}
