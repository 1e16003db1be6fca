/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The links of a chain in the evidence: one a line, each waits for the next. */
#include <inttypes.h>
#include <math.h>

#include "links.h"
#include "screen_internal.h"
#include "text.h"

#define INDENT 2

static int add_text(struct buffer *out, const char *text)
{
	return text ? text_add(out, "  ") ?: text_printable(out, text) : 0;
}

static int add_place(struct buffer *out, const char *address, int64_t port)
{
	if (!address)
		return 0;
	return text_printable(out, address) ?: text_printf(out, " port %" PRId64, port);
}

static int add_who(struct buffer *out, const struct link *link)
{
	int error = text_printable(out, link->comm ? link->comm : "?");

	if (!error && link->pid != NOT_KNOWN)
		error = text_printf(out, "/%" PRId64, link->pid);
	if (!error && link->tid != NOT_KNOWN && link->tid != link->pid)
		error = text_printf(out, "/%" PRId64, link->tid);
	if (!error && link->holders != NOT_KNOWN && link->holders > 1)
		error = text_printf(out, " (one of %" PRId64 ")", link->holders);
	return error;
}

static int add_where(struct buffer *out, const struct link *link)
{
	int error = 0;

	if (link->fd != NOT_KNOWN)
		error = text_printf(out, "  fd %" PRId64, link->fd);
	if (!error)
		error = add_text(out, link->kind);
	if (error || !link->local_addr)
		return error;
	error = text_add(out, "  ") ?: add_place(out, link->local_addr, link->local_port);
	if (!error && link->peer_addr)
		error = text_add(out, ", peer ") ?: add_place(out, link->peer_addr, link->peer_port);
	return error;
}

static int add_link(struct lines *lines, const struct link *link, size_t width)
{
	struct buffer text = {0};
	int error = add_who(&text, link) ?: add_text(&text, link->verdict) ?: add_text(&text, link->in);

	if (!error && !isnan(link->age_s))
		error = text_add(&text, "  ") ?: text_duration(&text, link->age_s);
	if (!error)
		error = add_where(&text, link) ?: buffer_append(&text, "", 1) ?:
			screen_add_wrapped(lines, text.data, INDENT, width);
	buffer_free(&text);
	return error;
}

int screen_add_links(struct lines *lines, const char *links, size_t width)
{
	struct arena arena = {0};
	struct link link;
	int error = 0;

	while (!error && links_next(&links, &arena, &link))
		error = add_link(lines, &link, width);
	arena_free(&arena);
	return error;
}
