/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "act/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "act/environment.h"
#include "act/exec_message.h"
#include "base/words.h"
#include "rows/json.h"

struct exec {
	pid_t helper;
	int requests; /* does not block: what the helper has no room for is left out */
	unsigned long long left_out;
};

/* ---- The helper ---- */

static int split(const char *command, bool shell, struct arena *arena, char *words[COMMAND_LINE_WORDS + 1])
{
	if (!shell)
		return command_line_split(command, arena, words) ? -ENOMEM : 0;
	words[0] = "/bin/sh";
	words[1] = "-c";
	words[2] = (char *)arena_printf(arena, "%s", command);
	words[3] = NULL;
	return 0;
}

static int start_helper(struct exec *exec, char *const *words, unsigned int limit)
{
	int ends[2], most = 2 * EXEC_MESSAGE_MOST, err = 0;
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &most, sizeof(most));
	exec->requests = ends[0];
	exec->helper = fork();
	if (exec->helper == 0)
		exec_helper(words, limit, ends[1], parent);
	if (exec->helper < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK))
		err = -errno;
	close(ends[1]);
	return err;
}

int exec_open(struct exec **exec, const char *command, bool shell, unsigned int limit)
{
	struct exec *fresh = calloc(1, sizeof(*fresh));
	char *words[COMMAND_LINE_WORDS + 1];
	struct arena arena = { 0 };
	int err;

	*exec = fresh;
	if (!fresh)
		return -ENOMEM;
	fresh->requests = -1;
	err = split(command, shell, &arena, words);
	if (!err)
		err = start_helper(fresh, words, limit);
	arena_free(&arena);
	return err;
}

static void wait_for(pid_t helper)
{
	const struct timespec piece = { .tv_nsec = 1000000 };
	int i;

	for (i = 0; i < 2000 && !waitpid(helper, NULL, WNOHANG); i++)
		nanosleep(&piece, NULL);
}

void exec_close(struct exec *exec)
{
	struct messages messages = { 0 };

	if (!exec)
		return;
	if (exec->requests >= 0)
		close(exec->requests);
	if (exec->helper > 0)
		wait_for(exec->helper);
	if (exec->left_out)
		messages_say(&messages, "--exec: records that could not be handed on: %llu", exec->left_out);
	free(exec);
}

/* ---- Asking it ---- */

static int ask(struct exec *exec, const struct exec_message *message)
{
	struct buffer bytes = { 0 };
	int err = exec_message_pack(&bytes, message);

	if (!err && write(exec->requests, bytes.data, bytes.size) < 0)
		err = -errno;
	buffer_free(&bytes);
	return err;
}

void exec_run(struct exec *exec, const struct row *row, struct messages *messages)
{
	struct exec_message message = { .hold = messages->hold };
	struct arena arena = { 0 };
	struct json json = { 0 };
	int err = json_row(&json, row);

	message.record = json.line.data;
	message.record_size = json.line.size;
	message.variables = field_environment(&arena, row);
	if (!err)
		err = message.variables ? ask(exec, &message) : -ENOMEM;
	/* The first, so that it is known at once; how many in the end. */
	if (err && !exec->left_out++)
		messages_say(messages, "--exec: cannot hand a record on: %s", strerror(-err));
	json_free(&json);
	arena_free(&arena);
}
