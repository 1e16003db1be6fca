/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "options/missing.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options/filter.h"
#include "system/netns.h"
#include "system/process_cgroup.h"

/* /proc has an entry for a thread, too, which its folder does not list. */
unsigned int asked_for_process(unsigned int id)
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

/* Reports are about processes: a thread that is asked for, as top -H names it, stands for its own. */
static void take_process(unsigned int *id)
{
	unsigned int process = asked_for_process(*id);

	if (!process) {
		fprintf(stderr, "sockstall: there is no process %u now\n", *id);
		return;
	}
	if (process != *id)
		fprintf(stderr, "sockstall: %u is a thread of process %u: reporting that process\n", *id, process);
	*id = process;
}

static void say_namespace(unsigned int inode)
{
	int fd = netns_open(inode);

	if (fd >= 0)
		close(fd);
	else if (fd == -ENOENT)
		fprintf(stderr, "sockstall: there is no network namespace %u now (lsns -t net lists them)\n", inode);
}

/* ---- By what processes are like ---- */

typedef bool fits_fn(const struct options *options, const char *process);

/* Whether any of the numbers that a folder of /proc lists fits; process is the path of its own folder. */
static bool any_fits(const char *path, fits_fn *fits, const struct options *options)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	char process[320];
	bool found = false;

	while (folder && !found && (entry = readdir(folder))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(process, sizeof(process), "%s/%s", path, entry->d_name);
		found = fits(options, process);
	}
	if (folder)
		closedir(folder);
	return found;
}

static bool has_comm(const struct options *options, const char *process)
{
	char path[336], comm[32];
	FILE *file;
	bool has;

	snprintf(path, sizeof(path), "%s/comm", process);
	file = fopen(path, "re");
	if (!file)
		return false;
	has = fgets(comm, sizeof(comm), file);
	fclose(file);
	comm[has ? strcspn(comm, "\n") : 0] = '\0';
	return filter_is_comm(options, comm);
}

static bool has_thread_of_comm(const struct options *options, const char *process)
{
	char path[336];

	snprintf(path, sizeof(path), "%s/task", process);
	return any_fits(path, has_comm, options);
}

static bool is_in_cgroup(const struct options *options, const char *process)
{
	char *cgroup = process_cgroup((unsigned int)atoi(process + strlen("/proc/")));
	bool is = filter_is_in_cgroup(options, cgroup);

	free(cgroup);
	return is;
}

/* With hidepid= (proc(5)) other people's processes may not be seen at all: then nothing can be said. */
static bool sees_processes(void)
{
	return !access("/proc/1/comm", R_OK);
}

static void say_processes(const struct options *options)
{
	if (!sees_processes())
		return;
	if (options->comm && !any_fits("/proc", has_comm, options) && !any_fits("/proc", has_thread_of_comm, options))
		fprintf(stderr, "sockstall: there is no process or thread named %s now\n", options->comm);
	if (options->cgroup && !any_fits("/proc", is_in_cgroup, options))
		fprintf(stderr, "sockstall: there is no process in the cgroup %s now\n", options->cgroup);
}

void asked_for_say_missing(struct options *options)
{
	size_t i;

	for (i = 0; i < options->pid_count; i++)
		take_process(&options->pids[i]);
	if (options->netns == NETNS_INODE)
		say_namespace(options->netns_inode);
	say_processes(options);
}
