/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Network namespaces. The socket scan sees the one of the process that makes it, so sockstall enters
 * each for the moment of making it. No handle is kept from look to look: that would keep a namespace
 * alive which everyone else has left.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "base/open_file.h"
#include "probe/load/load.h"
#include "probe/namespaces.h"
#include "system/netns.h"

int probe_namespaces_open(struct probe_namespaces **out)
{
	struct probe_namespaces *namespaces = calloc(1, sizeof(*namespaces));
	struct stat st;

	*out = namespaces;
	if (!namespaces)
		return -ENOMEM;
	namespaces->own_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (namespaces->own_fd < 0 || fstat(namespaces->own_fd, &st))
		return -errno;
	namespaces->own_inode = (__u32)st.st_ino;
	namespaces->device = st.st_dev;
	/* Where it is already costs nothing to enter, but needs the same rights. */
	namespaces->only_own = setns(namespaces->own_fd, CLONE_NEWNET) != 0;
	return 0;
}

void probe_namespaces_close(struct probe_namespaces *namespaces)
{
	size_t i;

	if (!namespaces)
		return;
	if (namespaces->own_fd >= 0)
		close(namespaces->own_fd);
	for (i = 0; i < namespaces->count; i++)
		buffer_free(&namespaces->items[i].listeners);
	free(namespaces->items);
	free(namespaces);
}

static struct probe_namespace *find(struct probe_namespaces *namespaces, __u32 inode)
{
	size_t i;

	for (i = 0; i < namespaces->count; i++)
		if (namespaces->items[i].inode == inode)
			return &namespaces->items[i];
	return NULL;
}

static struct probe_namespace *add(struct probe_namespaces *namespaces, __u32 inode)
{
	struct probe_namespace *items;

	items = array_grow(namespaces->items, namespaces->count, &namespaces->capacity, 16, sizeof(*items));
	if (!items)
		return NULL;
	namespaces->items = items;
	items += namespaces->count++;
	memset(items, 0, sizeof(*items));
	items->inode = inode;
	return items;
}

static struct probe_namespace *find_or_add(struct probe_namespaces *namespaces, __u32 inode)
{
	struct probe_namespace *found = find(namespaces, inode);

	if (!found)
		found = add(namespaces, inode);
	if (found)
		found->seen = true;
	return found;
}

/*
 * Those with a process, as the thread scan has noted them; the map is emptied for the next scan. A full one
 * does not tell how many found no room: that is counted as one.
 */
static int find_by_process(struct probe *probe)
{
	int map = bpf_map__fd(probe->attached.skeleton->maps.namespaces);
	__u32 inode, pid, room = bpf_map__max_entries(probe->attached.skeleton->maps.namespaces);
	struct probe_namespace *namespace;

	while (!bpf_map_get_next_key(map, NULL, &inode)) {
		if (!bpf_map_lookup_elem(map, &inode, &pid)) {
			namespace = find_or_add(probe->namespaces, inode);
			if (!namespace)
				return -ENOMEM;
			namespace->pid = pid;
		}
		bpf_map_delete_elem(map, &inode);
		room--;
	}
	if (!room)
		probe->losses.count[LOST_NETNS]++;
	return 0;
}

/*
 * Those that `ip netns` has named, with or without a process. `ip netns add` makes a plain file, and then mounts the
 * namespace on it: until then, or where the file was left behind, there is none.
 */
static int find_by_name(struct probe *probe)
{
	struct probe_namespace *namespace;
	struct dirent *entry;
	char path[512];
	struct stat st;
	DIR *folder = opendir(NETNS_FOLDER);

	if (!folder)
		return 0;
	while ((entry = readdir(folder))) {
		snprintf(path, sizeof(path), NETNS_FOLDER "/%s", entry->d_name);
		if (entry->d_name[0] == '.' || stat(path, &st) || st.st_dev != probe->namespaces->device)
			continue;
		namespace = find_or_add(probe->namespaces, (__u32)st.st_ino);
		if (!namespace)
			break;
		snprintf(namespace->name, sizeof(namespace->name), "%s", entry->d_name);
	}
	closedir(folder);
	return entry ? -ENOMEM : 0;
}

/* Returns the namespaces still in use to the front, in their order. */
static void forget_unseen(struct probe_namespaces *namespaces)
{
	size_t i, kept = 0;

	for (i = 0; i < namespaces->count; i++)
		if (namespaces->items[i].seen)
			namespaces->items[kept++] = namespaces->items[i];
		else
			buffer_free(&namespaces->items[i].listeners);
	namespaces->count = kept;
}

int probe_namespaces_find(struct probe *probe)
{
	struct probe_namespaces *namespaces = probe->namespaces;
	size_t i;
	int err;

	for (i = 0; i < namespaces->count; i++) {
		namespaces->items[i].seen = namespaces->items[i].put_off = false;
		namespaces->items[i].pid = 0;
		namespaces->items[i].name[0] = '\0';
	}
	if (!find_or_add(namespaces, namespaces->own_inode))
		return -ENOMEM;
	err = find_by_process(probe);
	if (!err)
		err = find_by_name(probe);
	forget_unseen(namespaces);
	return err;
}

void probe_namespace_mark(struct probe *probe, __u32 inode)
{
	struct probe_namespace *namespace = find(probe->namespaces, inode);

	if (namespace)
	namespace->active = true;
}

static int only_if_same(int fd, __u32 inode)
{
	struct stat st;

	if (fd < 0)
		return fd;
	if (!fstat(fd, &st) && (__u32)st.st_ino == inode)
		return fd;
	close(fd);
	return -ESTALE;
}

/* A process that ends while its link is followed is "permission denied" (proc_ns_get_link()), or "no such process". */
static int reason_of(int err, __u32 pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/ns", pid);
	return (err == -EACCES || err == -ESRCH) && access(path, F_OK) ? -ENOENT : err;
}

/* A handle of the namespace; the inode is compared, because a pid or a name may be another's by now. */
static int open_namespace(const struct probe_namespace *namespace)
{
	char path[512];
	int fd = -ENOENT;

	if (namespace->pid) {
		snprintf(path, sizeof(path), "/proc/%u/ns/net", namespace->pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		fd = reason_of(only_if_same(fd < 0 ? -errno : fd, namespace->inode), namespace->pid);
	}
	if (fd < 0 && namespace->name[0]) {
		snprintf(path, sizeof(path), NETNS_FOLDER "/%s", namespace->name);
		fd = only_if_same(open_file(path), namespace->inode);
	}
	return fd;
}

int probe_namespace_enter(const struct probe *probe, const struct probe_namespace *namespace)
{
	int fd, err;

	if (namespace->inode == probe->namespaces->own_inode)
		return 0;
	fd = open_namespace(namespace);
	if (fd < 0)
		return fd;
	err = setns(fd, CLONE_NEWNET) ? -errno : 0;
	close(fd);
	return err;
}

void probe_namespace_leave(const struct probe *probe, const struct probe_namespace *namespace)
{
	if (namespace->inode == probe->namespaces->own_inode)
		return;
	/* Staying in the wrong namespace would make all that follows wrong. */
	if (setns(probe->namespaces->own_fd, CLONE_NEWNET))
		abort();
}

int probe_namespace_open(struct probe *probe, __u32 inode)
{
	const struct probe_namespace *namespace = find(probe->namespaces, inode);
	int fd;

	if (!namespace)
		return -ENOENT;
	if (inode != probe->namespaces->own_inode)
		return open_namespace(namespace);
	fd = fcntl(probe->namespaces->own_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return fd < 0 ? -errno : fd;
}

int probe_in_namespace(struct probe *probe, __u32 inode, int (*call)(void))
{
	const struct probe_namespace *namespace = find(probe->namespaces, inode);
	int result = namespace ? probe_namespace_enter(probe, namespace) : -ENOENT;

	if (result)
		return result;
	result = call();
	probe_namespace_leave(probe, namespace);
	return result;
}
