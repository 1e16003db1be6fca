/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Names of an ELF file's sections, from pieces of a file that may be anything. Pure. */
#ifndef SOCKSTALL_SYSTEM_ELF_SECTIONS_H
#define SOCKSTALL_SYSTEM_ELF_SECTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

/* Limits on the tables of a file. */
#define ELF_TABLE_MOST 32768
#define ELF_NAMES_MOST 65536

/* A piece of the file. */
struct elf_piece {
	__u64 offset;
	size_t size;
};

/* Where the table of sections is, by the file's first bytes; false: it is no 64-bit ELF file, or has too many of them.
 */
bool elf_find_table(const void *head, size_t size, struct elf_piece *table);

/* Where their names are, by that table; head: as above. */
bool elf_find_names(const void *head, const void *table, size_t size, struct elf_piece *names);

/* Whether the file has the sections of a Go program's build information. */
bool elf_is_go(const void *table, size_t size, const char *names, size_t names_size);

#endif
