/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/python/detect.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Py_Version of 3.11 and newer is of this kind: major, minor, micro, level. */
#define VERSION_IS_VALID(version) ((version) >> 24 == 3)

/* Bytes of the file that are mapped at this address, which is one of the file's own. */
static bool read_file(Elf *elf, GElf_Addr address, void *to, size_t size)
{
	size_t i, count;
	GElf_Phdr part;
	Elf_Data *data;

	if (elf_getphdrnum(elf, &count))
		return false;
	for (i = 0; i < count && i < 64; i++) {
		if (!gelf_getphdr(elf, (int)i, &part) || part.p_type != PT_LOAD || address < part.p_vaddr ||
		    address - part.p_vaddr >= part.p_filesz)
			continue;
		data = elf_getdata_rawchunk(elf, (int64_t)(part.p_offset + (address - part.p_vaddr)), size, ELF_T_BYTE);
		if (!data || !data->d_buf || data->d_size < size)
			return false;
		memcpy(to, data->d_buf, size);
		return true;
	}
	return false;
}

static __u32 read_version(Dwfl_Module *module, __u64 address)
{
	GElf_Addr bias = 0;
	Elf *elf = address ? dwfl_module_getelf(module, &bias) : NULL;
	__u64 version = 0;

	if (!elf || address < bias || !read_file(elf, address - bias, &version, sizeof(version)) ||
	    !VERSION_IS_VALID(version))
		return 0;
	return (__u32)version;
}

struct python *python_detect(Dwfl_Module *module)
{
	struct python found = {0}, *python;
	__u64 version = 0;
	const struct {
		const char *name;
		__u64 *address;
	} wanted[] = {
		{"_PyRuntime", &found.runtime},	     {"Py_Version", &version},
		{"PyCode_Type", &found.code_type},   {"PyUnicode_Type", &found.text_type},
		{"PyBytes_Type", &found.bytes_type},
	};
	int i, count = dwfl_module_getsymtab(module);
	GElf_Addr address;
	const char *name;
	GElf_Sym symbol;
	size_t j;

	for (i = 0; i < count; i++) {
		name = dwfl_module_getsym_info(module, i, &symbol, &address, NULL, NULL, NULL);
		for (j = 0; j < COUNT_OF(wanted) && name && symbol.st_shndx != SHN_UNDEF; j++)
			if (!strcmp(name, wanted[j].name))
				*wanted[j].address = address;
	}
	if (!found.runtime || !found.code_type || !found.text_type || !found.bytes_type)
		return NULL;
	found.version = read_version(module, version);
	python = malloc(sizeof(*python));
	if (python)
		*python = found;
	return python;
}
