/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/space.h"

#include <elfutils/libdwelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "code/go/go.h"
#include "code/symbols.h"
#include "code/worker.h"

/* Processes that are remembered. */
#define SPACES 16

static struct space spaces[SPACES];
static __u64 turn;

/* ---- Files ---- */

/* Programs of this machine's own kind: for others the registers would mean something else. */
static bool is_native(Elf *elf)
{
#if defined(__x86_64__)
	const unsigned int machine = EM_X86_64;
#elif defined(__aarch64__)
	const unsigned int machine = EM_AARCH64;
#else
	const unsigned int machine = EM_NONE;
#endif
	Elf64_Ehdr *header = elf_kind(elf) == ELF_K_ELF ? elf64_getehdr(elf) : NULL;

	return header && header->e_machine == machine && (header->e_type == ET_DYN || header->e_type == ET_EXEC);
}

/*
 * Read, and not mapped: a file that is cut meanwhile must not end this process. Returns the descriptor, which stays
 * open, or -1.
 */
static int open_elf(int fd, Elf **elf)
{
	if (fd < 0)
		return -1;
	*elf = elf_begin(fd, ELF_C_READ, NULL);
	if (*elf && is_native(*elf))
		return fd;
	elf_end(*elf);
	*elf = NULL;
	close(fd);
	return -1;
}

static int find_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, char **file_name, Elf **elf)
{
	const struct space_file *file = *data;

	(void)module, (void)name, (void)base, (void)file_name;
	*elf = NULL;
	return open_elf(code_worker_need(CODE_NEEDS_FILE, file->number, NULL, 0), elf);
}

static bool has_build_id(int fd, const void *wanted, size_t size)
{
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	const void *id;
	ssize_t length = elf && is_native(elf) ? dwelf_elf_gnu_build_id(elf, &id) : -1;
	bool same = length > 0 && (size_t)length == size && !memcmp(id, wanted, size);

	elf_end(elf);
	return same;
}

static int find_debug(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, const char *file_name,
		      const char *link, GElf_Word sum, char **debug_name)
{
	const struct space_file *file = *data;
	const unsigned char *id;
	GElf_Addr place;
	int size = dwfl_module_build_id(module, &id, &place), fd;

	(void)name, (void)base, (void)file_name, (void)link, (void)sum, (void)debug_name;
	if (size < 2 || size > CODE_BUILD_ID_MOST)
		return -1;
	fd = code_worker_need(CODE_NEEDS_DEBUG, file->number, id, (size_t)size);
	if (fd >= 0 && !has_build_id(fd, id, (size_t)size)) {
		close(fd);
		fd = -1;
	}
	return fd < 0 ? -1 : fd;
}

static const Dwfl_Callbacks callbacks = {.find_elf = find_elf, .find_debuginfo = find_debug};

struct space_file *space_file_of(Dwfl_Module *module)
{
	void **data = NULL;

	if (!module || !dwfl_module_info(module, &data, NULL, NULL, NULL, NULL, NULL, NULL) || !data)
		return NULL;
	return *data;
}

/* ---- Spaces ---- */

static void forget(struct space *space)
{
	__u32 i;

	if (space->dwfl)
		dwfl_end(space->dwfl);
	for (i = 0; i < space->count && space->files; i++) {
		symbols_free(space->files[i].symbols);
		free(space->files[i].python);
		go_free(space->files[i].go);
	}
	free(space->files);
	free(space->modules);
	*space = (struct space){0};
}

static bool report_module(struct space *space, __u32 number)
{
	const struct code_module *module = &space->modules[number];
	Dwfl_Module *reported;
	char name[16] = "m";
	void **data;
	__u32 i = 1, rest = number;

	space->files[number] = (struct space_file){.number = number, .inode = module->inode, .own = module->own};
	do
		name[i++] = (char)('0' + rest % 10);
	while (rest /= 10);
	reported = dwfl_report_module(space->dwfl, name, module->start, module->end);
	if (!reported || !dwfl_module_info(reported, &data, NULL, NULL, NULL, NULL, NULL, NULL))
		return false;
	*data = &space->files[number];
	return true;
}

static bool fill(struct space *space, const struct code_request *request, const struct code_module *modules)
{
	__u32 i;
	bool all = true;

	space->pid = request->pid;
	space->process_start_ns = request->process_start_ns;
	space->modules = calloc(request->modules + 1, sizeof(*modules));
	space->files = calloc(request->modules + 1, sizeof(*space->files));
	space->dwfl = dwfl_begin(&callbacks);
	if (!space->modules || !space->files || !space->dwfl)
		return false;
	space->count = request->modules;
	memcpy(space->modules, modules, space->count * sizeof(*modules));
	dwfl_report_begin(space->dwfl);
	for (i = 0; i < space->count && all; i++)
		all = report_module(space, i);
	return !dwfl_report_end(space->dwfl, NULL, NULL) && all;
}

static bool is_of(const struct space *space, const struct code_request *request, const struct code_module *modules)
{
	return space->dwfl && space->pid == request->pid && space->process_start_ns == request->process_start_ns &&
	       space->count == request->modules && !memcmp(space->modules, modules, space->count * sizeof(*modules));
}

struct space *space_get(const struct code_request *request, const struct code_module *modules)
{
	struct space *oldest = &spaces[0];
	size_t i;

	for (i = 0; i < SPACES; i++) {
		if (is_of(&spaces[i], request, modules)) {
			spaces[i].used = ++turn;
			return &spaces[i];
		}
		if (spaces[i].used < oldest->used)
			oldest = &spaces[i];
	}
	forget(oldest);
	oldest->used = ++turn;
	if (fill(oldest, request, modules))
		return oldest;
	forget(oldest);
	return NULL;
}
