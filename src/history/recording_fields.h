/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The START and END chunks of a recording. Each function both writes and reads (see pack.h). They grow at their ends,
 * where pack_more() tells whether a recording has what was added: older ones stay readable. Any other change of them
 * changes the format: RECORDING_VERSION must grow with it.
 */
#ifndef SOCKSTALL_HISTORY_RECORDING_FIELDS_H
#define SOCKSTALL_HISTORY_RECORDING_FIELDS_H

#include "history/pack.h"
#include "options/options.h"
#include "rows/row.h"

/* A ROW_START or ROW_END; reading makes everything else in it unknown. */
void fields_start(struct pack *pack, struct row *row);
void fields_end(struct pack *pack, struct row *row);

/* Members of the start record that came with 0.2.0: behind the options, where the chunk grows. */
void fields_start_added(struct pack *pack, struct row *row);

/*
 * The options that decide what a report says. Left out, and unset after reading: the files, --ready-fd,
 * --help and --version.
 */
void fields_options(struct pack *pack, struct options *options);

#endif
