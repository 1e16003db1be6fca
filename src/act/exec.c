/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "act/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "act/environment.h"
#include "act/exec_message.h"
#include "apart/apart.h"
#include "base/words.h"
#include "rows/json.h"

struct exec {
	struct apart helper; /* its socket does not block: what the helper has no room for is left out */
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
	struct exec_plan plan = {.words = words, .limit = limit};
	int most = 2 * EXEC_MESSAGE_MOST;
	int err = apart_start(&exec->helper, "sockstall-exec", exec_helper, &plan);

	if (err)
		return err;
	setsockopt(exec->helper.fd, SOL_SOCKET, SO_SNDBUF, &most, sizeof(most));
	return fcntl(exec->helper.fd, F_SETFL, O_NONBLOCK) ? -errno : 0;
}

int exec_open(struct exec **exec, const char *command, bool shell, unsigned int limit)
{
	struct exec *fresh = calloc(1, sizeof(*fresh));
	char *words[COMMAND_LINE_WORDS + 1];
	struct arena arena = {0};
	int err;

	*exec = fresh;
	if (!fresh)
		return -ENOMEM;
	fresh->helper = APART_NONE;
	err = split(command, shell, &arena, words);
	if (!err)
		err = start_helper(fresh, words, limit);
	arena_free(&arena);
	return err;
}

void exec_close(struct exec *exec)
{
	struct messages messages = {0};

	if (!exec)
		return;
	apart_end(&exec->helper);
	if (exec->left_out)
		messages_say(&messages, "--exec: records not handed on: %llu", exec->left_out);
	free(exec);
}

/* ---- Asking it ---- */

static int ask(struct exec *exec, const struct exec_message *message)
{
	struct buffer bytes = {0};
	int err = exec_message_pack(&bytes, message);

	if (!err && write(exec->helper.fd, bytes.data, bytes.size) < 0)
		err = -errno;
	buffer_free(&bytes);
	return err;
}

void exec_run(struct exec *exec, const struct row *row, struct messages *messages)
{
	struct exec_message message = {.hold = messages->hold};
	struct arena arena = {0};
	struct json json = {0};
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
