/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Writing to a stream so that failure is seen: 0 or a negative errno (-EPIPE: the reader is gone). stdout may be what
 * nobody reads: -ECANCELED where that had no end and a signal asks for one (patience.h).
 */
#ifndef SOCKSTALL_BASE_OUT_H
#define SOCKSTALL_BASE_OUT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buffer.h"

int out_write(FILE *out, const struct buffer *bytes);
int out_flush(FILE *out);

/* Why nothing more is written to stdout; 0: nothing is wrong with it. */
int out_error(void);
#define OUT_FAILED "cannot write to stdout: "

/* Something is missing in stdout because nobody read it. */
bool out_gave_up(void);

/*
 * Columns: the terminal's, or what COLUMNS says where a person set it; a pipe has no end to the right: WIDTH_UNLIMITED.
 */
#define WIDTH_UNLIMITED ((size_t)-1)
size_t out_width(FILE *out);

/* A terminal, and neither --no-color nor NO_COLOR. */
bool out_has_color(bool no_color, FILE *out);

#endif
