/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The parts of the completions that are made from the tables of commands and options. */
#include <stdio.h>
#include <string.h>

#include "rows/column.h"
#include "rules/meanings.h"
#include "share/make/documents.h"

/*
 * Names of functions in the shells' files, "_sockstall_NAME" in bash and zsh and "__sockstall_NAME" in fish; NULL:
 * none.
 */
static const char *const functions[VALUES] = {
	[VALUE_FILES] = "files", [VALUE_FOLDERS] = "folders", [VALUE_PIDS] = "pids",	     [VALUE_COMMS] = "comms",
	[VALUE_NETNS] = "netns", [VALUE_CGROUPS] = "cgroups", [VALUE_PROGRAMS] = "programs",
};

/* The fixed words that an option takes, separated by spaces; none for others. */
static void put_words(const struct option_spec *spec)
{
	const char *space = "";

	if (spec->value == VALUE_WORDS)
		printf("%s", spec->words);
	for (enum row_type type = 0; spec->value == VALUE_CONDITIONS && type < ROW_TYPES; type++) {
		if (!row_may_be_stuck(type))
			continue;
		printf("%s%s.", space, row_type_names[type]);
		space = " ";
	}
}

static bool has_words(const struct option_spec *spec)
{
	return spec->value == VALUE_WORDS || spec->value == VALUE_CONDITIONS;
}

static void put_command_names(void)
{
	for (size_t i = 1; i < command_spec_count; i++) {
		printf("%s%s", i > 1 ? " " : "", command_names[command_specs[i].command]);
		if (command_specs[i].alias)
			printf(" %s", command_specs[i].alias);
	}
}

/* What `explain` takes: reports, and each verdict once. */
static void put_verdicts(void)
{
	const struct verdict_meaning *item, *before;
	const char *report = "";

	for (size_t i = 0; (item = verdict_meaning_at(i)); i++) {
		size_t j = 0;

		if (strcmp(report, item->report) != 0)
			printf("%s%s", i ? " " : "", item->report);
		report = item->report;
		while ((before = verdict_meaning_at(j)) != item && strcmp(before->verdict, item->verdict) != 0)
			j++;
		if (before == item)
			printf(" %s", item->verdict);
	}
}

/* ---- bash ---- */

int part_bash_verdicts(const char *what)
{
	(void)what;
	printf("\tlocal verdicts=\"");
	put_verdicts();
	printf("\"\n");
	return 0;
}

int part_bash_commands(const char *what)
{
	(void)what;
	printf("\tlocal commands=\"");
	put_command_names();
	printf("\"\n");
	return 0;
}

int part_bash_options(const char *what)
{
	(void)what;
	printf("\tlocal options=\"");
	for (size_t i = 0; i < option_spec_count; i++)
		printf("%s--%s", i ? " " : "", option_specs[i].name);
	printf("\"\n");
	return 0;
}

static void put_bash_value(const struct option_spec *spec)
{
	printf("\t--%s", spec->name);
	if (spec->letter)
		printf(" | -%c", spec->letter);
	printf(") ");
	if (functions[spec->value])
		printf("_sockstall_%s ", functions[spec->value]);
	if (has_words(spec)) {
		printf("_sockstall_words \"");
		put_words(spec);
		printf("\" ");
	}
	printf(";;\n");
}

int part_bash_values(const char *what)
{
	(void)what;
	for (size_t i = 0; i < option_spec_count; i++) {
		if (option_specs[i].argument)
			put_bash_value(&option_specs[i]);
	}
	return 0;
}

/* ---- zsh ---- */

int part_zsh_verdicts(const char *what)
{
	(void)what;
	printf("\tlocal -a verdicts=(");
	put_verdicts();
	printf(")\n");
	return 0;
}

/* Within single quotes; `special` gets a backslash. */
static void put_quoted(const char *text, const char *special)
{
	for (; *text; text++) {
		if (*text == '\'')
			printf("'\\''");
		else
			printf("%s%c", strchr(special, *text) ? "\\" : "", *text);
	}
}

int part_zsh_commands(const char *what)
{
	(void)what;
	for (size_t i = 1; i < command_spec_count; i++) {
		printf("\t\t'%s:", command_names[command_specs[i].command]);
		put_quoted(command_specs[i].help, "\\");
		printf("'\n");
		if (command_specs[i].alias)
			printf("\t\t'%s:the same as %s'\n", command_specs[i].alias,
			       command_names[command_specs[i].command]);
	}
	return 0;
}

/* "[help]:ARGUMENT:what to offer" */
static void put_zsh_rest(const struct option_spec *spec)
{
	putchar('[');
	put_quoted(spec->help, "\\[]");
	putchar(']');
	if (!spec->argument)
		return;
	putchar(':');
	put_quoted(spec->argument, "\\:");
	putchar(':');
	if (functions[spec->value]) {
		printf("_sockstall_%s", functions[spec->value]);
	} else if (has_words(spec)) {
		putchar('(');
		put_words(spec);
		putchar(')');
	} else {
		putchar(' ');
	}
}

/* Options that zsh does not offer beside this one: those with the same effect; beside --help and --version all. */
static void put_zsh_excluded(const struct option_spec *spec)
{
	if (spec->repeats)
		printf("'*'");
	else if (spec->group == GROUP_GENERAL)
		printf("'(- *)'");
	else if (spec->letter)
		printf("'(-%c --%s)'", spec->letter, spec->name);
}

static void put_zsh_option(const struct option_spec *spec)
{
	const char *value = spec->argument ? "=" : "";

	putchar('\t');
	put_zsh_excluded(spec);
	if (spec->letter)
		printf("{-%c%s,--%s%s}'", spec->letter, spec->argument ? "+" : "", spec->name, value);
	else
		printf("'--%s%s", spec->name, value);
	put_zsh_rest(spec);
	printf("' \\\n");
}

int part_zsh_options(const char *what)
{
	(void)what;
	for (size_t i = 0; i < option_spec_count; i++)
		put_zsh_option(&option_specs[i]);
	return 0;
}

/* ---- fish ---- */

#define FISH "complete -c sockstall"

int part_fish_verdicts(const char *what)
{
	(void)what;
	printf("set -l verdicts ");
	put_verdicts();
	printf("\n");
	return 0;
}

int part_fish_commands(const char *what)
{
	(void)what;
	printf("set -l commands ");
	put_command_names();
	printf("\n\n");
	for (size_t i = 1; i < command_spec_count; i++) {
		printf(FISH " -n \"not __fish_seen_subcommand_from $commands\" -a %s -d '",
		       command_names[command_specs[i].command]);
		put_escaped(command_specs[i].help, "\\'");
		printf("'\n");
		if (command_specs[i].alias)
			printf(FISH " -n \"not __fish_seen_subcommand_from $commands\" -a %s -d 'The same as %s'\n",
			       command_specs[i].alias, command_names[command_specs[i].command]);
	}
	return 0;
}

static void put_fish_value(const struct option_spec *spec)
{
	if (spec->value == VALUE_FILES) {
		printf(" -r -F");
		return;
	}
	printf(" -x");
	if (functions[spec->value])
		printf(" -a '(__sockstall_%s)'", functions[spec->value]);
	if (has_words(spec)) {
		printf(" -a '");
		put_words(spec);
		putchar('\'');
	}
}

int part_fish_options(const char *what)
{
	(void)what;
	for (size_t i = 0; i < option_spec_count; i++) {
		const struct option_spec *spec = &option_specs[i];

		printf(FISH);
		if (spec->letter)
			printf(" -s %c", spec->letter);
		printf(" -l %s", spec->name);
		if (spec->argument)
			put_fish_value(spec);
		printf(" -d '");
		put_escaped(spec->help, "\\'");
		printf("'\n");
	}
	return 0;
}
