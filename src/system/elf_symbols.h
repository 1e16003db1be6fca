/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Names of functions in an ELF file, from pieces of it that may be anything. An offset into the file is what a stack tells of
 * (module+offset); a symbol has an address, and the program headers say which is which. Pure.
 */
#ifndef SOCKSTALL_SYSTEM_ELF_SYMBOLS_H
#define SOCKSTALL_SYSTEM_ELF_SYMBOLS_H

#include "system/elf_sections.h"

/* Limits on what is read of a file. */
#define ELF_PROGRAM_MOST 8192
#define ELF_SYMBOLS_MOST (4u << 20)
#define ELF_TEXTS_MOST	 (4u << 20)

/* Where the program headers are, by the file's first bytes; false: there are none, or too many. */
bool elf_find_program(const void *head, size_t size, struct elf_piece *program);

/* Where the symbols and their names are, by the table of sections: .symtab, else .dynsym. False: there are none, or too many. */
bool elf_find_symbols(const void *table, size_t size, struct elf_piece *symbols, struct elf_piece *texts);

struct elf_symbols {
	const void *program, *symbols;
	const char *texts;
	size_t program_size, symbols_size, texts_size;
};

/* The function that this offset of the file is in, by its size; *length of its name, which has no NUL behind it. NULL: none. */
const char *elf_symbol_at(const struct elf_symbols *elf, __u64 offset, size_t *length);

#endif
