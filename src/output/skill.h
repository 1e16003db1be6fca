/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The text of `sockstall --help-agent`: one page for programs that ask. It is src/share/doc/SKILL.md. */
#ifndef SOCKSTALL_OUTPUT_SKILL_H
#define SOCKSTALL_OUTPUT_SKILL_H

#include <stdio.h>

/* Returns 0 or a negative errno (-EPIPE: no reader). */
int skill_write(FILE *out);

#endif
