/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/dump_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/folder.h"

/* Names that are tried before giving up. */
#define NAMES 1000

void dump_folder_open(struct dump_folder *folder, const char *path, const char *ending)
{
	folder->path = path;
	folder->ending = ending;
	folder->fd = path ? folder_open_of(path) : folder_open(".");
}

void dump_folder_close(struct dump_folder *folder)
{
	if (folder->fd >= 0)
		close(folder->fd);
	folder->fd = -EBADF;
}

/* Not by strftime(), which may read the time zone's file. */
static void name_by_moment(char *path, size_t size, const char *ending)
{
	time_t now = time(NULL);
	struct tm utc = {0};

	gmtime_r(&now, &utc);
	snprintf(path, size, "sockstall-%04d%02d%02dT%02d%02d%02dZ%s", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
		 utc.tm_hour, utc.tm_min, utc.tm_sec, ending);
}

static int try_name(struct dump_file *file, const struct dump_folder *folder, unsigned int number)
{
	char moment[64];

	name_by_moment(moment, sizeof(moment), folder->ending);
	if (snprintf(file->path, sizeof(file->path), number ? "%s.%u" : "%s", folder->path ? folder->path : moment,
		     number) >= (int)sizeof(file->path))
		return -ENAMETOOLONG;
	file->name = folder_name_in(file->path);
	if (folder->fd < 0)
		return folder->fd;
	file->fd = openat(folder->fd, file->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return file->fd < 0 ? -errno : 0;
}

int dump_file_open(struct dump_file *file, const struct dump_folder *folder)
{
	unsigned int number;
	int err = -EEXIST;

	for (number = 0; number < NAMES && err == -EEXIST; number++)
		err = try_name(file, folder, number);
	if (err)
		file->fd = -1;
	file->folder = folder->fd;
	return err;
}

void dump_file_close(struct dump_file *file, bool keep)
{
	if (file->fd < 0)
		return;
	close(file->fd);
	file->fd = -1;
	if (!keep)
		unlinkat(file->folder, file->name, 0);
}
