/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* sockstall: what is stuck on this machine, since when, why, and what will end it. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "apart/file_helper.h"
#include "base/out.h"
#include "output/explain.h"
#include "output/skill.h"
#include "probe/probe.h"
#include "rights/landlock.h"
#include "rights/privileges.h"
#include "run/run.h"

/*
 * A descriptor that the caller has closed would be given to what is opened next, and messages would end up in a
 * recording or a BPF map. So a descriptor that cannot be written to takes its place.
 */
static void fill_standard_descriptors(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* Flushes what went to stdout through stdio. */
static int finish_stdout(int code)
{
	errno = 0;
	if ((!fflush(stdout) && !ferror(stdout)) || errno == EPIPE || code)
		return code;
	fprintf(stderr, "sockstall: " OUT_FAILED "%s\n", strerror(errno ? errno : EIO));
	return EXIT_BROKE;
}

/* A recording may be hostile: what reads it can write no file, and where the kernel has Landlock only read. */
static int replay(const struct options *given)
{
	struct options options = *given;
	struct files files = FILES_NONE;
	int code, err = file_helper_open(&files, &options, session_is_interactive(&options, stdout));

	if (err) {
		fprintf(stderr, "sockstall: cannot set apart what makes files: %s\n", strerror(-err));
		return EXIT_BROKE;
	}
	landlock_only_read();
	privileges_drop(PRIVILEGE_REPLAY | (files.helper.fd >= 0 ? PRIVILEGE_ASKS_FILES : 0));
	code = run_replay(&options);
	file_helper_close(&files);
	return code;
}

static int dispatch(const struct options *options, int argc, char **argv)
{
	switch (options->scope.command) {
	case COMMAND_SCHEMA:
		return exit_code_of(schema_write(stdout));
	case COMMAND_EXPLAIN:
		return exit_code_of(explain_write(stdout, options->explained, out_width(stdout)));
	case COMMAND_CHECK:
		return run_check(options);
	case COMMAND_END:
		return run_end(options);
	case COMMAND_REPLAY:
		return replay(options);
	default:
		return run_live(options, argc, argv);
	}
}

int main(int argc, char **argv)
{
	struct options options;
	int code;

	fill_standard_descriptors();
	setlocale(LC_ALL, "");
	tzset(); /* while its file may be read */
	signal(SIGPIPE, SIG_IGN); /* a closed pipe ends it quietly */
	code = options_parse(&options, argc, argv);
	if (code)
		return code;
	if (options.help)
		code = exit_code_of(options_help(options.scope.command));
	else if (options.help_agent)
		code = exit_code_of(skill_write(stdout));
	else if (options.version)
		options_version(probe_library());
	else
		code = dispatch(&options, argc, argv);
	options_free(&options);
	return finish_stdout(code);
}
