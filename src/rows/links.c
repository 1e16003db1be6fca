/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rows/links.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "rows/row.h"

#define UNKNOWN "\\-"

#define FIELD(key_, kind_, description_)                                \
	{                                                               \
#key_, description_, kind_, offsetof(struct link, key_) \
	}

const struct link_field link_fields[] = {
	FIELD(host, LINK_TEXT, "Host that it was seen on"),
	FIELD(pid, LINK_COUNT, "Process"),
	FIELD(tid, LINK_COUNT, "Thread; null: an event loop, which waits on many"),
	FIELD(comm, LINK_TEXT, "Command name"),
	FIELD(fd, LINK_COUNT,
	      "Descriptor that it waits on; for the last link the one that others wait for, null in an accept queue"),
	FIELD(kind, LINK_TEXT, "What it waits on: tcp, unix, pipe, or child, which is no connection"),
	FIELD(holders, LINK_COUNT, "Processes that hold what the one before it waits for; it is one of them"),
	FIELD(netns, LINK_COUNT, "Network namespace of the socket"),
	FIELD(local_addr, LINK_TEXT, "Address of this end"),
	FIELD(local_port, LINK_COUNT, "Port of this end"),
	FIELD(peer_addr, LINK_TEXT, "Address of the other end"),
	FIELD(peer_port, LINK_COUNT, "Port of the other end"),
	FIELD(in, LINK_TEXT, "What it is in"),
	FIELD(verdict, LINK_TEXT, "What is wrong with its wait"),
	FIELD(age_s, LINK_SECONDS, "For how long"),
};
const size_t link_field_count = COUNT_OF(link_fields);

static int add_escaped(struct buffer *out, const char *text)
{
	int err = 0;

	for (; *text && !err; text++) {
		if (*text == '\t')
			err = text_add(out, "\\t");
		else if (*text == '\n')
			err = text_add(out, "\\n");
		else if (*text == '\\')
			err = text_add(out, "\\\\");
		else
			err = buffer_append(out, text, 1);
	}
	return err;
}

static int add_field(struct buffer *out, const struct link_field *field, const struct link *link)
{
	const void *at = (const char *)link + field->offset;
	const char *text;
	int64_t count;
	double seconds;

	switch (field->kind) {
	case LINK_TEXT:
		memcpy(&text, at, sizeof(text));
		return text ? add_escaped(out, text) : text_add(out, UNKNOWN);
	case LINK_COUNT:
		memcpy(&count, at, sizeof(count));
		return count == NOT_KNOWN ? text_add(out, UNKNOWN) : text_printf(out, "%" PRId64, count);
	case LINK_SECONDS:
		memcpy(&seconds, at, sizeof(seconds));
		return isfinite(seconds) ? text_number(out, seconds) : text_add(out, UNKNOWN);
	}
	return 0;
}

const char *links_add(struct arena *arena, const char *links, const struct link *link)
{
	struct buffer line = {0};
	const char *all = links ? links : "";
	size_t i;
	int err = 0;

	for (i = 0; i < link_field_count && !err; i++)
		err = (i ? text_add(&line, "\t") : 0) ?: add_field(&line, &link_fields[i], link);
	if (!err)
		err = buffer_append(&line, "\n", 2); /* and the NUL */
	if (!err)
		all = arena_printf(arena, "%s%s", all, line.data);
	buffer_free(&line);
	return all;
}

/* One field, up to a tab or the end of the line; NULL for unknown. */
static const char *take_field(const char **at, struct arena *arena)
{
	size_t size = strcspn(*at, "\t\n"), i, length = 0;
	char *text = arena_alloc(arena, size + 1);
	const char *from = *at;

	*at += size + (from[size] ? 1 : 0);
	if (!text || !strncmp(from, UNKNOWN, sizeof(UNKNOWN) - 1))
		return NULL;
	for (i = 0; i < size; i++) {
		if (from[i] == '\\' && i + 1 < size)
			i++, text[length++] = from[i] == 't' ? '\t' : from[i] == 'n' ? '\n' : from[i];
		else
			text[length++] = from[i];
	}
	return text;
}

/* strtod() would want the locale's point. */
static double text_to_number(const char *text)
{
	double number = (double)strtoll(text, NULL, 10), scale = 0.1;
	const char *point = strchr(text, '.');

	for (; point && *++point; scale /= 10)
		number += scale * (*point - '0');
	return number;
}

static void set_field(struct link *link, const struct link_field *field, const char *text)
{
	void *at = (char *)link + field->offset;
	int64_t count = text ? strtoll(text, NULL, 10) : NOT_KNOWN;
	double seconds = text && field->kind == LINK_SECONDS ? text_to_number(text) : NAN;

	switch (field->kind) {
	case LINK_TEXT:
		memcpy(at, &text, sizeof(text));
		break;
	case LINK_COUNT:
		memcpy(at, &count, sizeof(count));
		break;
	case LINK_SECONDS:
		memcpy(at, &seconds, sizeof(seconds));
		break;
	}
}

bool links_next(const char **at, struct arena *arena, struct link *link)
{
	size_t i;

	if (!*at || !**at)
		return false;
	for (i = 0; i < link_field_count; i++)
		set_field(link, &link_fields[i], take_field(at, arena));
	return true;
}
