/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/socket_counts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The files have 200 bytes. */
#define FILE_MOST 1024

/* The number behind a word of a line that begins so; -1: it is not there. */
static long count_of(const char *text, const char *line, const char *word)
{
	const char *at = text, *end, *found;
	char *rest;
	long count;

	while (at && strncmp(at, line, strlen(line))) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		return -1;
	end = strchr(at, '\n');
	found = strstr(at, word);
	if (!end || !found || found > end)
		return -1;
	count = strtol(found + strlen(word), &rest, 10);
	return rest == found + strlen(word) ? -1 : count;
}

bool socket_counts_are_zero(const char *sockstat, const char *sockstat6)
{
	return count_of(sockstat, "sockets:", " used ") == 0 && count_of(sockstat, "TCP:", " inuse ") == 0 &&
	       count_of(sockstat, "TCP:", " tw ") == 0 && (!*sockstat6 || count_of(sockstat6, "TCP6:", " inuse ") == 0);
}

/* Returns 0 or a negative errno. */
static int read_file(const char *path, char text[FILE_MOST])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = read(fd, text, FILE_MOST - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	return got > 0 ? 0 : -EIO;
}

static bool are_zero_now(void)
{
	char sockstat[FILE_MOST], sockstat6[FILE_MOST];
	int err;

	if (read_file("/proc/thread-self/net/sockstat", sockstat))
		return false;
	if (!socket_counts_are_zero(sockstat, ""))
		return false;
	err = read_file("/proc/thread-self/net/sockstat6", sockstat6);
	if (err && err != -ENOENT)
		return false;
	return err || socket_counts_are_zero(sockstat, sockstat6);
}

bool socket_counts_none_here(void)
{
	return are_zero_now() && are_zero_now();
}
