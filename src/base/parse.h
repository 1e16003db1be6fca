/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Numbers, durations and the text files of /proc. */
#ifndef SOCKSTALL_BASE_PARSE_H
#define SOCKSTALL_BASE_PARSE_H

#include <stdint.h>

#include <linux/types.h>

/* A decimal number from low to high, and nothing else. Returns 0 or -EINVAL. */
int number_parse(const char *text, uint64_t low, uint64_t high, uint64_t *number);

/* "250ms", "2s", "5m", "1h", "1.5" (seconds). Returns 0 or -EINVAL (also for overflow). */
int duration_parse(const char *text, uint64_t *ns);

/* The same, from low to high. */
int duration_parse_within(const char *text, uint64_t low, uint64_t high, uint64_t *ns);

/* ---- Piece by piece. Each function takes NULL for "did not fit" and hands it on. ---- */

/* A number of at least one digit, in small letters where base is 16. Returns what follows it, or NULL. */
const char *take_number(const char *at, const char *end, unsigned int base, __u64 *number);

/* Exactly this text. */
const char *take_text(const char *at, const char *end, const char *text);

/* Any number of spaces. */
const char *take_spaces(const char *at, const char *end);

#endif
