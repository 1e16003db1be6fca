/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Counts in words. Each appends to a line and returns 0 or -ENOMEM. */
#ifndef SOCKSTALL_OUTPUT_SUMMARY_H
#define SOCKSTALL_OUTPUT_SUMMARY_H

#include "base/buffer.h"
#include "options/options.h"
#include "rows/row.h"

/* "1 reader", "12 handshakes" */
int summary_count(struct buffer *out, enum row_type type, size_t count);

/* "3 stuck: 1 handshake, 2 readers; 1 chain", from the counts by type; not for none at all */
int summary_stuck(struct buffer *out, const size_t counts[ROW_TYPES]);

/* For a report without rows: "no reader is stuck (looked at 3 network namespaces)" */
int summary_nothing(struct buffer *out, enum command command, unsigned int namespaces);

/* ": x (pid 12): it could not be looked at …": of a lost record that has a reason. */
int summary_lost_process(struct buffer *out, const struct row *lost);

/* "lost: 12 events", and that. */
int summary_lost(struct buffer *out, const struct row *lost);

#endif
