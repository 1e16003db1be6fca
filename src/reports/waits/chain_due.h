/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* How many wait for the end of chains, and since when. Pure. */
#ifndef SOCKSTALL_REPORTS_WAITS_CHAIN_DUE_H
#define SOCKSTALL_REPORTS_WAITS_CHAIN_DUE_H

#include "reports/waits/path.h"

struct chain_due {
	size_t waiters;
	__u64 oldest_ns; /* 0: not known */
};

/*
 * Of paths that all have one end: those that suffer, and not what only waits for their sake (300 clients of a proxy
 * that has ten connections to a database are 300). Where nobody does, all to which something is due; where nothing is,
 * all.
 */
struct chain_due chain_count(const struct chain_path *paths, const size_t *order, size_t count);

#endif
