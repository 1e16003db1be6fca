/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Verdicts. Each kind of report has its rules in one table, in <report>.c: evidence, verdict, how bad, why, advice. The
 * first rule that applies gives the verdict, so a table is sorted from the strongest evidence to the weakest. Rules
 * only read the evidence.
 */
#ifndef SOCKSTALL_RULES_VERDICT_H
#define SOCKSTALL_RULES_VERDICT_H

#include "rules/severity.h"

/* Properties that code may ask a verdict for. Each verdict has exactly one: see verdicts.h. */
enum verdict_property {
	/* Handshakes, listeners, loops, closing connections. */
	IS_NORMAL = 1 << 0,
	IS_FAULT = 1 << 1,
	IS_ATTACK = 1 << 17, /* of strangers: no process of this machine is at fault */
	/* Waits on a connection (readers, writers, chain links): what the other end owes. */
	OWES_NOTHING = 1 << 2, /* or nobody can tell */
	OWES_REPLY = 1 << 3, /* it was asked, and has not begun to answer */
	OWES_REST = 1 << 4, /* its reply has begun, and may be complete */
	OWES_REQUEST = 1 << 5, /* a client that may ask whenever it likes */
	OWES_READ = 1 << 6, /* it must make room in its receive buffer */
	NOT_REACHED = 1 << 7, /* its kernel does not answer, or the path loses segments */
	PEER_IS_DEAD = 1 << 8,
	/* The end of a chain. */
	END_IS_DEADLOCK = 1 << 9,
	END_IS_STUCK = 1 << 10, /* at fault, whether or not anybody is owed a reply */
	END_IS_BLOCKED = 1 << 11,
	END_IS_RUNNING = 1 << 12,
	END_IS_IDLE = 1 << 13, /* in its event loop */
	END_IS_REMOTE = 1 << 14,
	END_IS_UNKNOWN = 1 << 15,
	END_IS_QUEUE = 1 << 18, /* of a listener that accepts nobody, or not fast enough: as bad as END_IS_STUCK */
	OWES_LOCK = 1 << 16, /* a wait on no connection: it must release a lock */
};

/*
 * The waiter was promised something: an answer, room for what it writes, a connection, a lock. All others may never
 * have been.
 */
#define IS_OWED (OWES_REPLY | OWES_READ | OWES_LOCK | NOT_REACHED | PEER_IS_DEAD)

struct verdict {
	const char *name; /* in JSON and on the screen */
	unsigned int is; /* enum verdict_property */
};

#endif
