/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "act/exec_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "act/exec_message.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/messages.h"

#define MINUTE_NS    60000000000ULL
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct helper {
	char *const *words;
	int requests, children; /* children: signalfd of SIGCHLD */
	struct messages messages;
	pid_t running[EXEC_AT_ONCE]; /* 0: free */
	uint64_t left_out;
	unsigned int limit;
	size_t started;
	uint64_t *started_ns; /* `limit` of them, in turn; CLOCK_MONOTONIC */
	char bytes[EXEC_MESSAGE_MOST];
};

/* ---- What a command is given ---- */

/* A file in memory: nothing to wait for, whether it is read or not. Returns a descriptor at its begin. */
static int make_input(const struct exec_message *message)
{
	int input = memfd_create("sockstall", MFD_CLOEXEC), err;
	ssize_t written;

	if (input < 0)
		return -errno;
	written = pwrite(input, message->record, message->record_size, 0);
	if (written == (ssize_t)message->record_size)
		return input;
	err = written < 0 ? -errno : -ENOSPC;
	close(input);
	return err;
}

static char **make_environment(struct arena *arena, char **variables)
{
	const char *path = getenv("PATH");
	char **environment;
	size_t count = 0;

	while (variables[count])
		count++;
	environment = arena_alloc(arena, (count + 2) * sizeof(*environment));
	if (!environment)
		return NULL;
	environment[0] = (char *)arena_printf(arena, "PATH=%s", path && *path ? path : DEFAULT_PATH);
	memcpy(environment + 1, variables, count * sizeof(*environment));
	return environment;
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
	return err ? err
		   : posix_spawnattr_setflags(attributes,
					      POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

/* Returns 0 or an errno, also that of the exec. */
static int spawn(struct helper *helper, pid_t *pid, int input, char **environment)
{
	bool has_place = !helper->messages.hold && fcntl(STDERR_FILENO, F_GETFD) >= 0;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	err = plan_descriptors(&actions, input, has_place);
	if (!err)
		err = plan_signals(&attributes);
	if (!err)
		err = posix_spawnp(pid, helper->words[0], &actions, &attributes, helper->words, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

static int start(struct helper *helper, struct arena *arena, const struct exec_message *message, pid_t *pid)
{
	char **environment = make_environment(arena, message->variables);
	int input = environment ? make_input(message) : -ENOMEM, err;

	if (input < 0)
		return -input;
	err = spawn(helper, pid, input, environment);
	close(input);
	return err;
}

/* ---- Whether it may start ---- */

static pid_t *free_place(struct helper *helper)
{
	size_t i;

	for (i = 0; i < EXEC_AT_ONCE; i++)
		if (!helper->running[i])
			return &helper->running[i];
	return NULL;
}

/* The `limit`th start before this one was a minute ago. */
static bool is_within_limit(struct helper *helper, uint64_t now)
{
	uint64_t before = helper->started_ns[helper->started % helper->limit];

	if (before && now - before < MINUTE_NS)
		return false;
	helper->started_ns[helper->started++ % helper->limit] = now;
	return true;
}

static void run(struct helper *helper, struct arena *arena, const struct exec_message *message)
{
	pid_t *place = free_place(helper), pid = 0;
	int err;

	if (!place || !is_within_limit(helper, clock_ns(CLOCK_MONOTONIC))) {
		helper->left_out++;
		return;
	}
	err = start(helper, arena, message, &pid);
	if (err)
		messages_say(&helper->messages, "--exec: cannot run %s: %s", helper->words[0], strerror(err));
	else
		*place = pid;
}

/* ---- What has ended ---- */

static void tell_failure(struct helper *helper, pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		messages_say(&helper->messages, "--exec: %s (pid %d) was ended by signal %d", helper->words[0], pid,
			     WTERMSIG(status));
	else if (WEXITSTATUS(status))
		messages_say(&helper->messages, "--exec: %s (pid %d) failed with exit status %d", helper->words[0], pid,
			     WEXITSTATUS(status));
}

static void reap(struct helper *helper)
{
	int status;
	size_t i;

	for (i = 0; i < EXEC_AT_ONCE; i++) {
		if (!helper->running[i] || waitpid(helper->running[i], &status, WNOHANG) != helper->running[i])
			continue;
		tell_failure(helper, helper->running[i], status);
		helper->running[i] = 0;
	}
}

/* ---- What is asked for ---- */

/* false: sockstall has ended. */
static bool take_request(struct helper *helper)
{
	ssize_t size = recv(helper->requests, helper->bytes, sizeof(helper->bytes), MSG_TRUNC);
	struct exec_message message;
	struct arena arena = {0};
	int err;

	if (size <= 0)
		return size < 0 && errno == EINTR;
	err = exec_message_unpack(&message, &arena, helper->bytes, (size_t)size);
	if (err) {
		messages_say(&helper->messages, "--exec: a message that is refused: %s", strerror(-err));
	} else {
		helper->messages.hold = message.hold;
		run(helper, &arena, &message);
	}
	arena_free(&arena);
	return true;
}

/* It sleeps in poll(), and not in a read of a socket, which could be taken for a stall. */
static bool serve(struct helper *helper)
{
	struct pollfd wakers[] = {
		{.fd = helper->requests, .events = POLLIN},
		{.fd = helper->children, .events = POLLIN},
	};
	struct signalfd_siginfo child;

	if (poll(wakers, 2, -1) < 0)
		return errno == EINTR;
	if (wakers[1].revents && read(helper->children, &child, sizeof(child)) > 0)
		reap(helper);
	return !wakers[0].revents || take_request(helper);
}

/* ---- Setting it apart ---- */

static int open_children(void)
{
	sigset_t set;

	/* Ignored, as whoever starts sockstall may have left it, children could not be waited for. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void tell_left_out(struct helper *helper)
{
	if (helper->left_out)
		messages_say(&helper->messages, "--exec: starts left out: %llu (%d at once, %u a minute: --exec-limit)",
			     (unsigned long long)helper->left_out, EXEC_AT_ONCE, helper->limit);
	messages_end(&helper->messages);
}

void exec_helper(int requests, void *context)
{
	const struct exec_plan *plan = context;
	struct helper *helper = calloc(1, sizeof(*helper));
	uint64_t *started_ns = calloc(plan->limit, sizeof(*started_ns));

	if (!helper || !started_ns)
		_exit(1);
	helper->words = plan->words;
	helper->limit = plan->limit;
	helper->started_ns = started_ns;
	helper->requests = requests;
	helper->children = open_children();
	if (helper->children < 0)
		_exit(1);
	while (serve(helper))
		;
	reap(helper);
	tell_left_out(helper);
}
