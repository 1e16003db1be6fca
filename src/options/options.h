/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The command line, parsed. The tables of commands and options are in specs.h. */
#ifndef SOCKSTALL_OPTIONS_OPTIONS_H
#define SOCKSTALL_OPTIONS_OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "options/ways.h"
#include "rows/condition.h"
#include "rows/selector.h"

#ifndef SOCKSTALL_VERSION
#define SOCKSTALL_VERSION "0.2.0"
#endif

#define DEFAULT_INTERVAL_NS NS_PER_S

enum command {
	COMMAND_OVERVIEW,
	COMMAND_HANDSHAKES,
	COMMAND_READERS,
	COMMAND_EPOLL,
	COMMAND_THREADS,
	COMMAND_CHECK,
	COMMAND_REPLAY,
	COMMAND_SCHEMA,
	COMMAND_END,
	COMMAND_METRICS,
	COMMAND_WRITERS, /* recordings hold the number: new ones go before COMMAND_HELP, which no recording has */
	COMMAND_CLOSING,
	COMMAND_CHAINS,
	COMMAND_SERVICES,
	COMMAND_LOCKS,
	COMMAND_HELP, /* never run: options_parse() sets help */
	COMMAND_EXPLAIN, /* no recording has it */
	COMMANDS,
};

struct act_asker;
struct apart;
struct files;

extern const char *const command_names[COMMANDS]; /* "overview" for the first */

/* The name in `start` records: a command that got another name keeps its first one there. */
const char *command_in_records(enum command command);

/* How often --exec may start its command in a minute, where --exec-limit says nothing else; and the most it may say. */
#define EXEC_LIMIT	6
#define EXEC_LIMIT_MOST 600

enum interfaces_choice {
	INTERFACES_EPOLL,
	INTERFACES_ALL,
};

struct port_range {
	uint16_t first, last;
};

/*
 * The options, grouped by the question they answer. All times in ns. Lists and their texts belong to options_free(). An
 * empty list filters nothing.
 */

/* Of whom: a filter matches any process, thread, holder or link that a finding is about (filter.h). */
struct selection {
	uint32_t *pids;
	size_t pid_count;
	const char **comms;
	size_t comm_count;
	struct port_range *ports;
	size_t port_count;
	bool peer_given;
	struct in6_addr peer; /* IPv4 as mapped IPv6 */
	unsigned int peer_bits; /* of the 128 */
	bool netns_all; /* given: there are none of the following */
	bool netns_self; /* given; a live run adds the own to the inodes */
	uint32_t *netns_inodes;
	size_t netns_count;
	const char **netns_names; /* of a replay; a live run makes inodes of them */
	size_t netns_name_count;
	char *cgroup; /* normal form: no /sys/fs/cgroup in front, no slash at the end but for "/" */
	const char *unit, *pod, *container; /* NULL: not given */
};

struct hosts;

/* The scope of a look: the probe and reports take it, filters take its selection. */
struct scope {
	struct selection selection;
	enum command command;
	bool command_given; /* never by replay: that shows the recording's */
	bool all; /* what is normal, too */
	bool chains; /* a person at the overview's screen wants all of them, and in each look */
	bool causes; /* the overview: looks have chains where something is stuck */
	bool healthy_loops, healthy_services; /* are shown although nothing is wrong with them */
	bool interactive; /* a person is at a screen, and may ask for details of a process */
	bool watches;
	bool verbose, stacks; /* kernel stacks; and the program's too */
	bool no_stacks; /* not even the code that is stuck */
	enum interfaces_choice interfaces; /* whose waits are counted */
	uint64_t min_age_ns; /* 0 only where min_age_given */
	bool min_age_given;
	const struct hosts *hosts; /* names of addresses (system/hosts.h); NULL: none */
};

/* When. */
struct pace {
	uint64_t interval_ns, duration_ns; /* duration 0: until stopped */
	uint64_t at_ns; /* begins at the next multiple of it on the wall clock; 0: at once */
	bool interval_given, once;
};

/* Where to, and in which form. */
struct sinks {
	bool json, otlp, no_color, exit_code;
	bool no_fold; /* stalls that are alike are shown one by one */
	bool was_folded; /* what is replayed was written so, as JSON of a single look is */
	bool force; /* a file that is there already is replaced */
	const char *record_file;
	const char *host; /* the name of this one in all records; NULL: the kernel's */
	const char *html_file, *trace_file; /* what replay makes of a recording; NULL: not asked for */
	const char *diff_file; /* the recording to compare with, the later one */
	const char *textfile; /* the folder that metrics writes to */
	int ready_fd; /* -1: none */
};

/* Reactions to a stall. Texts are NULL where they are not given. */
struct reacting {
	const char *exec_command, *on_stall_text, *dump_on_text, *dump_file;
	struct condition on_stall, dump_on; /* of those texts */
	bool shell;
	unsigned int exec_limit; /* starts a minute */
	uint64_t flight_ns; /* 0: no --flight */
};

/* The connection that `end` ends, and the way; and whether a person at the screen may end anything. */
struct ending {
	const char *words[SELECTOR_WORDS];
	size_t word_count;
	bool yes, read_only;
	enum act_how how;
	struct act_times times;
};

/* No options: the processes set apart that a run may ask (apart/apart.h). NULL: nobody. */
struct helpers {
	struct act_asker *acting; /* ends things for a person */
	struct files *files; /* makes what is written */
	struct apart *addresses; /* tells chains which address is whose */
};

struct options {
	struct arena texts; /* of lists */
	struct scope scope;
	struct pace pace;
	struct sinks sinks;
	struct reacting reacting;
	struct ending ending;
	struct helpers helpers;
	const char *replay_file; /* the first */
	const char **replay_files; /* of several hosts, to be taken as one */
	size_t replay_count;
	const char *explained; /* the word behind explain; NULL: none */
	const char *hosts_file; /* --hosts; what it says is scope.hosts */
	const char *btf_file; /* NULL: the kernel's own */
	bool help, help_agent, version;
};

/*
 * Reads the command line. Returns 0; or after one line on stderr that says what is wrong 2, and 1 where there is no
 * memory. Strings point into argv.
 */
int options_parse(struct options *options, int argc, char **argv);
void options_free(struct options *options);

/* Writes to stdout what --help shows for this command; for the overview: of all. 0 or a negative errno. */
int options_help(enum command command);

/* Writes "sockstall <version> (<library>)" to stdout. */
void options_version(const char *library);

/* --netns self, and no other one. */
static inline bool selection_is_own(const struct selection *selection)
{
	return selection->netns_self && selection->netns_count == 1;
}

/* Threads are shown with the stacks of their programs. */
static inline bool scope_has_groups(const struct scope *scope)
{
	return scope->command == COMMAND_THREADS && !scope->no_stacks;
}

/* Then sockstall gives up the right to enter other namespaces, where chains lead to; a person may want them. */
static inline bool scope_has_causes(const struct scope *scope)
{
	return scope->command == COMMAND_OVERVIEW && (scope->interactive || !selection_is_own(&scope->selection));
}

#endif
