/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/netns.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/open_file.h"

bool netns_is_name(const char *text)
{
	return *text && *text != '.' && *text != '-' && !strchr(text, '/') && text[strspn(text, "0123456789")] &&
	       strlen(text) <= NAME_MAX;
}

int netns_open_name(const char *name)
{
	char path[sizeof(NETNS_FOLDER) + 1 + NAME_MAX];

	snprintf(path, sizeof(path), NETNS_FOLDER "/%s", name);
	return open_file(path);
}

int netns_open_own(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int netns_take_inode(int fd, __u32 *inode)
{
	struct stat st;
	int err = fd < 0 ? fd : fstat(fd, &st) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	if (!err)
		*inode = (__u32)st.st_ino;
	return err;
}

struct walk {
	int (*each)(void *context, int netns_fd, __u32 inode);
	void *context;
	struct buffer seen; /* inodes, __u32 */
};

/* 1: it was not there before. */
static int note(struct walk *walk, __u32 inode)
{
	const __u32 *seen = (const void *)walk->seen.data;
	size_t i;
	int err;

	for (i = 0; i < walk->seen.size / sizeof(*seen); i++)
		if (seen[i] == inode)
			return 0;
	err = buffer_append(&walk->seen, &inode, sizeof(inode));
	return err ? err : 1;
}

/* Skips a namespace that cannot be opened, or is gone by now. */
static int visit(struct walk *walk, const char *path)
{
	struct stat st;
	int fd, result;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return 0;
	result = note(walk, (__u32)st.st_ino);
	if (result <= 0)
		return result;
	fd = open_file(path);
	if (fd < 0)
		return 0;
	result = fstat(fd, &st) ? 0 : walk->each(walk->context, fd, (__u32)st.st_ino);
	close(fd);
	return result;
}

static int visit_folder(struct walk *walk, const char *folder, const char *below, bool numbers)
{
	struct dirent *entry;
	char path[512];
	int result = 0;
	DIR *dir = opendir(folder);

	if (!dir)
		return 0;
	while (!result && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || (numbers && !isdigit((unsigned char)entry->d_name[0])))
			continue;
		snprintf(path, sizeof(path), "%s/%s%s", folder, entry->d_name, below);
		result = visit(walk, path);
	}
	closedir(dir);
	return result;
}

int netns_walk(int (*each)(void *context, int netns_fd, __u32 inode), void *context)
{
	struct walk walk = {.each = each, .context = context};
	int result = visit(&walk, "/proc/thread-self/ns/net");

	if (!result)
		result = visit_folder(&walk, "/proc", "/ns/net", true);
	if (!result)
		result = visit_folder(&walk, NETNS_FOLDER, "", false);
	buffer_free(&walk.seen);
	return result;
}

struct search {
	__u32 inode;
	int fd;
};

static int open_if_wanted(void *context, int netns_fd, __u32 inode)
{
	struct search *search = context;

	if (inode != search->inode)
		return 0;
	search->fd = fcntl(netns_fd, F_DUPFD_CLOEXEC, 3);
	return search->fd < 0 ? -errno : 1;
}

int netns_open(__u32 inode)
{
	struct search search = {.inode = inode};
	int result = netns_walk(open_if_wanted, &search);

	if (result < 0)
		return result;
	return result ? search.fd : -ENOENT;
}
