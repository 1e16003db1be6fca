/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/text.h"
#include "options/ages.h"
#include "options/options.h"
#include "options/values.h"

#define USAGE 2
#define COULD_NOT_RUN 1


const char *const command_names[COMMANDS] = {
	[COMMAND_OVERVIEW] = "overview", [COMMAND_HANDSHAKES] = "handshakes", [COMMAND_READERS] = "readers",
	[COMMAND_EPOLL] = "epoll",	 [COMMAND_THREADS] = "threads",	      [COMMAND_CHECK] = "check",
	[COMMAND_REPLAY] = "replay",	 [COMMAND_SCHEMA] = "schema",	      [COMMAND_END] = "end",
	[COMMAND_METRICS] = "metrics",	 [COMMAND_WRITERS] = "writers",	      [COMMAND_CLOSING] = "closing",
	[COMMAND_CHAINS] = "chains",
};

static const struct {
	enum command command;
	const char *usage, *help;
} command_help[] = {
	{COMMAND_OVERVIEW, "(none)", "the live overview: all that is stuck, worst first"},
	{COMMAND_HANDSHAKES, "handshakes", "TCP handshakes that do not complete, or no one accepts"},
	{COMMAND_READERS, "readers", "threads blocked reading a socket, and what will end it"},
	{COMMAND_WRITERS, "writers", "threads blocked writing: the peer does not read, or is gone"},
	{COMMAND_CLOSING, "closing", "connections that do not get closed, and whose fault it is"},
	{COMMAND_CHAINS, "chains", "who waits for whom on this machine, and who stands at the end"},
	{COMMAND_EPOLL, "epoll", "event loops: waits, events, lag, and what they are stuck in"},
	{COMMAND_THREADS, "threads", "with -p PID: every thread of a process"},
	{COMMAND_CHECK, "check", "what this kernel allows, and what is lost without the rest"},
	{COMMAND_REPLAY, "replay FILE", "the same reports from a recording, without root"},
	{COMMAND_SCHEMA, "schema", "the JSON Schema of every record"},
	{COMMAND_END, "end ID|SELECTOR", "what ending a stall would do, and with --yes end it"},
	{COMMAND_METRICS, "metrics", "with --textfile DIR: how much is stuck, for Prometheus"},
};

#define BIT(command) (1u << (command))
#define LIVE                                                                                                           \
	(BIT(COMMAND_OVERVIEW) | BIT(COMMAND_HANDSHAKES) | BIT(COMMAND_READERS) | BIT(COMMAND_EPOLL) |                 \
	 BIT(COMMAND_THREADS) | BIT(COMMAND_METRICS) | BIT(COMMAND_WRITERS) | BIT(COMMAND_CLOSING) |   \
	 BIT(COMMAND_CHAINS))
#define REPORTS (LIVE | BIT(COMMAND_REPLAY))
#define ANY	(BIT(COMMANDS) - 1)

#define FLAG(field) offsetof(struct options, field), NULL
#define SET(name)   0, option_set_##name

/* Every option: what the parser and the help text know about it stands here and nowhere else. */
static const struct option_spec {
	const char *name;
	char letter;	      /* 0: none */
	const char *argument; /* NULL: takes none */
	const char *expects;  /* what the argument must be, for the message */
	const char *help;
	unsigned int commands; /* bits of those that take it */
	size_t flag;	       /* without an argument: the bool in struct options */
	int (*set)(struct options *options, const char *text);
} specs[] = {
	{"json", 'j', NULL, NULL, "JSON Lines on stdout", REPORTS | BIT(COMMAND_SCHEMA) | BIT(COMMAND_END),
	 FLAG(json)},
	{"once", '1', NULL, NULL, "one look at the machine as it is, then exit", REPORTS, FLAG(once)},
	{"interval", 'i', "DUR", "a duration from 50ms to 1h", "time between looks (1s; 50ms to 1h)", LIVE,
	 SET(interval)},
	{"duration", 'd', "DUR", "a duration from 1ms to a year", "stop after this long (run until Ctrl-C)", LIVE,
	 SET(duration)},
	{"min-age", 'm', "DUR", "0 or a duration from 1ms to a year", "only stalls at least this old (1s; loops 100ms)",
	 REPORTS, SET(min_age)},
	{"all", 'a', NULL, NULL, "what is normal too, not only what is stuck", REPORTS, FLAG(all)},
	{"pid", 'p', "PID[,PID...]", "process ids from 1 to 4194304, separated by commas", "only these processes",
	 REPORTS, SET(pid)},
	{"comm", 'c', "NAME[,NAME...]", "command names, separated by commas", "only processes with this command name",
	 REPORTS, SET(comm)},
	{"port", 0, "PORT[,PORT...]", "ports from 1 to 65535, ranges, or names of /etc/services, separated by commas",
	 "only sockets with this local or peer port", REPORTS, SET(port)},
	{"peer", 0, "ADDR[/LEN]", "an IPv4 or IPv6 address, with a prefix length or without",
	 "only this peer or network, IPv4 or IPv6", REPORTS, SET(peer)},
	{"netns", 0, "all|self|NETNS", "all, self, or the inode or name of a network namespace",
	 "which network namespaces (all)", REPORTS, SET(netns)},
	{"cgroup", 0, "PATH", "a path that starts with /", "only processes in this cgroup or below it", REPORTS,
	 SET(cgroup)},
	{"interfaces", 0, "epoll|all", "epoll or all", "waits that count; all: poll, select, io_uring too",
	 BIT(COMMAND_EPOLL), SET(interfaces)},
	{"watches", 0, NULL, NULL, "with epoll -p PID: every descriptor that is watched",
	 BIT(COMMAND_EPOLL) | BIT(COMMAND_REPLAY), FLAG(watches)},
	{"verbose", 'v', NULL, NULL, "also where in the kernel a loop or thread is",
	 BIT(COMMAND_OVERVIEW) | BIT(COMMAND_EPOLL) | BIT(COMMAND_THREADS), FLAG(verbose)},
	{"stacks", 0, NULL, NULL, "the same, and where in the program: module+offset",
	 BIT(COMMAND_OVERVIEW) | BIT(COMMAND_EPOLL) | BIT(COMMAND_THREADS), FLAG(stacks)},
	{"record", 0, "FILE", "a file name", "also write the raw kernel records to FILE", LIVE, SET(record)},
	{"html", 0, "FILE", "a file name", "write a page about the recording to FILE", BIT(COMMAND_REPLAY), SET(html)},
	{"diff", 0, "FILE", "a file name", "what is new, gone and worse in this later recording", BIT(COMMAND_REPLAY),
	 SET(diff)},
	{"trace", 0, "FILE", "a file name", "write a trace of it to FILE, for Perfetto", BIT(COMMAND_REPLAY),
	 SET(trace)},
	{"textfile", 0, "DIR", "the name of a folder", "with metrics: write DIR/sockstall.prom, each look",
	 BIT(COMMAND_METRICS), SET(textfile)},
	{"force", 0, NULL, NULL, "replace an existing file; end: even your session", REPORTS | BIT(COMMAND_END),
	 FLAG(force)},
	{"btf", 0, "FILE", "a file name", "the kernel's BTF, where /sys has none",
	 LIVE | BIT(COMMAND_CHECK) | BIT(COMMAND_END), SET(btf)},
	{"ready-fd", 0, "N", "a descriptor that is open for writing", "write a newline to descriptor N once attached",
	 LIVE, SET(ready_fd)},
	{"exit-code", 0, NULL, NULL, "exit 10: anything is stuck; 3: nobody fits", REPORTS, FLAG(exit_code)},
	{"on-stall", 0, "COND", "a condition", "run --exec when a stall meets it: 'reader.age>10s'", LIVE, SET(on_stall)},
	{"exec", 0, "CMD", "a command", "with --on-stall: run it, the record on its stdin", LIVE, SET(exec)},
	{"exec-limit", 0, "N", "a number from 1 to 600", "how often --exec may start it in a minute (6)", LIVE,
	 SET(exec_limit)},
	{"shell", 0, NULL, NULL, "give --exec's command to /bin/sh -c", LIVE, FLAG(shell)},
	{"flight", 0, "DUR", "a duration from 1s to 1h", "keep the looks of the last DUR (64 MiB at most)", LIVE,
	 SET(flight)},
	{"dump-on", 0, "COND", "a condition", "write what --flight keeps when a stall meets it", LIVE, SET(dump_on)},
	{"dump-file", 0, "FILE", "a file name", "where to (sockstall-TIME.rec, or with a number)", LIVE,
	 SET(dump_file)},
	{"yes", 0, NULL, NULL, "with end: do it (else: say what would be done)", BIT(COMMAND_END), FLAG(yes)},
	{"how", 0, "WAY", "destroy, shutdown, keepalive or probe", "destroy, shutdown, keepalive or probe",
	 BIT(COMMAND_END), SET(how)},
	{"keepalive", 0, "DUR,DUR,N", "two durations in whole seconds to 32767s, and a number to 127, as in 10s,5s,3",
	 "idle, interval, probes for --how (10s,5s,3)", BIT(COMMAND_END), SET(keepalive)},
	{"read-only", 0, NULL, NULL, "the live view cannot end anything: no key e", LIVE & ~BIT(COMMAND_METRICS),
	 FLAG(read_only)},
	{"no-color", 0, NULL, NULL, "no colour (also with NO_COLOR set)", ANY, FLAG(no_color)},
	{"version", 'V', NULL, NULL, "the version, then exit", ANY, FLAG(version)},
	{"help", 'h', NULL, NULL, "this text, then exit", ANY, FLAG(help)},
};

#define SPECS	  COUNT_OF(specs)
#define LONG_ONLY 0x1000 /* what getopt_long() returns for specs[i] is LONG_ONLY + i */

/* What the command line held, for checks across options. */
struct parser {
	struct options *options;
	uint64_t given; /* bits by index in specs */
	bool command_taken, replay_without_file;
};

/* One line, whatever bytes the arguments are made of. Returns what options_parse() does. */
__attribute__((format(printf, 1, 2))) static int usage_error(const char *format, ...)
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

static void make_getopt_tables(struct option longs[SPECS + 1], char letters[2 * SPECS + 3])
{
	char *letter = letters;
	size_t i;

	/* In order, wherever words and options stand, POSIXLY_CORRECT or not; and messages are ours. */
	*letter++ = '-';
	*letter++ = ':';
	memset(longs, 0, (SPECS + 1) * sizeof(*longs));
	for (i = 0; i < SPECS; i++) {
		longs[i].name = specs[i].name;
		longs[i].has_arg = specs[i].argument ? required_argument : no_argument;
		longs[i].val = LONG_ONLY + (int)i;
		if (!specs[i].letter)
			continue;
		*letter++ = specs[i].letter;
		if (specs[i].argument)
			*letter++ = ':';
	}
	*letter = '\0';
}

/* The option that getopt_long() returned. */
static const struct option_spec *spec_of(int value)
{
	size_t i;

	if (value >= LONG_ONLY && value < LONG_ONLY + (int)SPECS)
		return &specs[value - LONG_ONLY];
	for (i = 0; i < SPECS; i++) {
		if (value && specs[i].letter == value)
			return &specs[i];
	}
	return NULL;
}

static int take_option(struct parser *parser, const struct option_spec *spec, const char *text)
{
	int err;

	parser->given |= 1ull << (spec - specs);
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
	if (options->word_count == SELECTOR_WORDS)
		return usage_error("unexpected argument '%s'", word);
	options->words[options->word_count++] = word;
	return 0;
}

/* A word that is no option: the command, or the file of replay. */
static int take_word(struct parser *parser, const char *word)
{
	struct options *options = parser->options;
	enum command command;

	if (parser->replay_without_file) {
		parser->replay_without_file = false;
		options->replay_file = word;
		return *word ? 0 : usage_error("replay needs the name of a recording");
	}
	if (options->command == COMMAND_END)
		return take_selector_word(options, word);
	if (parser->command_taken)
		return usage_error("unexpected argument '%s'", word);
	for (command = COMMAND_OVERVIEW + 1; command < COMMANDS; command++) {
		if (strcmp(word, command_names[command]))
			continue;
		options->command = command;
		options->command_given = command != COMMAND_REPLAY;
		parser->command_taken = true;
		parser->replay_without_file = command == COMMAND_REPLAY;
		return 0;
	}
	return usage_error("unknown command '%s' (sockstall --help lists them)", word);
}

/* What getopt_long() did not like; argument is the one it stopped at. */
static int getopt_error(int result, const char *argument)
{
	const struct option_spec *spec = spec_of(optopt);

	if (result == ':' && spec)
		return usage_error("--%s needs a value: %s", spec->name, spec->expects);
	if (spec && !spec->argument)
		return usage_error("--%s takes no value", spec->name);
	if (optopt)
		return usage_error("unknown option '-%c' (sockstall --help lists them)", optopt);
	return usage_error("unknown option '%s' (sockstall --help lists them)", argument);
}

static int take_arguments(struct parser *parser, int argc, char **argv)
{
	struct option longs[SPECS + 1];
	char letters[2 * SPECS + 3];
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
		if (parser->options->help || parser->options->version)
			return err;
	}
	for (; !err && optind < argc; optind++)
		err = take_word(parser, argv[optind]);
	return err;
}

static bool is_given(const struct parser *parser, const char *name)
{
	size_t i;

	for (i = 0; i < SPECS; i++) {
		if (!strcmp(specs[i].name, name))
			return parser->given & 1ull << i;
	}
	return false;
}

/* What is to happen when a stall meets a condition. */
static int check_reactions(struct parser *parser)
{
	struct options *options = parser->options;
	struct arena arena = {0};
	const char *error;
	int err = 0;

	if (!options->exec_command && is_given(parser, "exec-limit"))
		return usage_error("--exec-limit needs --exec");
	error = option_check_reactions(options, &arena);
	if (error)
		err = usage_error("%s", error);
	arena_free(&arena);
	return err;
}

/* Options that make no sense together, or not with this command. */
static int check_combinations(struct parser *parser)
{
	struct options *options = parser->options;
	const char *command = command_names[options->command];
	size_t i;
	int err = 0;

	if (parser->replay_without_file)
		return usage_error("replay needs the name of a recording");
	for (i = 0; i < SPECS; i++) {
		if (parser->given & 1ull << i && !(specs[i].commands & BIT(options->command)))
			return usage_error("--%s cannot be used with %s", specs[i].name, command);
	}
	if (options->command == COMMAND_THREADS && !options->pid_count)
		return usage_error("threads needs a process: --pid PID");
	if (options->command == COMMAND_EPOLL && options->watches && !options->pid_count)
		return usage_error("--watches needs a process: --pid PID");
	if (options->command == COMMAND_END && !options->word_count)
		return usage_error("end needs the id of a stall, or a selector like pid=123 fd=4");
	if (is_given(parser, "keepalive") && options->how != ACT_KEEPALIVE)
		return usage_error("--keepalive needs --how keepalive");
	if (options->command == COMMAND_METRICS && !options->textfile)
		return usage_error("metrics needs a folder to write to: --textfile DIR");
	if (options->command == COMMAND_METRICS && (options->json || options->all))
		return usage_error("metrics takes neither --json nor --all");
	if (!err)
		err = check_reactions(parser);
	if (err)
		return err;
	if (options->once && options->duration_ns)
		return usage_error("--once and --duration exclude each other");
	if (options->read_only && (options->json || options->once))
		return usage_error("--read-only is for the live view: --json and --once end nothing");
	if (options->diff_file && (options->html_file || options->trace_file || options->once || options->watches))
		return usage_error("--diff excludes --html, --trace, --once and --watches");
	if ((options->html_file || options->trace_file) && (options->json || options->once))
		return usage_error("--%s excludes --json and --once", options->html_file ? "html" : "trace");
	if (options->force && options->command != COMMAND_END && !options->html_file && !options->trace_file && !options->record_file)
		return usage_error("--force needs a file that is written: --record FILE, --html FILE or --trace FILE");
	if (options->command == COMMAND_REPLAY && options->netns_self)
		return usage_error("--netns self cannot be used with replay: give its inode or name");
	return 0;
}

static void set_defaults(struct options *options)
{
	const char *no_color = getenv("NO_COLOR");

	*options = (struct options){
		.command = COMMAND_OVERVIEW,
		.interval_ns = DEFAULT_INTERVAL_NS,
		.min_age_ns = DEFAULT_MIN_AGE_NS,
		.no_color = no_color && *no_color,
		.ready_fd = -1,
		.times = ACT_TIMES_DEFAULT,
		.exec_limit = EXEC_LIMIT,
	};
}

/* --netns all has them all. */
static void forget_namespaces(struct options *options)
{
	free(options->netns_inodes);
	free(options->netns_names);
	options->netns_inodes = NULL;
	options->netns_names = NULL;
	options->netns_count = options->netns_name_count = 0;
	options->netns_self = false;
}

int options_parse(struct options *options, int argc, char **argv)
{
	struct parser parser = {.options = options};
	int err;

	set_defaults(options);
	err = take_arguments(&parser, argc, argv);
	if (!err && !options->help && !options->version)
		err = check_combinations(&parser);
	if (err)
		options_free(options);
	else if (options->netns_all)
		forget_namespaces(options);
	return err;
}

void options_free(struct options *options)
{
	free(options->pids);
	free(options->comms);
	free(options->ports);
	forget_namespaces(options);
	arena_free(&options->texts);
	free(options->cgroup);
	options->pids = NULL;
	options->comms = NULL;
	options->ports = NULL;
	options->cgroup = NULL;
	options->pid_count = options->comm_count = options->port_count = 0;
}

void options_help(void)
{
	char left[64];
	size_t i;

	printf("Usage: sockstall [COMMAND] [OPTIONS]\n\n"
	       "Reports stuck handshakes, readers, writers, closing, loops, chains and threads.\n\n"
	       "Commands:\n");
	for (i = 0; i < COUNT_OF(command_help); i++)
		printf("  %-16s %s\n", command_help[i].usage, command_help[i].help);
	printf("\nOptions:\n");
	for (i = 0; i < SPECS; i++) {
		snprintf(left, sizeof(left), "%c%c%s --%s%s%s", specs[i].letter ? '-' : ' ',
			 specs[i].letter ? specs[i].letter : ' ', specs[i].letter ? "," : " ", specs[i].name,
			 specs[i].argument ? " " : "", specs[i].argument ? specs[i].argument : "");
		printf("  %-26s %s\n", left, specs[i].help);
	}
	printf("\nDUR is 250ms, 2s, 5m, 1h; a bare number is seconds.\n"
	       "Exit status: 0 done, 1 could not run, 2 usage, 3 and 10 see --exit-code.\n");
}

void options_version(const char *library)
{
	printf("sockstall %s (%s)\n", SOCKSTALL_VERSION, library);
}
