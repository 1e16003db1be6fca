/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "options/missing.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/messages.h"
#include "options/filter.h"
#include "system/netns.h"
#include "system/cgroup.h"
#include "system/unit.h"

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

/*
 * Reports are about processes: a thread that is asked for, as top -H names it, stands for its own. False: there is no
 * such process.
 */
static bool take_process(unsigned int *id)
{
	unsigned int process = asked_for_process(*id);

	if (!process) {
		messages_tell("there is no process %u now", *id);
		return false;
	}
	if (process != *id)
		messages_tell("%u is a thread of process %u: reporting that process", *id, process);
	*id = process;
	return true;
}

static bool namespace_is_there(unsigned int inode)
{
	int fd = netns_open(inode);

	if (fd >= 0)
		close(fd);
	return fd != -ENOENT;
}

static bool say_namespace(unsigned int inode)
{
	bool is_there = namespace_is_there(inode);

	if (!is_there)
		messages_tell("there is no network namespace %u now (lsns -t net lists them)", inode);
	return !is_there;
}

/* ---- By what processes are like ---- */

typedef bool fits_fn(const struct selection *selection, const char *process);

/* Whether any of the numbers that a folder of /proc lists fits; process is the path of its own folder. */
static bool any_fits(const char *path, fits_fn *fits, const struct selection *selection)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	char process[320];
	bool found = false;

	while (folder && !found && (entry = readdir(folder))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(process, sizeof(process), "%s/%s", path, entry->d_name);
		found = fits(selection, process);
	}
	if (folder)
		closedir(folder);
	return found;
}

static bool has_comm(const struct selection *selection, const char *process)
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
	return filter_is_comm(selection, comm);
}

static bool has_thread_of_comm(const struct selection *selection, const char *process)
{
	char path[336];

	snprintf(path, sizeof(path), "%s/task", process);
	return any_fits(path, has_comm, selection);
}

/* The name of a thread counts, too. */
static bool is_of_comm(const struct selection *selection, const char *process)
{
	return !selection->comm_count || has_comm(selection, process) || has_thread_of_comm(selection, process);
}

/* Also by the unit, which the cgroup tells. Names of pods and containers are not known before a look. */
static bool is_in_cgroup(const struct selection *selection, const char *process)
{
	bool asks = selection->cgroup || selection->unit;
	char *cgroup = asks ? process_cgroup((unsigned int)atoi(process + strlen("/proc/"))) : NULL;
	bool is = filter_is_in_cgroup(selection, cgroup) && (!selection->unit || unit_is(selection->unit, cgroup));

	free(cgroup);
	return is;
}

static bool is_asked_for(const struct selection *selection, const char *process)
{
	return filter_is_pid(selection, atoi(process + strlen("/proc/"))) && is_of_comm(selection, process) &&
	       is_in_cgroup(selection, process);
}

/* With hidepid= (proc(5)) other people's processes may not be seen at all: then nothing can be said. */
static bool sees_processes(void)
{
	return !access("/proc/1/comm", R_OK);
}

/* ---- All of them ---- */

/* Not necessarily one for all. */
static bool each_is_there(const struct selection *selection)
{
	const struct selection by_pid = {.pids = selection->pids, .pid_count = selection->pid_count};
	const struct selection by_comm = {.comms = selection->comms, .comm_count = selection->comm_count};
	const struct selection by_cgroup = {.cgroup = selection->cgroup, .unit = selection->unit};

	return any_fits("/proc", is_asked_for, &by_pid) && any_fits("/proc", is_asked_for, &by_comm) &&
	       any_fits("/proc", is_asked_for, &by_cgroup);
}

static bool process_is_there(const struct scope *scope)
{
	if (!scope->selection.pid_count && !scope->selection.comm_count && !scope->selection.cgroup &&
	    !scope->selection.unit)
		return true;
	if (!sees_processes())
		return true;
	return filter_is_by_link(scope) ? each_is_there(&scope->selection)
					: any_fits("/proc", is_asked_for, &scope->selection);
}

static bool netns_is_there(const struct selection *selection)
{
	size_t i;

	for (i = 0; i < selection->netns_count; i++)
		if (namespace_is_there(selection->netns_inodes[i]))
			return true;
	return !selection->netns_count;
}

/* Only a look knows the names of pods and containers: it tells which processes fit. */
static bool asks_for_names(const struct selection *selection)
{
	return selection->pod || selection->container;
}

bool asked_for_is_there(const struct scope *scope)
{
	return !asks_for_names(&scope->selection) && process_is_there(scope) && netns_is_there(&scope->selection);
}

static size_t say_place(const struct selection *selection)
{
	const struct selection by_cgroup = {.cgroup = selection->cgroup}, by_unit = {.unit = selection->unit};
	size_t missing = 0;

	if (!sees_processes())
		return 0;
	if (selection->cgroup && !any_fits("/proc", is_in_cgroup, &by_cgroup)) {
		messages_tell("there is no process in the cgroup %s now", selection->cgroup);
		missing++;
	}
	if (selection->unit && !any_fits("/proc", is_in_cgroup, &by_unit)) {
		messages_tell("there is no process in the unit %s now", selection->unit);
		missing++;
	}
	return missing;
}

/* One by one. Returns how many are missing. */
static size_t say_each(struct selection *selection)
{
	size_t i, missing = 0;

	for (i = 0; i < selection->pid_count; i++)
		missing += !take_process(&selection->pids[i]);
	for (i = 0; i < selection->netns_count; i++)
		missing += say_namespace(selection->netns_inodes[i]);
	for (i = 0; i < selection->comm_count && sees_processes(); i++) {
		struct selection one = {.comms = &selection->comms[i], .comm_count = 1};

		if (any_fits("/proc", has_comm, &one) || any_fits("/proc", has_thread_of_comm, &one))
			continue;
		messages_tell("there is no process or thread named %s now", selection->comms[i]);
		missing++;
	}
	return missing + say_place(selection);
}

bool asked_for_say_missing(struct scope *scope)
{
	size_t missing = say_each(&scope->selection);
	bool is_there = asked_for_is_there(scope);

	/* Each was there when it was asked for, and one may have gone since. */
	if (!missing && !is_there && !asks_for_names(&scope->selection) && !say_each(&scope->selection))
		messages_tell("there is no process now that fits --pid, --comm, --cgroup and --unit together");
	return is_there;
}

/* ---- Namespaces by name ---- */

static int use_namespace(struct selection *selection, int fd, const char *name)
{
	int err = netns_take_inode(fd, &selection->netns_inodes[selection->netns_count]);

	if (!err)
		selection->netns_count++;
	else if (err == -ENOENT)
		messages_tell("--netns: there is no network namespace named %s (ip netns lists them)", name);
	else
		messages_tell("--netns: %s: %s", name, strerror(-err));
	return err;
}

int asked_for_find_namespaces(struct selection *selection)
{
	size_t room = selection->netns_count + selection->netns_name_count + 1, i;
	uint32_t *inodes = calloc(room, sizeof(*inodes));
	int err = inodes ? 0 : -ENOMEM;

	for (i = 0; inodes && i < selection->netns_count; i++)
		inodes[i] = selection->netns_inodes[i];
	if (err)
		messages_tell("--netns: %s", strerror(-err));
	selection->netns_inodes = inodes;
	if (!err && selection->netns_self)
		err = use_namespace(selection, netns_open_own(), "self");
	for (i = 0; !err && i < selection->netns_name_count; i++)
		err = use_namespace(selection, netns_open_name(selection->netns_names[i]), selection->netns_names[i]);
	selection->netns_name_count = 0;
	return err;
}
