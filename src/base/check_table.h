/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The table of `sockstall check`: a name, a state, and what that means, broken between words where there is less room. */
#ifndef SOCKSTALL_CHECK_TABLE_H
#define SOCKSTALL_CHECK_TABLE_H

#include <stdio.h>

struct check_table {
	FILE *out;
	size_t width; /* WIDTH_UNLIMITED: every row is one line */
};

struct check_table check_table_begin(FILE *out);
void check_table_row(const struct check_table *table, const char *name, const char *state, const char *meaning);

#endif
