/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which child a thread waits for in wait4 or waitid, or most likely in a nested event loop. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/notes.h"

/* Threads of a process whose children are looked through, and children of each. */
#define MAX_PARENTS  64
#define MAX_CHILDREN 64

__u32 probe_inner_id(__u32 pid, const char *status, size_t size)
{
	const char *line = memmem(status, size, "\nNSpid:", 7), *end, *last;
	char number[16];

	if (!size)
		return 0;
	end = line ? memchr(line + 1, '\n', (size_t)(status + size - line - 1)) : NULL;
	last = end ? memrchr(line, '\t', (size_t)(end - line)) : NULL;
	if (!last)
		return pid;
	snprintf(number, sizeof(number), "%.*s", (int)(end - last - 1 < 15 ? end - last - 1 : 15), last + 1);
	return (__u32)strtoul(number, NULL, 10);
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
	struct probe *probe;
	const struct thread_record *parent;
	__u32 wanted; /* the id that the parent waits for; 0: any child will do */
	__u32 found; /* as sockstall's namespace has it */
	int children;
};

static size_t read_children(__u32 pid, const char *tid, __u32 children[MAX_CHILDREN])
{
	unsigned int child;
	size_t count = 0;
	char name[320];
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%u/task/%s/children", pid, tid);
	file = fopen(name, "re");
	if (!file)
		return 0;
	while (count < MAX_CHILDREN && fscanf(file, "%u", &child) == 1)
		children[count++] = child;
	fclose(file);
	return count;
}

/* A child that hangs whoever asks is its parent's affair: it is left alone with that. */
static int search_wanted(struct search *search, const __u32 *children, size_t count)
{
	struct foreign_question questions[MAX_CHILDREN];
	struct buffer answers = {0};
	size_t i;
	int err;

	for (i = 0; i < count; i++)
		questions[i] = (struct foreign_question){
			.request = {.kind = FOREIGN_STATUS, .pid = children[i], .tid = children[i], .size = 4096},
			.process_start_ns = search->parent->process_start_ns,
		};
	err = foreign_ask(search->probe->foreign, questions, count, &answers);
	for (i = 0; i < count && !err && !search->found; i++)
		if (probe_inner_id(children[i], answers.data + questions[i].at, questions[i].size) == search->wanted)
			search->found = children[i];
	buffer_free(&answers);
	return err;
}

static int search_children_of(struct search *search, const char *tid)
{
	__u32 children[MAX_CHILDREN];
	size_t count = read_children(search->parent->pid, tid, children);

	search->children += (int)count;
	if (search->found || !count)
		return 0;
	if (search->wanted)
		return search_wanted(search, children, count);
	search->found = children[0];
	return 0;
}

/* Any thread may wait for the children of all. */
static int search_children(struct search *search)
{
	int left = MAX_PARENTS, err = 0;
	struct dirent *entry;
	char name[64];
	DIR *tasks;

	snprintf(name, sizeof(name), "/proc/%u/task", search->parent->pid);
	tasks = opendir(name);
	if (!tasks)
		return 0;
	while (!err && left-- && (entry = readdir(tasks)))
		if (entry->d_name[0] != '.')
			err = search_children_of(search, entry->d_name);
	closedir(tasks);
	return err;
}

/* wait4(pid, …) and waitid(P_PID, pid, …) name the child; else it is known only where there is one. */
int probe_child_read(struct probe *probe, const struct thread_record *thread, char *text, size_t size)
{
	bool waitid = !strcmp(thread->syscall_name, "waitid");
	__s32 wanted = (__s32)thread->args[waitid ? 1 : 0];
	struct search search = {.probe = probe, .parent = thread, .wanted = wanted > 0 ? (__u32)wanted : 0};
	char comm[32];
	int err;

	text[0] = '\0';
	if (waitid && thread->args[0] != 1) /* P_PID */
		search.wanted = 0;
	err = search_children(&search);
	if (err || !search.found)
		return err;
	read_comm(search.found, comm);
	if (search.wanted || search.children == 1)
		snprintf(text, size, "child %u %s", search.found, comm);
	else
		snprintf(text, size, "any of %d children, the first is %u %s", search.children, search.found, comm);
	return 0;
}

/*
 * The child of a thread that waits for one in an event loop: it has just made it, so it is the last of the thread's own
 * children.
 */
void probe_child_last(const struct thread_record *thread, char *text, size_t size)
{
	__u32 children[MAX_CHILDREN];
	char tid[16], comm[32];
	size_t count;

	snprintf(tid, sizeof(tid), "%u", thread->tid);
	count = read_children(thread->pid, tid, children);
	text[0] = '\0';
	if (!count || count == MAX_CHILDREN)
		return;
	read_comm(children[count - 1], comm);
	snprintf(text, size, "child %u %s", children[count - 1], comm);
}
