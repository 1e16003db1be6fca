/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The text of `sockstall explain`, from the tables of src/rules. */
#ifndef SOCKSTALL_OUTPUT_EXPLAIN_H
#define SOCKSTALL_OUTPUT_EXPLAIN_H

#include <stdio.h>

/*
 * `word` is one that verdict_meaning_is() knows: a verdict, which is explained for each report that has it, a report
 * ("reader"), whose verdicts are all explained, or both ("reader.peer_dead"); NULL lists all verdicts with a line each.
 * Lines are broken at `width`. Returns 0 or a negative errno (-EPIPE: no reader).
 */
int explain_write(FILE *out, const char *word, size_t width);

#endif
