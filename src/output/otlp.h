/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Rows as logs of OpenTelemetry: one object `resourceLogs` (LogsData of opentelemetry/proto/logs/v1/logs.proto), in
 * protobuf's JSON mapping.
 */
#ifndef SOCKSTALL_OUTPUT_OTLP_H
#define SOCKSTALL_OUTPUT_OTLP_H

#include "base/buffer.h"
#include "rows/row.h"

/* Appends the row and a newline. host: of the machine that it is about; NULL: not known. Returns 0 or -ENOMEM. */
int otlp_add_row(struct buffer *out, const struct row *row, const char *host);

#endif
