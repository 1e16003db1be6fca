/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Arguments of the options that end something or that react to something. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/words.h"
#include "options/values.h"

/* Conditions are parsed when all options are known. */
int option_set_on_stall(struct options *options, const char *text)
{
	options->reacting.on_stall_text = text;
	return *text ? 0 : -EINVAL;
}

int option_set_dump_on(struct options *options, const char *text)
{
	options->reacting.dump_on_text = text;
	return *text ? 0 : -EINVAL;
}

int option_set_dump_file(struct options *options, const char *text)
{
	options->reacting.dump_file = text;
	return *text ? 0 : -EINVAL;
}

int option_set_exec(struct options *options, const char *text)
{
	options->reacting.exec_command = text;
	return *text ? 0 : -EINVAL;
}

int option_set_exec_limit(struct options *options, const char *text)
{
	uint64_t number;

	if (number_parse(text, 1, EXEC_LIMIT_MOST, &number))
		return -EINVAL;
	options->reacting.exec_limit = (unsigned int)number;
	return 0;
}

int option_set_flight(struct options *options, const char *text)
{
	return duration_parse_within(text, NS_PER_S, 3600 * NS_PER_S, &options->reacting.flight_ns);
}

int option_set_how(struct options *options, const char *text)
{
	enum act_how how;

	for (how = ACT_CHOOSE + 1; how < ACT_HOWS; how++) {
		if (strcmp(text, act_how_names[how]))
			continue;
		options->ending.how = how;
		return 0;
	}
	return -EINVAL;
}

/* As setsockopt(2) takes them: TCP_KEEPIDLE and TCP_KEEPINTVL up to 32767 s, TCP_KEEPCNT up to 127. */
static int parse_keepalive_time(const char **text, unsigned int *seconds)
{
	size_t length = strcspn(*text, ",");
	char item[24];
	uint64_t ns;

	if (!(*text)[length] || length >= sizeof(item))
		return -EINVAL;
	memcpy(item, *text, length);
	item[length] = '\0';
	if (duration_parse_within(item, NS_PER_S, 32767 * NS_PER_S, &ns) || ns % NS_PER_S)
		return -EINVAL;
	*seconds = (unsigned int)(ns / NS_PER_S);
	*text += length + 1;
	return 0;
}

int option_set_keepalive(struct options *options, const char *text)
{
	struct act_times *times = &options->ending.times;
	uint64_t probes;

	if (parse_keepalive_time(&text, &times->time_s) || parse_keepalive_time(&text, &times->interval_s) ||
	    number_parse(text, 1, 127, &probes))
		return -EINVAL;
	times->probes = (unsigned int)probes;
	return 0;
}

static const char *check_condition(struct arena *arena, const char *name, const char *text, struct condition *condition)
{
	const char *error = text ? condition_parse(condition, arena, text) : NULL;

	return error ? arena_printf(arena, "--%s: %s", name, error) : NULL;
}

static const char *check_command(const struct reacting *reacting, struct arena *arena)
{
	char *words[COMMAND_LINE_WORDS + 1];
	const char *error = NULL;

	if (reacting->exec_command && !reacting->shell)
		error = command_line_split(reacting->exec_command, arena, words);
	return error ? arena_printf(arena, "--exec: %s", error) : NULL;
}

const char *option_check_reactions(struct options *options, struct arena *arena)
{
	const char *error;

	if (!options->reacting.on_stall_text != !options->reacting.exec_command)
		return "--on-stall and --exec need each other";
	if (!options->reacting.exec_command && options->reacting.shell)
		return "--shell needs --exec";
	if (!options->reacting.flight_ns && (options->reacting.dump_on_text || options->reacting.dump_file))
		return options->reacting.dump_on_text ? "--dump-on needs --flight" : "--dump-file needs --flight";
	if (options->pace.once && options->reacting.flight_ns)
		return "--once and --flight exclude each other";
	error = check_condition(arena, "on-stall", options->reacting.on_stall_text, &options->reacting.on_stall);
	if (!error)
		error = check_condition(arena, "dump-on", options->reacting.dump_on_text, &options->reacting.dump_on);
	return error ? error : check_command(&options->reacting, arena);
}
