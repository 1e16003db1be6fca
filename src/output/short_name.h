/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Names of processes as metrics and traces show them. */
#ifndef SOCKSTALL_OUTPUT_SHORT_NAME_H
#define SOCKSTALL_OUTPUT_SHORT_NAME_H

#include <stddef.h>

#define SHORT_NAME_SIZE 64 /* with its NUL; 15 bytes, each escaped, are 60 */

/* The text as text_clean() has it, cut to fit into `room` bytes with its NUL, between characters. NULL is empty. */
void short_text(char *to, size_t room, const char *raw);

/*
 * The name as text_clean() has it, cut where it is too long. Names that look alike are one: a series may not stand
 * twice.
 */
void short_name(char comm[SHORT_NAME_SIZE], const char *raw);

#endif
