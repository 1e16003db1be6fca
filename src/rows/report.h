/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rows of one look, in order. */
#ifndef SOCKSTALL_ROWS_REPORT_H
#define SOCKSTALL_ROWS_REPORT_H

#include "base/buffer.h"
#include "look/look.h"
#include "rows/row.h"

/* A wait that leads to the end of a chain: of a thread, or on a socket. */
struct report_wait {
	uint64_t cookie, peer_cookie; /* of the socket, and of the one at its other end; 0: not known */
	uint64_t listener; /* the cookie of the one in whose queue it lies, or that drops its SYN; 0: none */
	uint32_t pid, tid; /* tid 0: of an event loop */
	unsigned int host_at; /* of these, and of cookie */
	unsigned int peer_host_at; /* of peer_cookie and listener */
	const char *chain; /* the id of that chain, as its row had it first */
};

/* The rows of one look. Text lives in the arena. */
struct report {
	struct row *rows;
	size_t count, capacity;
	struct report_wait *waits; /* of chains that are stuck */
	size_t wait_count, wait_capacity;
	struct arena arena;
	bool *with_chains; /* by host: chains were looked for there; else those that are open go on */
	size_t chain_hosts;
};

/* A new row of this type, with time set; NULL: no memory. Moves when the next is added. */
struct row *report_add(struct report *report, const struct look *look, enum row_type type);
/* The id of something on a host, where several hosts are shown together. */
const char *report_id(struct report *report, const char *host, const char *id);

/* Returns 0 or -ENOMEM. */
int report_add_wait(struct report *report, const struct report_wait *wait);

/*
 * Whether a row is written where each is written once: what changed, and what has no life; all, if `every`. What was
 * found in an old look has been written.
 */
bool row_is_told(const struct row *row, bool every);

/* Says that chains were looked for on this host. Returns 0 or -ENOMEM. */
int report_note_chains(struct report *report, unsigned int host_at);
bool report_has_chains(const struct report *report, unsigned int host_at);

void report_free(struct report *report);

/*
 * Puts those from `first` on in order, the worst first: by severity, then by age; below that only so that the order is
 * always the same.
 */
void report_sort(struct report *report, size_t first);

/* Worst first: by severity, then by age; else in the order they had in their array. */
void rows_sort(const struct row **rows, size_t count);

#endif
