/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "asked_for.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "netns_find.h"

/* /proc has an entry for a thread, too, which its folder does not list. Returns its process; 0: there is none. */
static unsigned int process_of(unsigned int id)
{
	char path[32], line[128];
	unsigned int process = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/status", id);
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT || errno == ESRCH ? 0 : id;
	while (fgets(line, sizeof(line), file) && sscanf(line, "Tgid: %u", &process) != 1)
		;
	fclose(file);
	return process;
}

static void say_process(unsigned int id)
{
	unsigned int process = process_of(id);

	if (!process)
		fprintf(stderr, "sockstall: there is no process %u now\n", id);
	else if (process != id)
		fprintf(stderr, "sockstall: %u is a thread of process %u: --pid %u has it\n", id, process, process);
}

static void say_namespace(unsigned int inode)
{
	int fd = netns_open(inode);

	if (fd >= 0)
		close(fd);
	else if (fd == -ENOENT)
		fprintf(stderr, "sockstall: there is no network namespace %u now (lsns -t net lists them)\n", inode);
}

void asked_for_say_missing(const struct options *options)
{
	size_t i;

	for (i = 0; i < options->pid_count; i++)
		say_process(options->pids[i]);
	if (options->netns == NETNS_INODE)
		say_namespace(options->netns_inode);
}
