/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which filters a chain of waits fits, by any of its links: see filter.h. Pure. */
#ifndef SOCKSTALL_REPORTS_CHAIN_FILTER_H
#define SOCKSTALL_REPORTS_CHAIN_FILTER_H

#include "options/options.h"
#include "reports/waits/waits.h"

/* The waiter, its socket, and each process that holds what it waits for. */
unsigned int chain_fits_wait(const struct scope *scope, const struct waits *waits, const struct wait *wait);

/* Any of the `depth` waits from this one on. */
unsigned int chain_fits(const struct scope *scope, const struct waits *waits, size_t from, size_t depth);

#endif
