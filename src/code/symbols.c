/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/symbols.h"

#include <libiberty/demangle.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"

/* Of one file: the largest programs have a million. */
#define SYMBOLS_MOST 4000000

struct symbol {
	__u64 address;
	__u32 size;
	int index; /* as libdw counts */
};

struct code_symbols {
	size_t count;
	struct symbol items[];
};

/* By address. Where two have one address, the larger comes last, and is the one that is found. */
static int compare(const void *left, const void *right)
{
	const struct symbol *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->size < b->size ? -1 : a->size > b->size;
}

static bool is_function(const GElf_Sym *symbol, const char *name)
{
	int type = GELF_ST_TYPE(symbol->st_info);

	/* NOTYPE: functions in assembler. $x: marks of arm64's assembler. */
	return name && name[0] && name[0] != '$' && symbol->st_shndx != SHN_UNDEF &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC || (type == STT_NOTYPE && symbol->st_shndx != SHN_ABS));
}

struct code_symbols *symbols_read(Dwfl_Module *module)
{
	int i, count = dwfl_module_getsymtab(module);
	struct code_symbols *symbols;
	GElf_Addr address;
	const char *name;
	GElf_Sym symbol;

	if (count <= 0 || count > SYMBOLS_MOST)
		return NULL;
	symbols = malloc(sizeof(*symbols) + (size_t)count * sizeof(symbols->items[0]));
	if (!symbols)
		return NULL;
	symbols->count = 0;
	for (i = 0; i < count; i++) {
		name = dwfl_module_getsym_info(module, i, &symbol, &address, NULL, NULL, NULL);
		if (is_function(&symbol, name))
			symbols->items[symbols->count++] = (struct symbol){
				.address = address,
				.size = symbol.st_size > UINT32_MAX ? UINT32_MAX : (__u32)symbol.st_size,
				.index = i};
	}
	qsort(symbols->items, symbols->count, sizeof(symbols->items[0]), compare);
	return symbols;
}

void symbols_free(struct code_symbols *symbols)
{
	free(symbols);
}

const char *symbols_find(const struct code_symbols *symbols, Dwfl_Module *module, __u64 address)
{
	size_t after = LOWER_BOUND(symbols->count, at, symbols->items[at].address <= address);
	const struct symbol *found;
	GElf_Addr place;
	GElf_Sym symbol;

	if (!after)
		return NULL;
	found = &symbols->items[after - 1];
	/* One without a size goes on to the next. */
	if (found->size && address - found->address >= found->size)
		return NULL;
	return dwfl_module_getsym_info(module, found->index, &symbol, &place, NULL, NULL, NULL);
}

const char *symbol_plain(const char *name, char **made)
{
	size_t plain = strcspn(name, "@"); /* a version follows */

	*made = name[0] == '_' ? cplus_demangle(name, DMGL_ANSI | DMGL_AUTO) : NULL;
	if (!*made && name[plain])
		*made = strndup(name, plain);
	return *made ? *made : name;
}
