/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "output/link_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "rows/row.h"

static int add_text(struct buffer *out, const char *text)
{
	return text ? text_add(out, "  ") ?: text_printable(out, text) : 0;
}

static int add_place(struct buffer *out, const char *address, int64_t port)
{
	bool brackets = strchr(address, ':');

	return (brackets ? text_add(out, "[") : 0) ?: text_printable(out, address) ?:
	       text_printf(out, brackets ? "]:%" PRId64 : ":%" PRId64, port);
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
		error = text_add(out, " -> ") ?: add_place(out, link->peer_addr, link->peer_port);
	return error;
}

int link_text(struct buffer *out, const struct link *link, bool with_host)
{
	int error = (with_host && link->host ? text_printable(out, link->host) ?: text_add(out, ":") : 0) ?:
		    add_who(out, link) ?: add_text(out, link->verdict) ?: add_text(out, link->in);

	if (!error && !isnan(link->age_s))
		error = text_add(out, "  ") ?: text_duration(out, link->age_s);
	return error ?: add_where(out, link);
}
