/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The table of a code object that leads from its instructions to lines: CPython 3.11 and newer (Objects/locations.md).
 * Pure.
 */
#ifndef SOCKSTALL_CODE_PYTHON_LINES_H
#define SOCKSTALL_CODE_PYTHON_LINES_H

#include <stddef.h>

#include <linux/types.h>

/* The line of the instruction that begins `offset` bytes behind the first; 0: the table has none for it. */
__u32 python_line(const void *table, size_t size, __u32 first_line, __u64 offset);

#endif
