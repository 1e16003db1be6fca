/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The parts of the man pages that are made from the tables of commands, options and verdicts. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rules/known.h"
#include "rules/meanings.h"
#include "share/make/documents.h"

#define MARKUP "\\*_" /* what scdoc gives a meaning */

int part_commands(const char *what)
{
	(void)what;
	for (size_t i = 0; i < command_spec_count; i++) {
		const struct command_spec *spec = &command_specs[i];
		const char *words = strchr(spec->usage, ' ');

		if (spec->command == COMMAND_OVERVIEW)
			continue;
		printf("*%s*", command_names[spec->command]);
		if (words)
			printf(" _%s_", words + 1);
		printf("\n\t%s\n\n\tExamples:", spec->manual);
		for (size_t j = 0; j < EXAMPLES; j++) {
			printf("%s _sockstall ", j ? "," : "");
			put_escaped(spec->examples[j], MARKUP);
			putchar('_');
		}
		printf("\n\n");
	}
	return 0;
}

static void put_option(const struct option_spec *spec)
{
	if (spec->letter)
		printf("*-%c*, ", spec->letter);
	printf("*--%s*", spec->name);
	if (spec->argument)
		printf(" _%s_", spec->argument);
	printf("\n\t%s\n\n", spec->manual);
}

int part_options(const char *what)
{
	(void)what;
	for (size_t i = 0; i < option_spec_count; i++) {
		if (!i || option_specs[i].group != option_specs[i - 1].group)
			printf("## %s\n\n", option_group_names[option_specs[i].group]);
		put_option(&option_specs[i]);
	}
	return 0;
}

/* ---- Verdicts ---- */

static const struct verdict_meanings *meanings_of(const char *report)
{
	for (size_t i = 0; report && i < verdict_meanings_count; i++) {
		if (!strcmp(verdict_meanings[i]->items->report, report))
			return verdict_meanings[i];
	}
	return NULL;
}

static void put_paragraph(const char *title, const char *text)
{
	if (!text)
		return;
	printf("\t_%s_: ", title);
	put_escaped(text, MARKUP);
	printf("\n\n");
}

int part_verdicts(const char *what)
{
	const struct verdict_meanings *table = meanings_of(what);

	for (size_t i = 0; table && i < table->count; i++) {
		const struct verdict_meaning *item = &table->items[i];

		printf("*%s*\n", item->verdict);
		put_paragraph("Meaning", item->meaning);
		put_paragraph("Evidence", item->evidence);
		put_paragraph("Usual cause", item->cause);
		put_paragraph("What to do", item->advice);
		put_paragraph("Known for it", known_programs(item->report, item->verdict));
	}
	return table ? 0 : -EINVAL;
}

int part_verdict_rows(const char *what)
{
	const struct verdict_meanings *table = meanings_of(what);

	for (size_t i = 0; table && i < table->count; i++)
		printf("| `%s` | %s |\n", table->items[i].verdict, table->items[i].meaning);
	return table ? 0 : -EINVAL;
}
