/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Reading the text files of /proc piece by piece. Each function takes NULL for "did not fit" and hands it on. */
#ifndef SOCKSTALL_PARSE_NUMBER_H
#define SOCKSTALL_PARSE_NUMBER_H

#include <linux/types.h>

/* A number of at least one digit, in small letters where base is 16. Returns what follows it, or NULL. */
const char *take_number(const char *at, const char *end, unsigned int base, __u64 *number);

/* Exactly this text. */
const char *take_text(const char *at, const char *end, const char *text);

/* Any number of spaces. */
const char *take_spaces(const char *at, const char *end);

#endif
