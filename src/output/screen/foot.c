/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The last line: some keys. Where there is no room for all, the ones that a stranger needs least are left out. */
#include "base/text.h"
#include "output/screen/internal.h"

#define GAP 3

static const struct hint *least_needed(const struct hint *hints, size_t count, unsigned int below)
{
	const struct hint *least = NULL;

	for (size_t i = 0; i < count; i++)
		if (hints[i].rank < below && (!least || hints[i].rank > least->rank))
			least = &hints[i];
	return least;
}

static size_t width_of(const struct hint *hints, size_t count, unsigned int below)
{
	size_t width = 0;

	for (size_t i = 0; i < count; i++)
		if (hints[i].rank < below)
			width += (width ? GAP : 0) + text_width(hints[i].text);
	return width;
}

int screen_add_foot(struct lines *lines, const char *where, const struct hint *hints, size_t count, size_t width)
{
	size_t used = text_width(where);
	unsigned int below = HINT_NEVER;
	const struct hint *least;
	int error = lines_begin(lines, LINE_FOOT) ?: text_fit(&lines->text, where, width, CUT_END);
	bool first = true;

	while (used + width_of(hints, count, below) > width && (least = least_needed(hints, count, below)))
		below = least->rank;
	for (size_t i = 0; i < count && !error; i++) {
		if (hints[i].rank >= below)
			continue;
		error = text_spaces(&lines->text, first ? 0 : GAP) ?: text_add(&lines->text, hints[i].text);
		first = false;
	}
	return error ?: lines_end(lines);
}
