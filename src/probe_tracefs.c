// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Ids of tracepoints. They are in tracefs only. Where it is not mounted (or hidden, as by
 * `ip netns exec`), a child mounts it in a mount namespace of its own, reads and exits: nobody else
 * ever sees that mount, and it is gone however the child ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe_internal.h"

static int read_id(const char *tracefs, const char *name)
{
	char path[256];
	FILE *file;
	int id = -1;

	snprintf(path, sizeof(path), "%s/events/syscalls/%s/id", tracefs, name);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fscanf(file, "%d", &id) != 1)
		id = -1;
	fclose(file);
	return id;
}

/* Returns whether there was a tracefs at all. */
static bool read_ids(struct tracepoint_ids *ids, const char *tracefs, const char *const *names, size_t count)
{
	char path[256];
	size_t i;

	snprintf(path, sizeof(path), "%s/events/syscalls", tracefs);
	if (access(path, R_OK))
		return false;
	for (i = 0; i < count; i++)
		ids->ids[i] = read_id(tracefs, names[i]);
	return true;
}

/* Any directory will do to mount on: the mount is the child's own. */
static int mount_privately(const char **where)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys", "/mnt", "/tmp" };
	size_t i;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (mount("tracefs", places[i], "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL))
			continue;
		*where = places[i];
		return 0;
	}
	return -errno;
}

static void child(int out, const char *const *names, size_t count)
{
	struct tracepoint_ids ids;
	const char *where = NULL;

	int err = mount_privately(&where);

	/* The exit status is the reason. */
	if (err)
		_exit(-err);
	if (!read_ids(&ids, where, names, count))
		_exit(ENOENT);
	_exit(write(out, &ids, sizeof(ids)) == sizeof(ids) ? 0 : EPIPE);
}

static int read_through_child(struct tracepoint_ids *ids, const char *const *names, size_t count)
{
	int pipes[2], status;
	ssize_t got;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0)
		child(pipes[1], names, count);
	close(pipes[1]);
	if (pid < 0) {
		close(pipes[0]);
		return -errno;
	}
	got = read(pipes[0], ids, sizeof(*ids));
	close(pipes[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (got == sizeof(*ids))
		return 0;
	return WIFEXITED(status) && WEXITSTATUS(status) ? -WEXITSTATUS(status) : -ENOENT;
}

int tracepoint_ids_read(struct tracepoint_ids *ids, const char *const *names, size_t count)
{
	size_t i;

	for (i = 0; i < sizeof(ids->ids) / sizeof(ids->ids[0]); i++)
		ids->ids[i] = -1;
	if (count > i)
		return -E2BIG;
	if (read_ids(ids, "/sys/kernel/tracing", names, count) ||
	    read_ids(ids, "/sys/kernel/debug/tracing", names, count))
		return 0;
	return read_through_child(ids, names, count);
}
