/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The links of a chain as one text, so that a row carries and copies them like any other: fields behind tabs, a link
 * a line, and what is special in them escaped. Only the emitters take it apart again.
 */
#ifndef SOCKSTALL_ROWS_LINKS_H
#define SOCKSTALL_ROWS_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/* Unknown is NULL, NOT_KNOWN or NAN, as in a row. */
struct link {
	const char *host; /* raw */
	int64_t pid, tid;
	const char *comm; /* raw */
	int64_t fd;
	const char *kind;
	int64_t holders, netns;
	const char *local_addr;
	int64_t local_port;
	const char *peer_addr;
	int64_t peer_port;
	const char *in; /* the syscall, and what it is in */
	const char *verdict;
	double age_s;
};

enum link_field_kind {
	LINK_TEXT,
	LINK_COUNT,
	LINK_SECONDS,
};

/* The fields of a link, in order. */
struct link_field {
	const char *key, *description;
	enum link_field_kind kind;
	size_t offset; /* in struct link */
};

extern const struct link_field link_fields[];
extern const size_t link_field_count;

/* The links with one more behind them; NULL for none yet. Never NULL. */
const char *links_add(struct arena *arena, const char *links, const struct link *link);

/* Takes the next link; its texts live in the arena. False at the end. *at begins at the links. */
bool links_next(const char **at, struct arena *arena, struct link *link);

#endif
