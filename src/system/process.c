/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAT_SIZE   1024
#define PF_EXITING  4 /* include/linux/sched.h */
#define FIELD_START 22 /* proc(5): starttime; the command name is the second */

/* The command name may hold spaces and brackets: it ends at the last one. */
int process_start_parse(const char *text, __u64 *ticks, char comm[16])
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')'), *at;
	size_t length;
	int field;

	if (!open || !close || close < open)
		return -EBADMSG;
	length = (size_t)(close - open - 1);
	memset(comm, 0, 16);
	memcpy(comm, open + 1, length < 15 ? length : 15);
	for (at = close, field = 2; at && field < FIELD_START; field++)
		at = strchr(at + 1, ' ');
	if (!at || at[1] < '0' || at[1] > '9')
		return -EBADMSG;
	*ticks = strtoull(at + 1, NULL, 10);
	return 0;
}

static int read_stat(__u32 pid, char text[STAT_SIZE])
{
	char path[32];
	ssize_t got;
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = read(fd, text, STAT_SIZE - 1);
	err = got < 0 ? -errno : 0;
	close(fd);
	text[got < 0 ? 0 : got] = '\0';
	return err;
}

int process_start(__u32 pid, __u64 *ticks, char comm[16])
{
	char text[STAT_SIZE];
	int err = read_stat(pid, text);

	return err ? err : process_start_parse(text, ticks, comm);
}

__u32 process_parent(__u32 pid)
{
	char text[STAT_SIZE];
	const char *close;
	unsigned int parent;

	if (read_stat(pid, text))
		return 0;
	close = strrchr(text, ')');
	return close && sscanf(close, ") %*c %u", &parent) == 1 ? parent : 0;
}

bool process_is_ending_parse(const char *text)
{
	const char *close = strrchr(text, ')');
	unsigned int flags;

	/* Behind the name: state, parent, group, session, terminal and its group, then the flags. */
	return close && sscanf(close, ") %*c %*d %*d %*d %*d %*d %u", &flags) == 1 && flags & PF_EXITING;
}

bool process_is_ending(__u32 pid)
{
	char text[STAT_SIZE];

	return read_stat(pid, text) || process_is_ending_parse(text);
}
