/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The facts about processes that runtime.c decides by. All of /proc/PID is hostile, and may vanish. The worker of
 * foreign.h reads their programs and mappings, for many of them at once.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "probe/internal.h"
#include "system/elf_sections.h"
#include "system/runtime.h"

/* More than any program has that one would want to know the runtime of: bytes of mappings, and threads. */
#define MAPPINGS_MAX (2u << 20)
#define MAX_THREADS  256

/* Processes that are asked about at once; of mappings, which may be long, fewer. */
#define PROGRAMS_AT_ONCE 32
#define MAPPINGS_AT_ONCE 16

#define HEAD_SIZE 64 /* sizeof(Elf64_Ehdr) */

/* ---- Whether it is Go ---- */

/* A program that is being found out about. */
struct program {
	struct runtime_question *process;
	struct foreign_question head, table, names; /* pieces of its file */
	bool elf; /* so far nothing speaks against it */
};

/* The pieces of a file, one after the other, each of which tells where the next one is. */
static void ask_piece(struct foreign_question *question, const struct runtime_question *process,
		      const struct elf_piece *piece)
{
	*question = (struct foreign_question){
		.request = {.kind = FOREIGN_PROGRAM,
			    .pid = process->pid,
			    .tid = process->pid,
			    .address = piece->offset,
			    .size = piece->size},
		.process_start_ns = process->process_start_ns,
	};
}

/* Asks the same piece of each program; put together so that it takes one round trip. */
static int ask_pieces(const struct scan *scan, struct program *programs, size_t count, size_t which,
		      struct buffer *bytes)
{
	struct foreign_question questions[PROGRAMS_AT_ONCE];
	size_t i, asked = 0;
	int err;

	for (i = 0; i < count; i++)
		if (programs[i].elf)
			questions[asked++] = *(const struct foreign_question *)((const char *)&programs[i] + which);
	err = foreign_ask(scan->foreign, questions, asked, bytes);
	for (i = asked = 0; i < count; i++) {
		if (!programs[i].elf)
			continue;
		programs[i].elf = !questions[asked].err;
		programs[i].process->unanswered |= questions[asked].err == -ETIMEDOUT;
		*(struct foreign_question *)((char *)&programs[i] + which) = questions[asked++];
	}
	return err;
}

static void find_table(struct program *program, const struct buffer *bytes)
{
	struct elf_piece piece;

	program->elf = program->elf && elf_find_table(bytes->data + program->head.at, program->head.size, &piece);
	if (program->elf)
		ask_piece(&program->table, program->process, &piece);
}

static void find_names(struct program *program, const struct buffer *bytes)
{
	struct elf_piece piece;

	program->elf = program->elf && elf_find_names(bytes->data + program->head.at, bytes->data + program->table.at,
						      program->table.size, &piece);
	if (program->elf)
		ask_piece(&program->names, program->process, &piece);
}

static void find_go(struct program *program, const struct buffer *bytes)
{
	program->process->go = program->elf && elf_is_go(bytes->data + program->table.at, program->table.size,
							 bytes->data + program->names.at, program->names.size);
}

static int find_programs(const struct scan *scan, struct runtime_question *processes, size_t count)
{
	static const struct elf_piece head = {0, HEAD_SIZE};
	struct program programs[PROGRAMS_AT_ONCE];
	struct buffer bytes = {0};
	size_t i;
	int err;

	for (i = 0; i < count; i++) {
		programs[i] = (struct program){.process = &processes[i], .elf = true};
		ask_piece(&programs[i].head, &processes[i], &head);
	}
	err = ask_pieces(scan, programs, count, offsetof(struct program, head), &bytes);
	for (i = 0; i < count && !err; i++)
		find_table(&programs[i], &bytes);
	if (!err)
		err = ask_pieces(scan, programs, count, offsetof(struct program, table), &bytes);
	for (i = 0; i < count && !err; i++)
		find_names(&programs[i], &bytes);
	if (!err)
		err = ask_pieces(scan, programs, count, offsetof(struct program, names), &bytes);
	for (i = 0; i < count && !err; i++)
		find_go(&programs[i], &bytes);
	buffer_free(&bytes);
	return err;
}

/* ---- What it has mapped, and its threads ---- */

static void take_mappings(struct runtime_facts *facts, const char *at, size_t size)
{
	const char *end = at + size, *stop, *path;
	char line[PATH_MAX];

	for (; at < end && (stop = memchr(at, '\n', (size_t)(end - at))); at = stop + 1) {
		path = memchr(at, '/', (size_t)(stop - at));
		if (!path)
			continue;
		snprintf(line, sizeof(line), "%.*s", (int)(stop - path < PATH_MAX ? stop - path : PATH_MAX - 1), path);
		runtime_mapping(facts, line);
	}
}

static void read_thread(struct runtime_facts *facts, int directory, const char *tid)
{
	char name[300], comm[32] = "";
	int fd;

	snprintf(name, sizeof(name), "%s/comm", tid);
	fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (read(fd, comm, sizeof(comm) - 1) > 0)
		runtime_thread(facts, comm);
	close(fd);
}

static void read_threads(struct runtime_facts *facts, __u32 pid)
{
	int left = MAX_THREADS;
	struct dirent *entry;
	char name[64];
	DIR *tasks;

	snprintf(name, sizeof(name), "/proc/%u/task", pid);
	tasks = opendir(name);
	if (!tasks)
		return;
	while (left-- && (entry = readdir(tasks)))
		if (entry->d_name[0] != '.')
			read_thread(facts, dirfd(tasks), entry->d_name);
	closedir(tasks);
}

static void judge(struct runtime_question *process, const char *mappings, size_t size)
{
	char link[64], path[PATH_MAX];
	struct runtime_facts facts = {.executable = path, .go = process->go};
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%u/exe", process->pid);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return;
	path[length] = '\0';
	if (!facts.go) {
		take_mappings(&facts, mappings, size);
		read_threads(&facts, process->pid);
	}
	process->runtime = runtime_of(&facts);
}

/* At most MAPPINGS_AT_ONCE of them. A Go program's say nothing more. */
static int find_runtimes(const struct scan *scan, struct runtime_question *processes, size_t count)
{
	struct foreign_question questions[MAPPINGS_AT_ONCE];
	size_t i, asked = 0;
	struct buffer bytes = {0};
	int err;

	for (i = 0; i < count; i++) {
		const struct runtime_question *process = &processes[i];

		if (!process->go)
			questions[asked++] = (struct foreign_question){
				.request = {.kind = FOREIGN_MAPS,
					    .pid = process->pid,
					    .tid = process->pid,
					    .size = MAPPINGS_MAX},
				.process_start_ns = process->process_start_ns,
			};
	}
	err = foreign_ask(scan->foreign, questions, asked, &bytes);
	for (i = asked = 0; i < count && !err; i++) {
		const struct foreign_question *answer = processes[i].go ? NULL : &questions[asked++];

		processes[i].unanswered |= answer && answer->err == -ETIMEDOUT;
		judge(&processes[i], answer ? bytes.data + answer->at : NULL, answer ? answer->size : 0);
	}
	buffer_free(&bytes);
	return err;
}

static size_t at_most(size_t count, size_t most)
{
	return count < most ? count : most;
}

int probe_runtimes(const struct scan *scan, struct runtime_question *processes, size_t count)
{
	size_t i;
	int err = 0;

	for (i = 0; i < count && !err; i += PROGRAMS_AT_ONCE)
		err = find_programs(scan, processes + i, at_most(count - i, PROGRAMS_AT_ONCE));
	for (i = 0; i < count && !err; i += MAPPINGS_AT_ONCE)
		err = find_runtimes(scan, processes + i, at_most(count - i, MAPPINGS_AT_ONCE));
	return err;
}
