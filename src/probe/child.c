// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Which child a thread waits for in wait4 or waitid. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/notes.h"

/* Threads of a process whose children are looked through, and children of each. */
#define MAX_PARENTS  64
#define MAX_CHILDREN 64

/* The last number of the line NSpid: the process's id in its own namespace, which is what its parent calls it. */
static __u32 own_id(__u32 pid)
{
	char name[64], line[512], *last;
	__u32 id = pid;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%u/status", pid);
	file = fopen(name, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "NSpid:", 6))
			continue;
		last = strrchr(line, '\t');
		if (last)
			id = (__u32)strtoul(last + 1, NULL, 10);
		break;
	}
	fclose(file);
	return id;
}

static void read_comm(__u32 pid, char comm[32])
{
	char name[64];
	FILE *file;

	comm[0] = '\0';
	snprintf(name, sizeof(name), "/proc/%u/comm", pid);
	file = fopen(name, "re");
	if (!file)
		return;
	if (fgets(comm, 32, file))
		comm[strcspn(comm, "\n")] = '\0';
	fclose(file);
}

struct search {
	__u32 wanted; /* the id that the parent waits for; 0: any child will do */
	__u32 found; /* as sockstall's namespace has it */
	int children;
};

static void search_children_of(struct search *search, __u32 pid, const char *tid)
{
	int left = MAX_CHILDREN;
	unsigned int child;
	char name[320];
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%u/task/%s/children", pid, tid);
	file = fopen(name, "re");
	if (!file)
		return;
	while (left-- && fscanf(file, "%u", &child) == 1) {
		search->children++;
		if (!search->found && (!search->wanted || own_id(child) == search->wanted))
			search->found = child;
	}
	fclose(file);
}

/* Any thread may wait for the children of all. */
static void search_children(struct search *search, __u32 pid)
{
	int left = MAX_PARENTS;
	struct dirent *entry;
	char name[64];
	DIR *tasks;

	snprintf(name, sizeof(name), "/proc/%u/task", pid);
	tasks = opendir(name);
	if (!tasks)
		return;
	while (left-- && (entry = readdir(tasks)))
		if (entry->d_name[0] != '.')
			search_children_of(search, pid, entry->d_name);
	closedir(tasks);
}

/* wait4(pid, …) and waitid(P_PID, pid, …) name the child; else it is known only where there is one. */
void probe_child_read(const struct thread_record *thread, char *text, size_t size)
{
	bool waitid = !strcmp(thread->syscall_name, "waitid");
	__s32 wanted = (__s32)thread->args[waitid ? 1 : 0];
	struct search search = { .wanted = wanted > 0 ? (__u32)wanted : 0 };
	char comm[32];

	text[0] = '\0';
	if (waitid && thread->args[0] != 1) /* P_PID */
		search.wanted = 0;
	search_children(&search, thread->pid);
	if (!search.found)
		return;
	read_comm(search.found, comm);
	if (search.wanted || search.children == 1)
		snprintf(text, size, "child %u %s", search.found, comm);
	else
		snprintf(text, size, "any of %d children, the first is %u %s", search.children, search.found, comm);
}
