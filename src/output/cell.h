/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* One field of a row as a person reads it. All functions return 0 or -ENOMEM. */
#ifndef SOCKSTALL_OUTPUT_CELL_H
#define SOCKSTALL_OUTPUT_CELL_H

#include "base/lines.h"
#include "rows/column.h"

/* Appends the cell, with what the column joins: printable, never empty; "-" where it is not known. */
int cell_add(struct buffer *out, const struct column *column, const struct row *row);

/* "db:", where rows of several hosts are shown; else nothing. */
int cell_add_host(struct buffer *out, const struct row *row);

/* The colour of its verdict. */
enum line_ink cell_ink(const struct row *row);

/* False where the cell is "-". */
bool cell_known(const struct column *column, const struct row *row);

/* The same by key; "-" also where this type of record has no such key. */
int cell_add_key(struct buffer *out, const char *key, const struct row *row);

#endif
