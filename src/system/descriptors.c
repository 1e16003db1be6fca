/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/descriptors.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The number of a descriptor of this process whose link is one of these, up to a NULL, or -1. */
static int held_link(__u32 pid, const char *const *links)
{
	char path[32], text[64];
	struct dirent *entry;
	ssize_t length;
	int fd = -1;
	DIR *folder;
	size_t i;

	snprintf(path, sizeof(path), "/proc/%u/fd", pid);
	folder = opendir(path);
	if (!folder)
		return -1;
	while (fd < 0 && (entry = readdir(folder))) {
		length = readlinkat(dirfd(folder), entry->d_name, text, sizeof(text) - 1);
		text[length < 0 ? 0 : length] = '\0';
		for (i = 0; links[i]; i++)
			if (!strcmp(text, links[i]))
				fd = atoi(entry->d_name);
	}
	closedir(folder);
	return fd;
}

int held_by(__u32 pid, __u64 inode)
{
	char link[32];

	snprintf(link, sizeof(link), "socket:[%llu]", inode);
	return held_link(pid, (const char *const[]){link, NULL});
}

int held_terminal(__u32 pid)
{
	return held_link(pid, (const char *const[]){"/dev/ptmx", "/dev/pts/ptmx", NULL});
}

int held_find(__u64 inode, __u32 *pid)
{
	struct dirent *entry;
	int fd = -1;
	DIR *folder = opendir("/proc");

	while (fd < 0 && folder && (entry = readdir(folder))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		*pid = (__u32)atoi(entry->d_name);
		fd = held_by(*pid, inode);
	}
	if (folder)
		closedir(folder);
	return fd;
}
