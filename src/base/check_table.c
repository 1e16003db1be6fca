/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/check_table.h"

#include "base/out.h"
#include "base/text.h"

#define NAME_WIDTH  30
#define STATE_WIDTH 8
#define BEFORE	    (NAME_WIDTH + 1 + STATE_WIDTH + 1)
#define NARROWEST   (BEFORE + 20) /* with less the terminal breaks the lines as well as could be done here */

struct check_table check_table_begin(FILE *out)
{
	return (struct check_table){.out = out, .width = out_width(out)};
}

void check_table_row(const struct check_table *table, const char *name, const char *state, const char *meaning)
{
	size_t room = table->width < NARROWEST ? WIDTH_UNLIMITED : table->width - BEFORE;

	do {
		size_t next, size = text_wrap(meaning, room, &next);

		fprintf(table->out, "%-*s %-*s %.*s\n", NAME_WIDTH, name, STATE_WIDTH, state, (int)size, meaning);
		meaning += next;
		name = state = "";
	} while (*meaning);
}
