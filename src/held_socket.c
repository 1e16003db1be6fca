/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "held_socket.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int held_by(__u32 pid, __u64 inode)
{
	char path[32], link[32], text[64];
	struct dirent *entry;
	ssize_t length;
	int fd = -1;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%u/fd", pid);
	snprintf(link, sizeof(link), "socket:[%llu]", inode);
	folder = opendir(path);
	if (!folder)
		return -1;
	while (fd < 0 && (entry = readdir(folder))) {
		length = readlinkat(dirfd(folder), entry->d_name, text, sizeof(text) - 1);
		text[length < 0 ? 0 : length] = '\0';
		if (!strcmp(text, link))
			fd = atoi(entry->d_name);
	}
	closedir(folder);
	return fd;
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
