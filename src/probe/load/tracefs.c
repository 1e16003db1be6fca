/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Ids of tracepoints. They are in tracefs only. Where that is not mounted (or hidden, as by `ip netns exec` or a
 * container), init may have it; else it is opened without being mounted anywhere: nobody ever sees that, and it is
 * gone when it is closed, however sockstall ends. It is asked for with no option, least of all read-only: on older
 * kernels (mount_single() in fs/super.c of Linux 5.10) that would be made an option of every mount of tracefs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/array.h"
#include "probe/load/load.h"

static int read_id(int tracefs, const char *name)
{
	char path[256];
	FILE *file;
	int id = -1, fd;

	snprintf(path, sizeof(path), "events/syscalls/%s/id", name);
	fd = openat(tracefs, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	file = fdopen(fd, "r");
	if (!file) {
		close(fd);
		return -1;
	}
	if (fscanf(file, "%d", &id) != 1)
		id = -1;
	fclose(file);
	return id;
}

/* Returns a descriptor of a tracefs that is mounted, or -1. */
static int open_mounted(void)
{
	static const char *const places[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing",
					     "/proc/1/root/sys/kernel/tracing"};
	size_t i;

	for (i = 0; i < COUNT_OF(places); i++) {
		int fd = open(places[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0 && !faccessat(fd, "events/syscalls", R_OK, 0))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

/* Returns a descriptor of a tracefs that is mounted nowhere, or -errno. */
static int open_unmounted(void)
{
	int fs = fsopen("tracefs", FSOPEN_CLOEXEC), tracefs = -1, error;

	if (fs < 0)
		return -errno;
	if (!fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		tracefs = fsmount(fs, FSMOUNT_CLOEXEC,
				  MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	error = errno;
	close(fs);
	return tracefs < 0 ? -error : tracefs;
}

int tracepoint_ids_read(struct tracepoint_ids *ids, const char *const *names, size_t count)
{
	int tracefs;
	size_t i;

	for (i = 0; i < COUNT_OF(ids->ids); i++)
		ids->ids[i] = -1;
	if (count > i)
		return -E2BIG;
	tracefs = open_mounted();
	if (tracefs < 0)
		tracefs = open_unmounted();
	if (tracefs < 0)
		return tracefs;
	for (i = 0; i < count; i++)
		ids->ids[i] = read_id(tracefs, names[i]);
	close(tracefs);
	return 0;
}
