/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/nearest.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define PREFIX_LEAST 3

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int differ(char a, char b)
{
	return tolower((unsigned char)a) != tolower((unsigned char)b);
}

/* One cell of the table: the distance between the first i letters of a and the first j of b. */
static size_t cell(size_t (*rows)[NEAREST_LENGTH + 1], const char *a, const char *b, size_t i, size_t j)
{
	size_t best = rows[i - 1][j - 1] + (size_t)differ(a[i - 1], b[j - 1]);

	best = least(best, least(rows[i - 1][j], rows[i][j - 1]) + 1);
	if (i > 1 && j > 1 && !differ(a[i - 1], b[j - 2]) && !differ(a[i - 2], b[j - 1]))
		best = least(best, rows[i - 2][j - 2] + 1);
	return best;
}

size_t nearest_distance(const char *a, const char *b)
{
	size_t rows[NEAREST_LENGTH + 1][NEAREST_LENGTH + 1], a_length = strlen(a), b_length = strlen(b);

	if (a_length > NEAREST_LENGTH || b_length > NEAREST_LENGTH)
		return a_length > b_length ? a_length : b_length;
	for (size_t i = 0; i <= a_length; i++) {
		for (size_t j = 0; j <= b_length; j++)
			rows[i][j] = i && j ? cell(rows, a, b, i, j) : i + j;
	}
	return rows[a_length][b_length];
}

/* A third of the letters may be wrong, and two at most: more is another word. */
static size_t most_wrong(const char *typed)
{
	return least(strlen(typed) / 3, 2);
}

static size_t distance_of(const char *typed, const char *word)
{
	size_t length = strlen(typed);

	if (length >= PREFIX_LEAST && !strncasecmp(typed, word, length))
		return 0;
	return nearest_distance(typed, word);
}

const char *nearest_word(const char *typed, size_t count, const char *(*name)(size_t index))
{
	size_t best = most_wrong(typed) + 1;
	const char *nearest = NULL;

	for (size_t i = 0; i < count; i++) {
		const char *word = name(i);
		size_t distance = word ? distance_of(typed, word) : best;

		if (distance >= best)
			continue;
		best = distance;
		nearest = word;
	}
	return nearest;
}
