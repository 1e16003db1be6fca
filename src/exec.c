/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command_line.h"
#include "emit.h"
#include "field_text.h"

#define MINUTE_NS    60000000000ULL
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct exec {
	struct arena arena; /* of the words */
	char *words[COMMAND_LINE_WORDS + 1];
	struct messages *messages;
	pid_t running[EXEC_AT_ONCE]; /* 0: free */
	uint64_t left_out;
	unsigned int limit;
	size_t started;
	uint64_t started_ns[]; /* `limit` of them, in turn; CLOCK_MONOTONIC */
};

int exec_open(struct exec **exec, const char *command, bool shell, unsigned int limit, struct messages *messages)
{
	struct exec *fresh = calloc(1, sizeof(*fresh) + limit * sizeof(fresh->started_ns[0]));

	*exec = fresh;
	if (!fresh)
		return -ENOMEM;
	fresh->limit = limit;
	fresh->messages = messages;
	if (!shell)
		return command_line_split(command, &fresh->arena, fresh->words) ? -ENOMEM : 0;
	fresh->words[0] = "/bin/sh";
	fresh->words[1] = "-c";
	fresh->words[2] = (char *)arena_printf(&fresh->arena, "%s", command);
	return 0;
}

/* ---- What it is given ---- */

static int write_record(FILE *file, const struct row *row)
{
	const struct options options = { .json = true };
	void *state = NULL;
	int err = emit_json.open(&state, &options, file);

	if (!err)
		err = emit_json.record(state, row);
	emit_json.close(state);
	return err;
}

/* A file in memory: nothing to wait for, whether it is read or not. Returns a descriptor at its begin. */
static int make_input(const struct row *row)
{
	int input = memfd_create("sockstall", MFD_CLOEXEC), copy, err;
	FILE *file;

	if (input < 0)
		return -errno;
	copy = fcntl(input, F_DUPFD_CLOEXEC, 3);
	file = copy < 0 ? NULL : fdopen(copy, "w");
	err = file ? write_record(file, row) : -errno;
	if (file)
		fclose(file);
	if (!err && lseek(input, 0, SEEK_SET) < 0)
		err = -errno;
	if (!err)
		return input;
	close(input);
	return err;
}

/* stdout is data, so what it says goes to stderr; on a screen neither has a place. */
static int plan_descriptors(posix_spawn_file_actions_t *actions, int input, bool has_place)
{
	int err = posix_spawn_file_actions_adddup2(actions, input, STDIN_FILENO);

	if (!err && !has_place)
		err = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (!err)
		err = posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, STDOUT_FILENO);
	return err ? err : posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
}

static int plan_signals(posix_spawnattr_t *attributes)
{
	sigset_t set;
	int err;

	sigemptyset(&set);
	err = posix_spawnattr_setsigmask(attributes, &set);
	sigfillset(&set);
	if (!err)
		err = posix_spawnattr_setsigdefault(attributes, &set);
	if (!err)
		err = posix_spawnattr_setpgroup(attributes, 0);
	return err ? err : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
									POSIX_SPAWN_SETPGROUP);
}

/* Returns 0 or an errno, also that of the exec. */
static int spawn(struct exec *exec, pid_t *pid, int input, char **environment)
{
	bool has_place = !exec->messages->hold && fcntl(STDERR_FILENO, F_GETFD) >= 0;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	err = plan_descriptors(&actions, input, has_place);
	if (!err)
		err = plan_signals(&attributes);
	if (!err)
		err = posix_spawnp(pid, exec->words[0], &actions, &attributes, exec->words, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

/* ---- Whether it may start ---- */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static pid_t *free_place(struct exec *exec)
{
	size_t i;

	for (i = 0; i < EXEC_AT_ONCE; i++)
		if (!exec->running[i])
			return &exec->running[i];
	return NULL;
}

/* The `limit`th start before this one was a minute ago. */
static bool is_within_limit(struct exec *exec, uint64_t now)
{
	uint64_t before = exec->started_ns[exec->started % exec->limit];

	if (before && now - before < MINUTE_NS)
		return false;
	exec->started_ns[exec->started++ % exec->limit] = now;
	return true;
}

static int start(struct exec *exec, const struct row *row, pid_t *pid)
{
	const char *path = getenv("PATH");
	struct arena arena = { 0 };
	char **environment = field_environment(&arena, row, path && *path ? path : DEFAULT_PATH);
	int input = environment ? make_input(row) : -ENOMEM, err;

	err = input < 0 ? -input : spawn(exec, pid, input, environment);
	if (input >= 0)
		close(input);
	arena_free(&arena);
	return err;
}

void exec_run(struct exec *exec, const struct row *row)
{
	pid_t *place = free_place(exec), pid = 0;
	int err;

	if (!place || !is_within_limit(exec, now_ns())) {
		exec->left_out++;
		return;
	}
	err = start(exec, row, &pid);
	if (err)
		messages_say(exec->messages, "--exec: cannot run %s: %s", exec->words[0], strerror(err));
	else
		*place = pid;
}

static void tell_failure(const struct exec *exec, pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		messages_say(exec->messages, "--exec: %s (pid %d) was ended by signal %d", exec->words[0], pid,
			     WTERMSIG(status));
	else if (WEXITSTATUS(status))
		messages_say(exec->messages, "--exec: %s (pid %d) failed with exit status %d", exec->words[0], pid,
			     WEXITSTATUS(status));
}

void exec_reap(struct exec *exec)
{
	int status;
	size_t i;

	for (i = 0; i < EXEC_AT_ONCE; i++) {
		if (!exec->running[i] || waitpid(exec->running[i], &status, WNOHANG) != exec->running[i])
			continue;
		tell_failure(exec, exec->running[i], status);
		exec->running[i] = 0;
	}
}

void exec_close(struct exec *exec)
{
	if (!exec)
		return;
	exec_reap(exec);
	if (exec->left_out)
		messages_say(exec->messages, "--exec: starts that were left out: %llu (%d at once, %u a minute: --exec-limit)",
			     (unsigned long long)exec->left_out, EXEC_AT_ONCE, exec->limit);
	arena_free(&exec->arena);
	free(exec);
}
