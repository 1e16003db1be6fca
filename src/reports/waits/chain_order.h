/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Chains with one end stand together: a process, or what one process waits for on another machine. Pure. */
#ifndef SOCKSTALL_REPORTS_WAITS_CHAIN_ORDER_H
#define SOCKSTALL_REPORTS_WAITS_CHAIN_ORDER_H

#include "reports/waits/path.h"

bool chain_same_end(const struct waits *waits, const struct chain_path *a, const struct chain_path *b);

/* The waits in that order, of each end first the one whose path is shown. The caller frees it; NULL: no memory. */
size_t *chain_order(const struct waits *waits, const struct chain_path *paths);

#endif
