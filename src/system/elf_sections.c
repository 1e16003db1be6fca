/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/elf_sections.h"

#include <elf.h>
#include <stdint.h>
#include <string.h>

bool elf_find_table(const void *head, size_t size, struct elf_piece *table)
{
	Elf64_Ehdr elf;

	if (size < sizeof(elf))
		return false;
	memcpy(&elf, head, sizeof(elf));
	if (memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 || elf.e_ident[EI_CLASS] != ELFCLASS64)
		return false;
	*table = (struct elf_piece){elf.e_shoff, elf.e_shnum * sizeof(Elf64_Shdr)};
	return elf.e_shentsize == sizeof(Elf64_Shdr) && elf.e_shnum && table->size <= ELF_TABLE_MOST;
}

bool elf_find_names(const void *head, const void *table, size_t size, struct elf_piece *names)
{
	Elf64_Shdr section;
	Elf64_Ehdr elf;

	memcpy(&elf, head, sizeof(elf));
	if (elf.e_shstrndx >= size / sizeof(section))
		return false;
	memcpy(&section, (const char *)table + elf.e_shstrndx * sizeof(section), sizeof(section));
	*names = (struct elf_piece){section.sh_offset,
				    section.sh_size < ELF_NAMES_MOST ? section.sh_size : ELF_NAMES_MOST};
	return names->size;
}

static bool has_name(const char *names, size_t size, size_t at, const char *name)
{
	size_t length = strlen(name) + 1;

	return at < size && size - at >= length && !memcmp(names + at, name, length);
}

bool elf_is_go(const void *table, size_t size, const char *names, size_t names_size)
{
	Elf64_Shdr section;
	size_t i;

	for (i = 0; i < size / sizeof(section); i++) {
		memcpy(&section, (const char *)table + i * sizeof(section), sizeof(section));
		if (has_name(names, names_size, section.sh_name, ".go.buildinfo") ||
		    has_name(names, names_size, section.sh_name, ".note.go.buildid"))
			return true;
	}
	return false;
}
