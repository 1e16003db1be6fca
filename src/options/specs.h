/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The tables of commands and options. The parser, --help, the man page and the completions of bash, zsh and fish are
 * all made from them: a new option is one entry in specs.c and one setter in values.c.
 */
#ifndef SOCKSTALL_OPTIONS_SPECS_H
#define SOCKSTALL_OPTIONS_SPECS_H

#include <stdbool.h>
#include <stddef.h>

#include "options/options.h"

/* Options of one group stand together, in specs.c and wherever they are listed. */
enum option_group {
	GROUP_CHOOSING,
	GROUP_SHOWING,
	GROUP_TIMING,
	GROUP_FILES,
	GROUP_REACTING,
	GROUP_ENDING,
	GROUP_GENERAL,
	GROUPS,
};

extern const char *const option_group_names[GROUPS];

/* The values that a shell offers for an option. Each shell's file in src/share has a function of that name. */
enum option_value {
	VALUE_FREE, /* nothing */
	VALUE_WORDS, /* .words */
	VALUE_FILES,
	VALUE_FOLDERS,
	VALUE_PIDS,
	VALUE_COMMS,
	VALUE_NETNS,
	VALUE_CGROUPS,
	VALUE_PROGRAMS,
	VALUE_CONDITIONS, /* "TYPE." of each type of record that has a life */
	VALUES,
};

struct option_spec {
	const char *name;
	char letter; /* 0: none */
	const char *argument; /* NULL: takes none */
	const char *expects; /* what the argument must be, for the message */
	const char *help; /* for --help and completions: at most 52 characters */
	const char *manual; /* for the man page, in scdoc's markup */
	enum option_group group;
	enum option_value value;
	const char *words; /* of VALUE_WORDS, separated by spaces */
	bool repeats; /* given twice, the values add up */
	unsigned int commands; /* bits of those that take it */
	size_t flag; /* without an argument: the bool in struct options */
	int (*set)(struct options *options, const char *text);
};

extern const struct option_spec option_specs[];
extern const size_t option_spec_count;

#define OPTION_SPECS_MOST 64 /* the parser keeps a bit for each */

#define EXAMPLES 2

struct command_spec {
	enum command command;
	const char *usage; /* its words, as in "replay FILE"; of the overview "(none)" */
	const char *help; /* for --help and completions: at most 60 characters */
	const char *manual; /* for the man page, in scdoc's markup */
	const char *examples[EXAMPLES]; /* command lines without "sockstall " */
	const char *alias; /* the name it had before, which is taken too; NULL: none */
};

/* All commands, in the order in which they are listed. */
extern const struct command_spec command_specs[];
extern const size_t command_spec_count;

const struct command_spec *command_spec(enum command command);

/* The command of this name or alias; COMMANDS: there is none. The overview has no name to be called by. */
enum command command_find(const char *word);

static inline bool option_fits(const struct option_spec *spec, enum command command)
{
	return spec->commands & 1u << command;
}

#endif
