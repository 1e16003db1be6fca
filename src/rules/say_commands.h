/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The commands that an advice has in its sentence, each by itself, to be copied. */
#ifndef SOCKSTALL_RULES_SAY_COMMANDS_H
#define SOCKSTALL_RULES_SAY_COMMANDS_H

#include "base/buffer.h"

/*
 * One a line, each once, in the arena; NULL: there is none. A sentence holds names of processes, which are text that
 * others chose: only what stands in the table of known commands is taken for one, and each begins with more than such a
 * name holds.
 */
const char *say_commands(struct arena *arena, const char *advice);

/* The same with those of say_names(), which are separated by commas; each may be NULL. */
const char *say_commands_and(struct arena *arena, const char *commands, const char *others);

/* How many bytes the shortest beginning has: for tests. */
size_t say_commands_shortest(void);

#endif
