/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "options/usage.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/text.h"
#include "options/specs.h"
#include "rules/meanings.h"

#define USAGE 2

int usage_error(const char *format, ...)
{
	struct buffer line = {0};
	char *message = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&message, format, arguments);
	va_end(arguments);
	if (length >= 0 && !text_printable(&line, message) && !buffer_append(&line, NULL, 1))
		fprintf(stderr, "sockstall: %s\n", line.data);
	else
		fputs("sockstall: bad usage\n", stderr);
	if (length >= 0)
		free(message);
	buffer_free(&line);
	return USAGE;
}

/* Behind the names of all commands those that some had before. */
static const char *command_at(size_t index)
{
	if (index >= command_spec_count)
		return command_specs[index - command_spec_count].alias;
	return command_specs[index].command == COMMAND_OVERVIEW ? NULL : command_names[command_specs[index].command];
}

int unknown_command(const char *word)
{
	const char *nearest = nearest_word(word, 2 * command_spec_count, command_at);

	if (nearest)
		return usage_error("unknown command '%s': did you mean '%s'?", word, nearest);
	return usage_error("unknown command '%s' (sockstall --help lists them)", word);
}

static const char *verdict_at(size_t index)
{
	return verdict_meaning_at(index)->verdict;
}

int unknown_verdict(const char *word, size_t count)
{
	const char *nearest = nearest_word(word, count, verdict_at);

	if (nearest)
		return usage_error("unknown verdict '%s': did you mean '%s'?", word, nearest);
	return usage_error("unknown verdict '%s' (sockstall explain lists them)", word);
}

static const char *option_at(size_t index)
{
	return option_specs[index].name;
}

int unknown_option(const char *argument)
{
	const char *nearest = NULL;
	char name[NEAREST_LENGTH + 1];

	if (!strncmp(argument, "--", 2)) {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(argument + 2, "="), argument + 2);
		nearest = nearest_word(name, option_spec_count, option_at);
	}
	if (nearest)
		return usage_error("unknown option '%s': did you mean '--%s'?", argument, nearest);
	return usage_error("unknown option '%s' (sockstall --help lists them)", argument);
}
