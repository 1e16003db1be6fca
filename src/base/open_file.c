/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/open_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The very file that the handle is of, whatever has its name by now. */
static int open_handle(int handle)
{
	char path[32];
	struct stat st;
	int fd;

	if (fstat(handle, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", handle);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int open_file(const char *path)
{
	int handle = open(path, O_PATH | O_CLOEXEC), fd;

	if (handle < 0)
		return -errno;
	fd = open_handle(handle);
	close(handle);
	return fd;
}
