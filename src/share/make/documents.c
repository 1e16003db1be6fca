/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* documents [TEMPLATE]: writes the template (stdin) to stdout, with each line "@part@" replaced by that part. */
#include "share/make/documents.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static const struct {
	const char *name;
	int (*write)(const char *what);
} parts[] = {
	{"commands", part_commands},
	{"options", part_options},
	{"verdicts", part_verdicts},
	{"verdict-rows", part_verdict_rows},
	{"record", part_record},
	{"links", part_links},
	{"bash-commands", part_bash_commands},
	{"bash-options", part_bash_options},
	{"bash-values", part_bash_values},
	{"bash-verdicts", part_bash_verdicts},
	{"zsh-commands", part_zsh_commands},
	{"zsh-options", part_zsh_options},
	{"zsh-verdicts", part_zsh_verdicts},
	{"fish-commands", part_fish_commands},
	{"fish-options", part_fish_options},
	{"fish-verdicts", part_fish_verdicts},
};

void put_escaped(const char *text, const char *special)
{
	for (; *text; text++) {
		if (strchr(special, *text))
			putchar('\\');
		putchar(*text);
	}
}

/* line is "@NAME@" or "@NAME WHAT@", without its end. */
static int write_part(char *line)
{
	char *name = line + 1, *what;

	line[strlen(line) - 1] = '\0';
	what = strchr(name, ' ');
	if (what)
		*what++ = '\0';
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (!strcmp(name, parts[i].name))
			return parts[i].write(what);
	}
	return -EINVAL;
}

static int write_line(char *line)
{
	size_t length = strcspn(line, "\n");

	if (length < 3 || line[0] != '@' || line[length - 1] != '@')
		return fputs(line, stdout) < 0 ? -EIO : 0;
	line[length] = '\0';
	return write_part(line);
}

static int write_document(FILE *template)
{
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	while (!err && getline(&line, &size, template) > 0)
		err = write_line(line);
	if (err)
		fprintf(stderr, "documents: %s: %s\n", line, strerror(-err));
	free(line);
	return err;
}

int main(int argc, char **argv)
{
	FILE *template = argc > 1 ? fopen(argv[1], "re") : stdin;
	int err;

	if (!template) {
		perror(argv[1]);
		return EXIT_FAILURE;
	}
	err = write_document(template);
	fclose(template);
	return err || fflush(stdout) || ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
