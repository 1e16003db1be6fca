/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <string.h>

#include "base/array.h"
#include "options/specs.h"

const char *const command_names[COMMANDS] = {
	[COMMAND_OVERVIEW] = "overview", [COMMAND_HANDSHAKES] = "handshakes",
	[COMMAND_READERS] = "readers",	 [COMMAND_EPOLL] = "loops",
	[COMMAND_THREADS] = "threads",	 [COMMAND_CHECK] = "check",
	[COMMAND_REPLAY] = "replay",	 [COMMAND_SCHEMA] = "schema",
	[COMMAND_END] = "end",		 [COMMAND_METRICS] = "metrics",
	[COMMAND_WRITERS] = "writers",	 [COMMAND_CLOSING] = "closing",
	[COMMAND_CHAINS] = "chains",	 [COMMAND_HELP] = "help",
	[COMMAND_EXPLAIN] = "explain",	 [COMMAND_SERVICES] = "services",
	[COMMAND_LOCKS] = "locks",
};

const struct command_spec command_specs[] = {
	{
		COMMAND_OVERVIEW,
		"(none)",
		"the live overview: all that is stuck, worst first",
		"All that is stuck, worst first.",
		{"-1", "-j --min-age 10s"},
		NULL,
	},
	{
		COMMAND_SERVICES,
		"services",
		"who listens: requests that wait, answers, queues, lag",
		"One row for each listening TCP socket: its connections, on how many of them an answer is due, since when, "
		"when it last answered, and its queues. Listening unix sockets are there with their queues: their connections "
		"tell nothing of requests and answers. Services that answer are shown too.",
		{"services -1", "services -c nginx --min-age 5s"},
		NULL,
	},
	{
		COMMAND_HANDSHAKES,
		"handshakes",
		"TCP handshakes that do not complete, or no one accepts",
		"TCP handshakes that do not complete, connections that no one accepts, and the listeners behind them.",
		{"handshakes -1", "handshakes --all --port 443"},
		NULL,
	},
	{
		COMMAND_READERS,
		"readers",
		"threads and loops that wait for a peer, and what will end it",
		"Threads blocked in reading a socket, and connections that an event loop waits for although their peer is "
		"gone: since when, why, and what (if anything) will end the wait.",
		{"readers -p 1234", "readers -1 -j --peer 10.0.0.0/8"},
		NULL,
	},
	{
		COMMAND_WRITERS,
		"writers",
		"threads and loops that cannot send: the peer does not read",
		"Threads blocked in a write, and connections of event loops that cannot send: whether the peer does not read or the network loses segments, and what "
		"will end the wait.",
		{"writers -1", "writers -c backup --min-age 10s"},
		NULL,
	},
	{
		COMMAND_CLOSING,
		"closing",
		"connections that do not get closed, and whose fault it is",
		"Connections in CLOSE_WAIT, FIN_WAIT1, FIN_WAIT2, CLOSING or LAST_ACK that make no progress, and which "
		"end has not closed.",
		{"closing -1", "closing --all -c java"},
		NULL,
	},
	{
		COMMAND_CHAINS,
		"chains",
		"who waits for whom on this machine, and the root cause",
		"The chains of waits: who waits for whom, where both ends of a connection are on this machine, and at which "
		"process most chains end. Each look reads all threads and all descriptors. The overview does so only if something is stuck that may be "
		"part of a chain: with --once, in the first look, and later in every look that the budget allows, but "
		"at least in every tenth. With --record it is every tenth. While the live view shows its page of chains, each look has them.",
		{"chains -1", "chains -p 1234"},
		NULL,
	},
	{
		COMMAND_LOCKS,
		"locks",
		"locks that threads wait for, who has them, and deadlocks",
		"One row for each lock that somebody waits for: mutexes and rwlocks of glibc and musl, and locks of files "
		"(flock, fcntl). The row tells who has it, and what that holder does. *--all* adds what is normal: threads that take turns, "
		"joins, and idle pools, whose condition variables and semaphores have no owner. Each look reads all threads.",
		{"locks -1", "locks -p 1234 --all"},
		NULL,
	},
	{
		COMMAND_EPOLL,
		"loops",
		"event loops: waits, events, lag, stalls (alias: epoll)",
		"Each event-loop thread: its waits, events, lag and timeouts, and what it is stuck in. The command's first name "
		"was _epoll_: that is still taken, and stays *command* in the _start_ record.",
		{"loops --all", "loops -p 1234 --watches"},
		"epoll",
	},
	{
		COMMAND_THREADS,
		"threads",
		"with -p PID: every thread of a process",
		"With *-p* _PID_: every thread of a process: what it waits on, and in which code. Threads that stand in the same stack are one group. "
		"*-v* shows each: also what it shares, and where its stack is.",
		{"threads -p 1234", "threads -p 1234 -1 --stacks"},
		NULL,
	},
	{
		COMMAND_CHECK,
		"check",
		"what this kernel allows, and what is lost without the rest",
		"What this kernel allows. One sentence says whether all probes work. If any is missing, a table shows it, "
		"what is lost without it, and what helps. *-v* shows all rows, and the rights that each kind of run keeps. "
		"*-j* gives a _check_ record for each row. Each program is loaded, and attached for a moment, as a run "
		"does. Exits with 1 if nothing can run.",
		{"check", "check -v"},
		NULL,
	},
	{
		COMMAND_REPLAY,
		"replay FILE...",
		"the same reports from recordings, without root",
		"The same reports from a recording, on any machine, without root. Recordings of several hosts are taken as one: see "
		"*SEVERAL HOSTS*.",
		{"replay incident.rec", "replay web.rec app.rec db.rec"},
		NULL,
	},
	{
		COMMAND_SCHEMA,
		"schema",
		"the JSON Schema of every record",
		"The JSON Schema (2020-12) of every record.",
		{"schema", "schema --json"},
		NULL,
	},
	{
		COMMAND_END,
		"end ID|SELECTOR",
		"what ending a stall would do, and with --yes end it",
		"End one stall: see *ENDING A STALL*. It shows what would be ended and what will follow, and does "
		"nothing without *--yes*.",
		{"end pid=1234 fd=7", "end local=10.0.0.1:80 peer=10.0.0.2:5000 --how probe --yes"},
		NULL,
	},
	{
		COMMAND_METRICS,
		"metrics",
		"with --textfile DIR: how much is stuck, for Prometheus",
		"With *--textfile* _DIR_: how much is stuck, in numbers, for Prometheus. See *METRICS*.",
		{"metrics --textfile /var/lib/node_exporter", "metrics --textfile /var/lib/node_exporter -i 15s"},
		NULL,
	},
	{
		COMMAND_EXPLAIN,
		"explain [VERDICT]",
		"what a verdict means, what causes it, and what to do",
		"What a verdict means: the evidence that it takes, what usually causes it, what to do, and which programs are "
		"known for it. *reader.peer_dead* is the verdict of one kind of record, and *reader* has all verdicts of that "
		"kind. Without a word it lists all. It needs no root.",
		{"explain", "explain accept_queue_full"},
		NULL,
	},
	{
		COMMAND_HELP,
		"help [COMMAND]",
		"the options and two examples of one command",
		"The same as *--help*; with a command the same as _COMMAND_ *--help*: its options and two examples.",
		{"help", "help end"},
		NULL,
	},
};

const size_t command_spec_count = COUNT_OF(command_specs);

enum command command_find(const char *word)
{
	const struct command_spec *spec;

	for (spec = command_specs; spec < command_specs + command_spec_count; spec++) {
		if (spec->command == COMMAND_OVERVIEW)
			continue;
		if (!strcmp(word, command_names[spec->command]) || (spec->alias && !strcmp(word, spec->alias)))
			return spec->command;
	}
	return COMMANDS;
}

const char *command_in_records(enum command command)
{
	const char *alias = command_spec(command)->alias;

	return alias ? alias : command_names[command];
}

const struct command_spec *command_spec(enum command command)
{
	size_t i = 0;

	while (command_specs[i].command != command)
		i++;
	return &command_specs[i];
}
