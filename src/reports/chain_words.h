/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A chain of waits in words. Pure. */
#ifndef SOCKSTALL_REPORTS_CHAIN_WORDS_H
#define SOCKSTALL_REPORTS_CHAIN_WORDS_H

#include "reports/waits/waits.h"

/* "c (pid 3)"; where no process here is waited for, its address. */
const char *chain_say_awaited(struct arena *arena, const struct wait *wait);

/* "a (pid 1) waits for b (pid 2), which waits for c (pid 3)": the `depth` waits from this one on. */
const char *chain_say(struct arena *arena, const struct waits *waits, size_t from, size_t depth);

#endif
