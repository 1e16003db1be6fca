/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* How `sockstall check` says what it found. Each writes all of it, and returns 0 or a negative errno (-EPIPE: no
 * reader). */
#ifndef SOCKSTALL_OUTPUT_CHECK_H
#define SOCKSTALL_OUTPUT_CHECK_H

#include <stdio.h>

#include "base/check_list.h"

/*
 * One sentence. Below it what is missing, what is lost without it, and what helps; with `all` the whole table. Lines
 * are broken at `width` (WIDTH_UNLIMITED: never).
 */
int check_write_text(FILE *out, const struct check_list *list, size_t width, bool all);

/* One record for each item. */
int check_write_json(FILE *out, const struct check_list *list, uint64_t realtime_ns);

#endif
