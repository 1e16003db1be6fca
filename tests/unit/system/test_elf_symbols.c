/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Names of functions in ELF files, and what is none. */
#include "system/elf_symbols.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A file with one function, which is at 0x1100 of the program and at 0x100 of the file. */
static struct file {
	Elf64_Ehdr head;
	Elf64_Phdr program[2];
	Elf64_Shdr sections[3];
	Elf64_Sym symbols[2];
	char texts[16];
} file;

static struct elf_symbols make(Elf64_Word type)
{
	file = (struct file){
		.head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64},
			 .e_phoff = offsetof(struct file, program),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 2,
			 .e_shoff = offsetof(struct file, sections),
			 .e_shentsize = sizeof(Elf64_Shdr),
			 .e_shnum = 3},
		.program = {{.p_type = PT_NOTE, .p_filesz = 1 << 20},
			    {.p_type = PT_LOAD, .p_offset = 0x80, .p_vaddr = 0x1080, .p_filesz = 0x1000}},
		.sections = {{.sh_type = SHT_NULL},
			     {.sh_type = type,
			      .sh_offset = offsetof(struct file, symbols),
			      .sh_size = sizeof(file.symbols),
			      .sh_entsize = sizeof(Elf64_Sym),
			      .sh_link = 2},
			     {.sh_type = SHT_STRTAB,
			      .sh_offset = offsetof(struct file, texts),
			      .sh_size = sizeof(file.texts)}},
		.symbols = {{.st_name = 0},
			    {.st_name = 1,
			     .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
			     .st_shndx = 1,
			     .st_value = 0x1100,
			     .st_size = 0x20}},
		.texts = "\0handler",
	};
	return (struct elf_symbols){.program = file.program,
				    .program_size = sizeof(file.program),
				    .symbols = file.symbols,
				    .symbols_size = sizeof(file.symbols),
				    .texts = file.texts,
				    .texts_size = sizeof(file.texts)};
}

static void a_function(void **state)
{
	static const Elf64_Word types[] = {SHT_SYMTAB, SHT_DYNSYM};
	struct elf_piece program, symbols, texts;
	size_t i, length;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct elf_symbols elf = make(types[i]);

		assert_true(elf_find_program(&file.head, sizeof(file.head), &program));
		assert_int_equal(program.offset, offsetof(struct file, program));
		assert_true(elf_find_symbols(file.sections, sizeof(file.sections), &symbols, &texts));
		assert_int_equal(symbols.offset, offsetof(struct file, symbols));
		assert_int_equal(texts.size, sizeof(file.texts));
		assert_string_equal(elf_symbol_at(&elf, 0x100, &length), "handler");
		assert_int_equal(length, 7);
		assert_non_null(elf_symbol_at(&elf, 0x11f, &length));
		assert_null(elf_symbol_at(&elf, 0x120, &length));
		assert_null(elf_symbol_at(&elf, 0xff, &length));
		assert_null(elf_symbol_at(&elf, 0x7f, &length));
		assert_null(elf_symbol_at(&elf, ~0ULL, &length));
	}
}

/* No byte behind what there is is read: the sanitizer would say so. */
static void what_is_damaged(void **state)
{
	struct elf_piece program, symbols, texts;
	struct elf_symbols elf = make(SHT_SYMTAB);
	size_t length;

	(void)state;
	file.symbols[1].st_name = 99;
	assert_null(elf_symbol_at(&elf, 0x100, &length));
	file.symbols[1].st_name = 1;
	memset(file.texts + 1, 'x', sizeof(file.texts) - 1);
	assert_non_null(elf_symbol_at(&elf, 0x100, &length));
	assert_int_equal(length, sizeof(file.texts) - 1);
	file.symbols[1].st_value = ~0ULL;
	assert_null(elf_symbol_at(&elf, 0x100, &length));
	file.sections[1].sh_link = 3;
	assert_false(elf_find_symbols(file.sections, sizeof(file.sections), &symbols, &texts));
	file.sections[1].sh_link = 2;
	file.sections[1].sh_size = ELF_SYMBOLS_MOST + 1;
	assert_false(elf_find_symbols(file.sections, sizeof(file.sections), &symbols, &texts));
	file.sections[1].sh_size = sizeof(file.symbols);
	file.sections[2].sh_size = ~0ULL;
	assert_false(elf_find_symbols(file.sections, sizeof(file.sections), &symbols, &texts));
	file.head.e_phnum = 65535;
	assert_false(elf_find_program(&file.head, sizeof(file.head), &program));
	assert_false(elf_find_program(&file.head, 10, &program));
	assert_false(elf_find_symbols(file.sections, 0, &symbols, &texts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function),
		cmocka_unit_test(what_is_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
