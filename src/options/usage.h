/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What is said of a command line that cannot be taken: one line on stderr. All return what options_parse() does. */
#ifndef SOCKSTALL_OPTIONS_USAGE_H
#define SOCKSTALL_OPTIONS_USAGE_H

#include <stddef.h>

/* One line, whatever bytes the arguments are made of. */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* With the nearest word that is known, if one is near enough to be meant. */
int unknown_command(const char *word);
int unknown_verdict(const char *word, size_t count); /* of verdict_meaning_at() */
int unknown_option(const char *argument); /* it may be longer than the option's name: --pdi=1 */

#endif
