/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the row of a chain holds: its links, and who stands at its end. */
#ifndef SOCKSTALL_CHAIN_ROW_H
#define SOCKSTALL_CHAIN_ROW_H

#include "rows/report.h"
#include "rules/chain.h"

/* The links with that of a wait behind them; `before` is the wait that led to it, or NULL. See links.h. */
const char *chain_add_wait(struct report *report, const struct look *look, const char *links, const struct wait *wait,
			   const struct wait *before);

/* The same with who waits for nobody that is known. */
const char *chain_add_end(struct report *report, const struct look *look, const char *links,
			  const struct chain_evidence *evidence, const struct verdict *verdict);

/*
 * Who and where: all of the one at the end, and of its own socket. Of a deadlock, and where nobody here is waited for,
 * they are of the last that waits.
 */
void chain_fill_end(struct row *row, struct report *report, const struct look *look, const struct chain_evidence *evidence);

#endif
