/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/replaced_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int create(int folder, const char *name)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

static int check_regular(int folder, const char *name)
{
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	return S_ISREG(st.st_mode) ? 0 : -EEXIST;
}

static int exchange(int folder, const char *fresh, const char *name)
{
	if (!renameat2(folder, fresh, folder, name, RENAME_EXCHANGE))
		return 0;
	/* A file system that cannot (NFS) is trusted with what was seen before: only this folder's names are at stake.
	 */
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	return renameat(folder, fresh, folder, name) ? -errno : 1;
}

/* The old one, which has the other name now, goes; or all is as it was. */
static int take_place(int folder, const char *fresh, const char *name)
{
	int err = exchange(folder, fresh, name);

	if (err)
		return err > 0 ? 0 : err;
	err = check_regular(folder, fresh);
	if (err)
		renameat2(folder, fresh, folder, name, RENAME_EXCHANGE);
	else if (unlinkat(folder, fresh, 0))
		err = -errno;
	return err;
}

static int replace(int folder, const char *name)
{
	char fresh[64];
	int err = check_regular(folder, name), fd;

	if (err)
		return err == -ENOENT ? create(folder, name) : err;
	snprintf(fresh, sizeof(fresh), ".sockstall-%ld.new", (long)getpid());
	/* Left behind by a run that was killed and had this pid. */
	unlinkat(folder, fresh, 0);
	fd = create(folder, fresh);
	if (fd < 0)
		return fd;
	err = take_place(folder, fresh, name);
	if (!err)
		return fd;
	close(fd);
	unlinkat(folder, fresh, 0);
	return err;
}

int replaced_file_create(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *copy = strndup(path, slash ? (size_t)(slash - path) + 1 : 0);
	int folder, fd;

	if (!copy)
		return -ENOMEM;
	folder = open(slash ? copy : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = folder < 0 ? -errno : replace(folder, slash ? slash + 1 : path);
	if (folder >= 0)
		close(folder);
	free(copy);
	return fd;
}
