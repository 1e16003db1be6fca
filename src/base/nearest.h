/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The known word that somebody most likely meant when typing another. */
#ifndef SOCKSTALL_BASE_NEAREST_H
#define SOCKSTALL_BASE_NEAREST_H

#include <stddef.h>

/*
 * How many letters must be inserted, left out, replaced or swapped with their neighbour to make one word of the other
 * (optimal string alignment distance). Case does not count. Words of more than NEAREST_LENGTH bytes: their length.
 */
size_t nearest_distance(const char *a, const char *b);

#define NEAREST_LENGTH 40

/*
 * The nearest to `typed` among `count` words: name() gives the word with this index, or NULL to leave it out. A word
 * that begins with `typed` (three letters or more) is nearer than any with a mistake. NULL: none is near enough to be
 * meant.
 */
const char *nearest_word(const char *typed, size_t count, const char *(*name)(size_t index));

#endif
