/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* --help, made from the tables of specs.h. */
#include <ctype.h>
#include <stdio.h>

#include "options/specs.h"

static void show_option(const struct option_spec *spec)
{
	char left[64];

	snprintf(left, sizeof(left), "%c%c%s --%s%s%s", spec->letter ? '-' : ' ', spec->letter ? spec->letter : ' ',
		 spec->letter ? "," : " ", spec->name, spec->argument ? " " : "", spec->argument ? spec->argument : "");
	printf("  %-26s %s\n", left, spec->help);
}

/* The options of one command, or of all, under the names of their groups. */
static void show_options(enum command command, bool all)
{
	int group = -1;

	for (size_t i = 0; i < option_spec_count; i++) {
		const struct option_spec *spec = &option_specs[i];

		if (!all && !option_fits(spec, command))
			continue;
		if ((int)spec->group != group)
			printf("\n%s:\n", option_group_names[spec->group]);
		group = (int)spec->group;
		show_option(spec);
	}
}

static void show_all(void)
{
	printf("Usage: sockstall [COMMAND] [OPTIONS]\n\n"
	       "Reports stuck handshakes, readers, writers, closing, loops, chains and threads.\n\n"
	       "Commands:\n");
	for (size_t i = 0; i < command_spec_count; i++)
		printf("  %-16s %s\n", command_specs[i].usage, command_specs[i].help);
	show_options(COMMAND_OVERVIEW, true);
	printf("\nDUR is 250ms, 2s, 5m, 1h; a bare number is seconds.\n"
	       "sockstall COMMAND --help shows the options of one command and two examples.\n"
	       "Exit status: 0 done, 1 could not run, 2 usage, 3 and 10 see --exit-code.\n");
}

static void show_command(const struct command_spec *spec)
{
	printf("Usage: sockstall %s [OPTIONS]\n\n%c%s.\n", spec->usage, toupper((unsigned char)*spec->help),
	       spec->help + 1);
	show_options(spec->command, false);
	printf("\nExamples:\n");
	for (size_t i = 0; i < EXAMPLES; i++)
		printf("  sockstall %s\n", spec->examples[i]);
}

void options_help(enum command command)
{
	if (command == COMMAND_OVERVIEW)
		show_all();
	else
		show_command(command_spec(command));
}

void options_version(const char *library)
{
	printf("sockstall %s (%s)\n", SOCKSTALL_VERSION, library);
}
