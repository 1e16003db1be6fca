/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The row of a chain: its links, and the process at its end. */
#ifndef SOCKSTALL_REPORTS_CHAIN_ROW_H
#define SOCKSTALL_REPORTS_CHAIN_ROW_H

#include "rows/report.h"
#include "rules/chain.h"

/* The links with that of a wait behind them; `before` is the wait that led to it, or NULL. See links.h. */
const char *chain_add_wait(struct report *report, const struct look *look, const char *links, const struct wait *wait,
			   const struct wait *before);

/* The same with the process at the end, whose own wait is not known. */
const char *chain_add_end(struct report *report, const struct look *look, const char *links,
			  const struct chain_evidence *evidence, const struct verdict *verdict);

/*
 * Fills in the process at the end, and its own socket. In a deadlock, or if the last wait is for no process here, they
 * are those of the last waiting one.
 */
void chain_fill_end(struct row *row, struct report *report, const struct look *look,
		    const struct chain_evidence *evidence);

#endif
