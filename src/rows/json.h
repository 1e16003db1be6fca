/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Rows as JSON. Each function appends, and returns 0 or -ENOMEM. */
#ifndef SOCKSTALL_ROWS_JSON_H
#define SOCKSTALL_ROWS_JSON_H

#include "base/buffer.h"
#include "rows/column.h"

/* Where rows are written, one after the other: the memory is used again. Zeroed to begin with. */
struct json {
	struct buffer line; /* the last row, with its newline */
	struct buffer text;
};

int json_row(struct json *json, const struct row *row);
void json_free(struct json *json);

/* ---- For those who write objects of other shapes than records ---- */

/* Quoted; bytes that are no UTF-8 become U+FFFD. */
int json_add_text(struct buffer *out, const char *raw);

/* The known fields of the row as one object. */
int json_add_known(struct buffer *out, const struct row *row);

#endif
