/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"

#define LINKS_MOST 40 /* as the kernel follows: MAXSYMLINKS in include/linux/namei.h */

const char *folder_name_in(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int folder_open(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int folder_open_of(const char *path)
{
	size_t size = (size_t)(folder_name_in(path) - path);
	char *folder = size ? strndup(path, size) : strdup(".");
	int fd = folder ? folder_open(folder) : -ENOMEM;

	free(folder);
	return fd;
}

/* ---- Step by step ---- */

struct walk {
	int at; /* the folder that has been reached */
	struct buffer left; /* of the path, with its NUL */
	unsigned int links;
};

/* Its owner may lead it elsewhere at any time. */
static bool is_trusted(const struct stat *link)
{
	return link->st_uid == 0 || link->st_uid == geteuid();
}

static int move_to(struct walk *walk, int fd)
{
	if (fd < 0)
		return -errno;
	close(walk->at);
	walk->at = fd;
	return 0;
}

/* The path goes on with what is in the link. */
static int follow(struct walk *walk, int link, const char *rest)
{
	struct buffer left = {0};
	char target[PATH_MAX];
	ssize_t size = readlinkat(link, "", target, sizeof(target));
	int err;

	if (size < 0)
		return -errno;
	if (++walk->links > LINKS_MOST)
		return -ELOOP;
	err = buffer_append(&left, target, (size_t)size) ?: buffer_append(&left, "/", 1) ?:
	      buffer_append(&left, rest, strlen(rest) + 1);
	buffer_free(&walk->left);
	walk->left = left;
	if (!err && size && *target == '/')
		err = move_to(walk, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
	return err;
}

static int step_through_link(struct walk *walk, const char *name, const char *rest)
{
	int fd = openat(walk->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), err;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		err = -errno;
	else if (!S_ISLNK(st.st_mode))
		err = -ENOTDIR;
	else
		err = is_trusted(&st) ? follow(walk, fd, rest) : -ELOOP;
	close(fd);
	return err;
}

/* One part of the path; rest is what comes behind it. A symbolic link is no folder; O_DIRECTORY has automounts mounted.
 */
static int step(struct walk *walk, const char *name, const char *rest)
{
	int err = move_to(walk, openat(walk->at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));

	return err == -ENOTDIR ? step_through_link(walk, name, rest) : err;
}

static int walk_on(struct walk *walk)
{
	size_t at = 0, size;
	char *name;
	int err = 0;

	while (!err && *(name = walk->left.data + at + strspn(walk->left.data + at, "/"))) {
		unsigned int links = walk->links;

		size = strcspn(name, "/");
		at = (size_t)(name - walk->left.data) + size;
		at += name[size] == '/';
		name[size] = '\0';
		err = step(walk, name, walk->left.data + at);
		if (walk->links != links) /* the path is another */
			at = 0;
	}
	return err;
}

int folder_open_trusted(const char *path)
{
	struct walk walk = {.at = open(*path == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC)};
	int err = walk.at < 0 ? -errno : *path ? 0 : -ENOENT;

	if (!err)
		err = buffer_append(&walk.left, path, strlen(path) + 1);
	if (!err)
		err = walk_on(&walk);
	buffer_free(&walk.left);
	if (err && walk.at >= 0)
		close(walk.at);
	return err ? err : walk.at;
}
