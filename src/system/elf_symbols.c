/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/elf_symbols.h"

#include <elf.h>
#include <string.h>

/* Longer names are no help. */
#define NAME_MOST 256

bool elf_find_program(const void *head, size_t size, struct elf_piece *program)
{
	Elf64_Ehdr elf;

	if (size < sizeof(elf))
		return false;
	memcpy(&elf, head, sizeof(elf));
	*program = (struct elf_piece){elf.e_phoff, elf.e_phnum * sizeof(Elf64_Phdr)};
	return elf.e_phentsize == sizeof(Elf64_Phdr) && elf.e_phnum && program->size <= ELF_PROGRAM_MOST;
}

static Elf64_Shdr section_at(const void *table, size_t i)
{
	Elf64_Shdr section;

	memcpy(&section, (const char *)table + i * sizeof(section), sizeof(section));
	return section;
}

static bool take_symbols(const void *table, size_t count, Elf64_Shdr section, struct elf_piece *symbols,
			 struct elf_piece *texts)
{
	Elf64_Shdr names;

	if (section.sh_entsize != sizeof(Elf64_Sym) || section.sh_link >= count)
		return false;
	names = section_at(table, section.sh_link);
	*symbols = (struct elf_piece){section.sh_offset, section.sh_size};
	*texts = (struct elf_piece){names.sh_offset, names.sh_size};
	return section.sh_size && section.sh_size <= ELF_SYMBOLS_MOST && names.sh_type == SHT_STRTAB && names.sh_size &&
	       names.sh_size <= ELF_TEXTS_MOST;
}

bool elf_find_symbols(const void *table, size_t size, struct elf_piece *symbols, struct elf_piece *texts)
{
	static const Elf64_Word types[] = {SHT_SYMTAB, SHT_DYNSYM};
	size_t count = size / sizeof(Elf64_Shdr), type, i;

	for (type = 0; type < sizeof(types) / sizeof(types[0]); type++)
		for (i = 0; i < count; i++)
			if (section_at(table, i).sh_type == types[type])
				return take_symbols(table, count, section_at(table, i), symbols, texts);
	return false;
}

/* From an offset of the file to an address of the program. */
static bool find_address(const struct elf_symbols *elf, __u64 offset, __u64 *address)
{
	Elf64_Phdr part;
	size_t i;

	for (i = 0; i < elf->program_size / sizeof(part); i++) {
		memcpy(&part, (const char *)elf->program + i * sizeof(part), sizeof(part));
		if (part.p_type != PT_LOAD || offset < part.p_offset || offset - part.p_offset >= part.p_filesz)
			continue;
		*address = offset - part.p_offset + part.p_vaddr;
		return true;
	}
	return false;
}

static const char *name_of(const struct elf_symbols *elf, const Elf64_Sym *symbol, size_t *length)
{
	size_t room = symbol->st_name < elf->texts_size ? elf->texts_size - symbol->st_name : 0;

	*length = room ? strnlen(elf->texts + symbol->st_name, room < NAME_MOST ? room : NAME_MOST) : 0;
	return *length ? elf->texts + symbol->st_name : NULL;
}

const char *elf_symbol_at(const struct elf_symbols *elf, __u64 offset, size_t *length)
{
	Elf64_Sym symbol;
	const char *name;
	__u64 address;
	size_t i;

	if (!find_address(elf, offset, &address))
		return NULL;
	for (i = 0; i < elf->symbols_size / sizeof(symbol); i++) {
		memcpy(&symbol, (const char *)elf->symbols + i * sizeof(symbol), sizeof(symbol));
		if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || !symbol.st_shndx || address < symbol.st_value ||
		    address - symbol.st_value >= symbol.st_size)
			continue;
		name = name_of(elf, &symbol, length);
		if (name)
			return name;
	}
	return NULL;
}
