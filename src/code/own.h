/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which frame of a stack is the program's own code. Pure. */
#ifndef SOCKSTALL_CODE_OWN_H
#define SOCKSTALL_CODE_OWN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * False: the C library, the dynamic linker, what a language's runtime is made of, or what the compiler puts around
 * main. path: of the mapped file. name: of the function; length 0 where it is not known.
 */
bool code_is_own(const char *path, size_t path_length, const char *name, size_t name_length);

/* The first half of that: what the file alone tells. */
bool code_file_is_own(const char *path, size_t path_length);

#endif
