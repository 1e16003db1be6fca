/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * An advice apart from its commands, each of which stands alone on its line, to be copied. A command with which a part
 * of the sentence ends is taken out of it; one in the middle stays there too, and follows. Functions return 0 or
 * -ENOMEM.
 */
#ifndef SOCKSTALL_OUTPUT_ADVICE_H
#define SOCKSTALL_OUTPUT_ADVICE_H

#include <stdbool.h>

#include "base/lines.h"
#include "rows/row.h"

/* Takes a part: raw text, not terminated, or the whole of a command. */
typedef int advice_part(void *data, const char *text, size_t length, bool is_command);

/* Both parts may be NULL; `commands` are one a line, as rows have them. Stops at the first error. */
int advice_parts(const char *advice, const char *commands, advice_part *part, void *data);

/* As lines, of which those with commands are marked. Of a row without an advice: none. */
int advice_add(struct lines *lines, const struct row *row, size_t indent, size_t width);

/* A command by itself, marked. */
int advice_add_command(struct lines *lines, const char *command, size_t length, size_t indent, size_t width);

#endif
