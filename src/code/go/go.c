/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/go/go.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Sections that are looked through. */
#define SECTIONS_MOST 1024

struct go {
	struct pclntab table;
	__u64 bias; /* of addresses in the process */
	__u64 place; /* of the table in its file */
	int fd;
};

static bool read_table(void *context, __u64 offset, void *to, size_t size)
{
	const struct go *go = context;

	return pread(go->fd, to, size, (off_t)(go->place + offset)) == (ssize_t)size;
}

/* The other is that of programs that may be moved when they are loaded. */
static bool is_table(const char *name)
{
	return name && (!strcmp(name, ".gopclntab") || !strcmp(name, ".data.rel.ro.gopclntab"));
}

static bool find_table(Elf *elf, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;
	const char *name;
	size_t names;
	int count;

	if (elf_getshdrstrndx(elf, &names))
		return false;
	for (count = 0; count < SECTIONS_MOST && (section = elf_nextscn(elf, section)); count++) {
		if (!gelf_getshdr(section, header))
			continue;
		name = elf_strptr(elf, names, header->sh_name);
		if (is_table(name))
			return header->sh_type == SHT_PROGBITS && header->sh_offset < INT64_MAX / 2 &&
			       header->sh_size < INT64_MAX / 2;
	}
	return false;
}

struct go *go_detect(Dwfl_Module *module, int (*file)(__u32 number), __u32 number)
{
	GElf_Addr bias = 0;
	Elf *elf = dwfl_module_getelf(module, &bias);
	GElf_Shdr header;
	struct go *go;

	if (!elf || !find_table(elf, &header))
		return NULL;
	go = calloc(1, sizeof(*go));
	if (!go)
		return NULL;
	*go = (struct go){.table = {.read = read_table, .context = go, .size = header.sh_size},
			  .bias = bias,
			  .place = header.sh_offset,
			  .fd = file(number)};
	if (go->fd >= 0 && pclntab_open(&go->table) == PCLNTAB_KNOWN)
		return go;
	go_free(go);
	return NULL;
}

void go_free(struct go *go)
{
	if (go && go->fd >= 0)
		close(go->fd);
	free(go);
}

bool go_find(const struct go *go, __u64 address, struct go_function *function)
{
	return address >= go->bias && pclntab_find(&go->table, address - go->bias, function);
}
