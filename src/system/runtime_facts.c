// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The facts about a process that runtime.c decides by. All of /proc/PID is hostile, and may vanish. */
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/runtime.h"

/* More than any program has that one would want to know the runtime of. */
#define MAX_MAPPINGS 20000
#define MAX_THREADS  256
#define MAX_SECTIONS 512
#define MAX_NAMES    (64 * 1024)

static void read_mappings(struct runtime_facts *facts, __u32 pid)
{
	char name[64], line[PATH_MAX + 128], *path;
	int left = MAX_MAPPINGS;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%u/maps", pid);
	file = fopen(name, "re");
	if (!file)
		return;
	while (left-- && fgets(line, sizeof(line), file)) {
		path = strchr(line, '/');
		if (path)
			runtime_mapping(facts, path);
	}
	fclose(file);
}

static void read_thread(struct runtime_facts *facts, int directory, const char *tid)
{
	char name[300], comm[32] = "";
	int fd;

	snprintf(name, sizeof(name), "%s/comm", tid);
	fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (read(fd, comm, sizeof(comm) - 1) > 0)
		runtime_thread(facts, comm);
	close(fd);
}

static void read_threads(struct runtime_facts *facts, __u32 pid)
{
	int left = MAX_THREADS;
	struct dirent *entry;
	char name[64];
	DIR *tasks;

	snprintf(name, sizeof(name), "/proc/%u/task", pid);
	tasks = opendir(name);
	if (!tasks)
		return;
	while (left-- && (entry = readdir(tasks)))
		if (entry->d_name[0] != '.')
			read_thread(facts, dirfd(tasks), entry->d_name);
	closedir(tasks);
}

static bool read_at(int fd, void *to, size_t size, __u64 offset)
{
	return offset <= INT64_MAX && pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

static bool is_go_section(const char *name)
{
	return !strcmp(name, ".go.buildinfo") || !strcmp(name, ".note.go.buildid");
}

static bool has_go_section(int fd, const Elf64_Ehdr *elf)
{
	Elf64_Shdr section, strings;
	char names[MAX_NAMES + 1];
	size_t size;
	int i;

	if (elf->e_shentsize != sizeof(section) || elf->e_shnum > MAX_SECTIONS ||
	    !read_at(fd, &strings, sizeof(strings), elf->e_shoff + (__u64)elf->e_shstrndx * sizeof(section)))
		return false;
	size = strings.sh_size < MAX_NAMES ? strings.sh_size : MAX_NAMES;
	if (!read_at(fd, names, size, strings.sh_offset))
		return false;
	names[size] = '\0';
	for (i = 0; i < elf->e_shnum; i++)
		if (read_at(fd, &section, sizeof(section), elf->e_shoff + (__u64)i * sizeof(section)) &&
		    section.sh_name < size && is_go_section(names + section.sh_name))
			return true;
	return false;
}

/* Opening it cannot block: what is executed is a regular file. */
static bool is_go(__u32 pid)
{
	Elf64_Ehdr elf;
	char name[64];
	bool found;
	int fd;

	snprintf(name, sizeof(name), "/proc/%u/exe", pid);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	found = read_at(fd, &elf, sizeof(elf), 0) && !memcmp(elf.e_ident, ELFMAG, SELFMAG) &&
		elf.e_ident[EI_CLASS] == ELFCLASS64 && has_go_section(fd, &elf);
	close(fd);
	return found;
}

const char *runtime_find(__u32 pid)
{
	char link[64], path[PATH_MAX];
	struct runtime_facts facts = { .executable = path };
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%u/exe", pid);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return NULL;
	path[length] = '\0';
	facts.go = is_go(pid);
	if (!facts.go) {
		read_mappings(&facts, pid);
		read_threads(&facts, pid);
	}
	return runtime_of(&facts);
}
