/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "apart/foreign_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int foreign_open_file(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* What a descriptor stands for that can do nothing. */
static int reopen(int place)
{
	char self[40];
	int fd;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", place);
	fd = foreign_open_file(self);
	return fd < 0 ? -errno : fd;
}

/* Where a link of the process's own making may lead anywhere, only what everybody may read is handed on. */
enum whose { MAPPED = 0, ANYWHERE = S_IROTH };

/*
 * To open what is no regular file could do something. So that is looked at first, through a descriptor that can do
 * nothing. inode 0: any.
 */
static int open_regular(const char *path, __u64 inode, enum whose whose)
{
	int place = open(path, O_PATH | O_CLOEXEC), fd = -EINVAL;
	struct stat status;

	if (place < 0)
		return -errno;
	if (!fstat(place, &status) && S_ISREG(status.st_mode) && (status.st_mode & whose) == whose &&
	    (!inode || status.st_ino == inode))
		fd = reopen(place);
	close(place);
	return fd;
}

/* Without CAP_CHECKPOINT_RESTORE the link can be read, but not followed. */
int foreign_open_mapped(const struct foreign_request *request)
{
	char link[96], path[PATH_MAX];
	int start, fd;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%u/map_files/%llx-%llx", request->pid, request->address,
		 request->address + request->size);
	fd = open_regular(link, request->anchor, MAPPED);
	if (fd >= 0)
		return fd;
	start = snprintf(path, sizeof(path), "/proc/%u/root", request->pid);
	length = readlink(link, path + start, sizeof(path) - (size_t)start - 1);
	if (length > 0) {
		path[start + length] = '\0';
		fd = open_regular(path, request->anchor, ANYWHERE);
	}
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/%u/exe", request->pid);
	return open_regular(path, request->anchor, MAPPED);
}

/* In the process's own file system, then in sockstall's. */
int foreign_open_debug(const struct foreign_request *request)
{
	char path[192];
	int root = snprintf(path, sizeof(path), "/proc/%u/root", request->pid), at = root, i, fd;

	at += snprintf(path + at, sizeof(path) - (size_t)at, "/usr/lib/debug/.build-id/%02x/", request->container[0]);
	for (i = 1; i < request->fd; i++)
		at += snprintf(path + at, sizeof(path) - (size_t)at, "%02x", request->container[i]);
	snprintf(path + at, sizeof(path) - (size_t)at, ".debug");
	fd = open_regular(path, 0, ANYWHERE);
	if (fd < 0)
		fd = open_regular(path + root, 0, ANYWHERE);
	return fd;
}

#define NAMES_MOST (32 << 20)

/* The file below a folder, if it is of this user; a negative errno: it is not. */
static int open_of_user(int folder, const char *name, uid_t user)
{
	int place = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), fd = -EACCES;
	struct stat file;

	if (place < 0)
		return -errno;
	if (!fstat(place, &file) && S_ISREG(file.st_mode) && file.st_uid == user && file.st_size <= NAMES_MOST)
		fd = reopen(place);
	close(place);
	return fd;
}

/*
 * In its own file system, where others may put files too: only one of the process's own user is handed on. Neither /tmp
 * nor the file may be a link: that would be followed in sockstall's own file system. The kernel says that a process
 * which is gone is root's (pid_getattr() in fs/proc/base.c). But the root of one cannot be opened then: so the user
 * that was told before that is its own.
 */
int foreign_open_names(const struct foreign_request *request)
{
	int owner, folder = -1, fd = -EACCES;
	struct stat process;
	char name[32];

	snprintf(name, sizeof(name), "/proc/%u", request->pid);
	owner = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (owner >= 0 && !fstat(owner, &process))
		folder = openat(owner, "root/tmp", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	snprintf(name, sizeof(name), "perf-%d.map", request->fd);
	if (folder >= 0)
		fd = open_of_user(folder, name, process.st_uid);
	if (folder >= 0)
		close(folder);
	if (owner >= 0)
		close(owner);
	return fd;
}
