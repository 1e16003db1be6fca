/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* --help, made from the tables of specs.h. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/out.h"
#include "options/specs.h"

static void show_option(FILE *out, const struct option_spec *spec)
{
	char left[64];

	snprintf(left, sizeof(left), "%c%c%s --%s%s%s", spec->letter ? '-' : ' ', spec->letter ? spec->letter : ' ',
		 spec->letter ? "," : " ", spec->name, spec->argument ? " " : "", spec->argument ? spec->argument : "");
	fprintf(out, "  %-26s %s\n", left, spec->help);
}

/* The options of one command, or of all, under the names of their groups. */
static void show_options(FILE *out, enum command command, bool all)
{
	int group = -1;

	for (size_t i = 0; i < option_spec_count; i++) {
		const struct option_spec *spec = &option_specs[i];

		if (!all && !option_fits(spec, command))
			continue;
		if ((int)spec->group != group)
			fprintf(out, "\n%s:\n", option_group_names[spec->group]);
		group = (int)spec->group;
		show_option(out, spec);
	}
}

static void show_all(FILE *out)
{
	fprintf(out, "Usage: sockstall [COMMAND] [OPTIONS]\n\n"
		     "Reports what is stuck: services, handshakes, readers, writers, loops, chains.\n\n"
		     "Commands:\n");
	for (size_t i = 0; i < command_spec_count; i++)
		fprintf(out, "  %-17s %s\n", command_specs[i].usage, command_specs[i].help);
	show_options(out, COMMAND_OVERVIEW, true);
	fprintf(out, "\nDUR is 250ms, 2s, 5m, 1h; a bare number is seconds.\n"
		     "sockstall COMMAND --help shows the options of one command and two examples.\n"
		     "Exit status: 0 done, 1 could not run, 2 usage, 3 and 10 see --exit-code.\n");
}

static void show_command(FILE *out, const struct command_spec *spec)
{
	fprintf(out, "Usage: sockstall %s [OPTIONS]\n\n%c%s.\n", spec->usage, toupper((unsigned char)*spec->help),
		spec->help + 1);
	show_options(out, spec->command, false);
	fprintf(out, "\nExamples:\n");
	for (size_t i = 0; i < EXAMPLES; i++)
		fprintf(out, "  sockstall %s\n", spec->examples[i]);
}

int options_help(enum command command)
{
	struct buffer text = {0};
	FILE *out = open_memstream(&text.data, &text.size);
	int err;

	if (!out)
		return -ENOMEM;
	if (command == COMMAND_OVERVIEW)
		show_all(out);
	else
		show_command(out, command_spec(command));
	err = fclose(out) ? -ENOMEM : out_write(stdout, &text);
	free(text.data);
	return err ? err : out_flush(stdout);
}

void options_version(const char *library)
{
	printf("sockstall %s (%s)\n", SOCKSTALL_VERSION, library);
}
