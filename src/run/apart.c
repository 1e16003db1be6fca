/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "run/apart.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "apart/address_helper.h"
#include "base/messages.h"

static int tell(const char *what, int err)
{
	if (err)
		fprintf(stderr, "sockstall: %s: %s\n", what, strerror(-err));
	return err;
}

static int open_exec(struct run_apart *apart, const struct reacting *reacting)
{
	if (!reacting->exec_command)
		return 0;
	return tell("--exec", exec_open(&apart->exec, reacting->exec_command, reacting->shell, reacting->exec_limit));
}

static int open_acting(struct run_apart *apart, struct options *options)
{
	if (!options->scope.interactive || options->ending.read_only)
		return 0;
	options->helpers.acting = &apart->asker;
	return tell("cannot set apart what ends connections", act_helper_open(&apart->asker));
}

static int open_addresses(struct run_apart *apart, struct options *options)
{
	if (options->scope.command != COMMAND_CHAINS && !options->scope.causes)
		return 0;
	options->helpers.addresses = &apart->addresses;
	return tell("cannot set apart what asks for addresses", address_helper_start(&apart->addresses));
}

/* If metrics cannot write at all, sockstall says so before the first look. */
static int try_textfile(struct run_apart *apart, const struct sinks *sinks)
{
	FILE *stream;
	int err;

	if (!sinks->textfile)
		return 0;
	err = files_make(&apart->files, FILE_METRICS, &stream, NULL, 0);
	if (err)
		messages_tell("cannot write to %s: %s", sinks->textfile,
			      err == -ELOOP ? "a symbolic link on the way belongs to another user" : strerror(-err));
	else
		files_drop(&apart->files, stream);
	return err;
}

int run_apart_open(struct run_apart *apart, struct options *options)
{
	int err = open_exec(apart, &options->reacting);

	if (!err)
		err = open_acting(apart, options);
	if (!err)
		err = open_addresses(apart, options);
	if (!err)
		err = tell("cannot set apart what makes files",
			   file_helper_open(&apart->files, options, options->scope.interactive));
	return err ? err : try_textfile(apart, &options->sinks);
}

void run_apart_close(struct run_apart *apart)
{
	exec_close(apart->exec);
	act_helper_close(&apart->asker);
	apart_end(&apart->addresses);
	file_helper_close(&apart->files);
}
