/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The parts of documents and completions that are made from the tables of the program. A template in src/share has
 * lines like
 * "@options@" or "@verdicts reader@"; the build's own program `documents` puts the part in their place. Each function
 * writes one part to stdout; `what` is what stands behind its name, or NULL. Returns 0, or -EINVAL where there is no
 * such thing.
 */
#ifndef SOCKSTALL_SHARE_MAKE_DOCUMENTS_H
#define SOCKSTALL_SHARE_MAKE_DOCUMENTS_H

#include "options/specs.h"

/* The man page: commands, options under their groups. */
int part_commands(const char *what);
int part_options(const char *what);

/* sockstall-verdicts(7), and a table for README.md: the verdicts of one type of record. */
int part_verdicts(const char *what);
int part_verdict_rows(const char *what);

/* sockstall-records(5): the keys of one type of record; of "all" those of every record, of "stalls" those of every
 * stall. */
int part_record(const char *what);
int part_links(const char *what);

/* Completions: words, and what stands behind an option. */
int part_bash_commands(const char *what);
int part_bash_options(const char *what);
int part_bash_values(const char *what);
int part_bash_verdicts(const char *what);
int part_zsh_commands(const char *what);
int part_zsh_options(const char *what);
int part_zsh_verdicts(const char *what);
int part_fish_commands(const char *what);
int part_fish_options(const char *what);
int part_fish_verdicts(const char *what);

/* Writes text with a backslash before each of `special`. */
void put_escaped(const char *text, const char *special);

#endif
