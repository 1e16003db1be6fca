/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"
#include "options/ages.h"
#include "options/specs.h"
#include "options/usage.h"
#include "options/values.h"
#include "rules/meanings.h"

#define COULD_NOT_RUN 1

#define LONG_ONLY 0x1000 /* what getopt_long() returns for option_specs[i] is LONG_ONLY + i */

/* The words of the command line, for checks across options. */
struct parser {
	struct options *options;
	uint64_t given; /* bits by index in option_specs */
	bool command_taken, replay_without_file;
};

static void make_getopt_tables(struct option longs[OPTION_SPECS_MOST + 1], char letters[2 * OPTION_SPECS_MOST + 3])
{
	char *letter = letters;
	size_t i;

	/* In order, wherever words and options stand, POSIXLY_CORRECT or not; and messages are ours. */
	*letter++ = '-';
	*letter++ = ':';
	memset(longs, 0, (option_spec_count + 1) * sizeof(*longs));
	for (i = 0; i < option_spec_count; i++) {
		longs[i].name = option_specs[i].name;
		longs[i].has_arg = option_specs[i].argument ? required_argument : no_argument;
		longs[i].val = LONG_ONLY + (int)i;
		if (!option_specs[i].letter)
			continue;
		*letter++ = option_specs[i].letter;
		if (option_specs[i].argument)
			*letter++ = ':';
	}
	*letter = '\0';
}

/* The option that getopt_long() returned. */
static const struct option_spec *spec_of(int value)
{
	size_t i;

	if (value >= LONG_ONLY && value < LONG_ONLY + (int)option_spec_count)
		return &option_specs[value - LONG_ONLY];
	for (i = 0; i < option_spec_count; i++) {
		if (value && option_specs[i].letter == value)
			return &option_specs[i];
	}
	return NULL;
}

static int take_option(struct parser *parser, const struct option_spec *spec, const char *text)
{
	int err;

	parser->given |= 1ull << (spec - option_specs);
	if (!spec->argument) {
		*(bool *)((char *)parser->options + spec->flag) = true;
		return 0;
	}
	err = spec->set(parser->options, text);
	if (!err)
		return 0;
	if (err == -ENOMEM) {
		fprintf(stderr, "sockstall: no memory for --%s\n", spec->name);
		return COULD_NOT_RUN;
	}
	return usage_error("--%s: expected %s, got '%s'", spec->name, spec->expects, text);
}

static int take_selector_word(struct options *options, const char *word)
{
	if (options->ending.word_count == SELECTOR_WORDS)
		return usage_error("unexpected argument '%s'", word);
	options->ending.words[options->ending.word_count++] = word;
	return 0;
}

/* Behind "help" it is the command whose help is shown. */
static int take_command(struct parser *parser, enum command command)
{
	struct options *options = parser->options;

	options->help = options->scope.command == COMMAND_HELP;
	options->scope.command = command;
	options->scope.command_given = command != COMMAND_REPLAY;
	parser->command_taken = true;
	parser->replay_without_file = command == COMMAND_REPLAY;
	return 0;
}

static int take_explained(struct options *options, const char *word)
{
	const struct verdict_meaning *meaning;
	size_t count = 0;

	for (; (meaning = verdict_meaning_at(count)); count++) {
		if (verdict_meaning_is(meaning, word)) {
			options->explained = word;
			return 0;
		}
	}
	return unknown_verdict(word, count);
}

#define REPLAYED_MOST 256

/* The file of replay; of several hosts more of them. */
static int take_recording(struct parser *parser, const char *word)
{
	struct options *options = parser->options;
	const char **files;

	if (!*word)
		return usage_error("replay needs the name of a recording");
	if (!parser->replay_without_file && command_find(word) != COMMANDS)
		return usage_error("replay shows what was recorded; a file with the name of a command is ./%s", word);
	if (options->replay_count == REPLAYED_MOST)
		return usage_error("replay takes %d recordings at most", REPLAYED_MOST);
	files = arena_alloc(&options->texts, (options->replay_count + 1) * sizeof(*files));
	if (!files) {
		fputs("sockstall: no memory for the names of recordings\n", stderr);
		return COULD_NOT_RUN;
	}
	if (options->replay_count)
		memcpy(files, options->replay_files, options->replay_count * sizeof(*files));
	files[options->replay_count++] = word;
	options->replay_files = files;
	options->replay_file = files[0];
	parser->replay_without_file = false;
	return 0;
}

/* A word that is no option: the command, behind "help" another one, or the file of replay. */
static int take_word(struct parser *parser, const char *word)
{
	struct options *options = parser->options;
	enum command command;

	if (options->help) /* behind "help COMMAND" */
		return usage_error("unexpected argument '%s'", word);
	if (options->scope.command == COMMAND_REPLAY)
		return take_recording(parser, word);
	if (options->scope.command == COMMAND_END)
		return take_selector_word(options, word);
	if (options->scope.command == COMMAND_EXPLAIN && !options->explained)
		return take_explained(options, word);
	if (parser->command_taken && options->scope.command != COMMAND_HELP)
		return usage_error("unexpected argument '%s'", word);
	command = command_find(word);
	return command == COMMANDS ? unknown_command(word) : take_command(parser, command);
}

/* Reports an argument that getopt_long() refused; `argument` is the one it stopped at. */
static int getopt_error(int result, const char *argument)
{
	const struct option_spec *spec = spec_of(optopt);

	if (result == ':' && spec)
		return usage_error("--%s needs a value: %s", spec->name, spec->expects);
	if (spec && !spec->argument)
		return usage_error("--%s takes no value", spec->name);
	if (optopt)
		return usage_error("unknown option '-%c' (sockstall --help lists them)", optopt);
	return unknown_option(argument);
}

/* It is told what it can do, and does nothing else. */
static bool only_says(const struct options *options)
{
	return options->help || options->help_agent || options->version;
}

static int take_arguments(struct parser *parser, int argc, char **argv)
{
	struct option longs[OPTION_SPECS_MOST + 1];
	char letters[2 * OPTION_SPECS_MOST + 3];
	const struct option_spec *spec;
	int result, err = 0;

	make_getopt_tables(longs, letters);
	optind = 0; /* glibc: begin anew */
	while (!err && (result = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		spec = spec_of(result);
		if (result == 1)
			err = take_word(parser, optarg);
		else if (spec)
			err = take_option(parser, spec, optarg);
		else
			err = getopt_error(result, argv[optind - 1]);
		if (spec && only_says(parser->options))
			return err;
	}
	for (; !err && optind < argc; optind++)
		err = take_word(parser, argv[optind]);
	return err;
}

static bool is_given(const struct parser *parser, const char *name)
{
	size_t i;

	for (i = 0; i < option_spec_count; i++) {
		if (!strcmp(option_specs[i].name, name))
			return parser->given & 1ull << i;
	}
	return false;
}

/* Checks the options that react to a stall which meets a condition. */
static int check_reactions(struct parser *parser)
{
	struct options *options = parser->options;
	struct arena arena = {0};
	const char *error;
	int err = 0;

	if (!options->reacting.exec_command && is_given(parser, "exec-limit"))
		return usage_error("--exec-limit needs --exec");
	error = option_check_reactions(options, &arena) ?: option_read_hosts(options, &arena);
	if (error)
		err = usage_error("%s", error);
	arena_free(&arena);
	return err;
}

#define NAMED_MOST 3

/* "--how is for end: it cannot be used with readers"; where many commands take the option, without their names. */
static int does_not_fit(const struct option_spec *spec, enum command command)
{
	const char *names[NAMED_MOST] = {"", "", ""};
	size_t i, count = 0;

	for (i = 0; i < command_spec_count; i++) {
		if (option_fits(spec, command_specs[i].command) && count++ < NAMED_MOST)
			names[count - 1] = command_names[command_specs[i].command];
	}
	if (count > NAMED_MOST)
		return usage_error("--%s cannot be used with %s", spec->name, command_names[command]);
	return usage_error("--%s is for %s%s%s%s%s: --%s cannot be used with %s", spec->name, names[0],
			   count > 1 ? ", " : "", names[1], count > 2 ? ", " : "", names[2], spec->name,
			   command_names[command]);
}

/* Options that make no sense together, or not with this command. */
static int check_combinations(struct parser *parser)
{
	struct options *options = parser->options;
	size_t i;
	int err;

	if (parser->replay_without_file)
		return usage_error("replay needs the name of a recording");
	for (i = 0; i < option_spec_count; i++) {
		if (parser->given & 1ull << i && !option_fits(&option_specs[i], options->scope.command))
			return does_not_fit(&option_specs[i], options->scope.command);
	}
	if (options->scope.command == COMMAND_THREADS && !options->scope.selection.pid_count)
		return usage_error("threads needs a process: --pid PID");
	if (options->scope.command == COMMAND_EPOLL && options->scope.watches && !options->scope.selection.pid_count)
		return usage_error("--watches needs a process: --pid PID");
	if (options->scope.command == COMMAND_END && !options->ending.word_count)
		return usage_error("end needs the id of a stall, or a selector like pid=123 fd=4");
	if (is_given(parser, "keepalive") && options->ending.how != ACT_KEEPALIVE)
		return usage_error("--keepalive needs --how keepalive");
	if (options->scope.command == COMMAND_METRICS && !options->sinks.textfile)
		return usage_error("metrics needs a folder to write to: --textfile DIR");
	err = check_reactions(parser);
	if (err)
		return err;
	if (options->pace.once && options->pace.interval_given)
		return usage_error("--once and --interval exclude each other: there is one look");
	if (options->pace.once && options->pace.duration_ns)
		return usage_error("--once and --duration exclude each other");
	if (options->sinks.json && options->sinks.otlp)
		return usage_error("--json and --otlp exclude each other");
	if (options->ending.read_only && (options->sinks.json || options->sinks.otlp || options->pace.once))
		return usage_error("--read-only is for the live view: --json, --otlp and --once end nothing");
	if (options->sinks.diff_file && options->replay_count > 1)
		return usage_error("--diff compares two recordings: replay A --diff B");
	if (options->sinks.diff_file &&
	    (options->sinks.html_file || options->sinks.trace_file || options->pace.once || options->scope.watches))
		return usage_error("--diff excludes --html, --trace, --once and --watches");
	if ((options->sinks.html_file || options->sinks.trace_file) &&
	    (options->sinks.json || options->sinks.otlp || options->pace.once))
		return usage_error("--%s excludes --json, --otlp and --once",
				   options->sinks.html_file ? "html" : "trace");
	if (options->sinks.force && options->scope.command != COMMAND_END && !options->sinks.html_file &&
	    !options->sinks.trace_file && !options->sinks.record_file)
		return usage_error("--force needs a file that is written: --record FILE, --html FILE or --trace FILE");
	if (options->scope.command == COMMAND_REPLAY && options->scope.selection.netns_self)
		return usage_error("--netns self cannot be used with replay: give its inode or name");
	return 0;
}

static void set_defaults(struct options *options)
{
	const char *no_color = getenv("NO_COLOR");

	*options = (struct options){
		.scope.command = COMMAND_OVERVIEW,
		.pace.interval_ns = DEFAULT_INTERVAL_NS,
		.scope.min_age_ns = DEFAULT_MIN_AGE_NS,
		.sinks.no_color = no_color && *no_color,
		.sinks.ready_fd = -1,
		.ending.times = ACT_TIMES_DEFAULT,
		.reacting.exec_limit = EXEC_LIMIT,
	};
}

/* --netns all has them all. */
static void forget_namespaces(struct selection *selection)
{
	free(selection->netns_inodes);
	free(selection->netns_names);
	selection->netns_inodes = NULL;
	selection->netns_names = NULL;
	selection->netns_count = selection->netns_name_count = 0;
	selection->netns_self = false;
}

int options_parse(struct options *options, int argc, char **argv)
{
	struct parser parser = {.options = options};
	int err;

	set_defaults(options);
	err = take_arguments(&parser, argc, argv);
	if (!err && !only_says(options))
		err = check_combinations(&parser);
	if (options->scope.command == COMMAND_HELP && !only_says(options)) {
		options->help = true;
		options->scope.command = COMMAND_OVERVIEW;
	}
	if (err)
		options_free(options);
	else if (options->scope.selection.netns_all)
		forget_namespaces(&options->scope.selection);
	return err;
}

void options_free(struct options *options)
{
	free(options->scope.selection.pids);
	free(options->scope.selection.comms);
	free(options->scope.selection.ports);
	forget_namespaces(&options->scope.selection);
	arena_free(&options->texts);
	free(options->scope.selection.cgroup);
	options->scope.selection.pids = NULL;
	options->scope.selection.comms = NULL;
	options->scope.selection.ports = NULL;
	options->scope.selection.cgroup = NULL;
	options->scope.selection.pid_count = options->scope.selection.comm_count = options->scope.selection.port_count =
		0;
}
