/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Shared by look.c and check.c. */
#ifndef SOCKSTALL_LOOK_INTERNAL_H
#define SOCKSTALL_LOOK_INTERNAL_H

#include "look/look.h"

/* Checks all records, and counts them by type: those that stand for themselves. -EBADMSG: they are damaged. */
int look_count_records(const struct look *look, size_t counts[RECORD_TYPES]);

/* Sorts its arrays, once all records are in them. */
void look_sort(struct look *look);

#endif
