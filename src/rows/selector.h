/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The target of `sockstall end`: the id of a stall, or a selector made of words KEY=VALUE:
 *
 *	pid=PID fd=FD | local=ADDR:PORT peer=ADDR:PORT | cookie=N, and netns=INODE beside each
 *
 * All words must match. It is strict, because a typing error could end the wrong connection. Pure.
 */
#ifndef SOCKSTALL_ROWS_SELECTOR_H
#define SOCKSTALL_ROWS_SELECTOR_H

#include "base/buffer.h"
#include "rows/row.h"

#define SELECTOR_WORDS 6 /* no selector has more */

/* "reader-1234-…": a word that a stall's id could be. */
bool selector_is_id(const char *word);

/*
 * Whether this row is the one with this id. An id that may return (row.h: recurs) was given an ending when it was
 * shown, the moment of that: it fits only a stall that is no younger.
 */
bool selector_fits(const char *id, const struct row *row);

/*
 * Makes of the words a row that act_plan() takes. Text lives in the arena. Returns NULL; or what is wrong, a sentence
 * in the arena or constant.
 */
const char *selector_parse(struct row *row, struct arena *arena, const char *const *words, size_t count);

#endif
