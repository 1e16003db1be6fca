// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Loading and attaching the programs that a command needs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "look/watch_facts.h"
#include "options/ages.h"
#include "probe/internal.h"
#include "probe/load/load.h"
#include "probe/load/sections.h"
#include "rights/privileges.h"

int probe_on_event(void *context, void *data, size_t size);

static bool has_chains_page(const struct options *options)
{
	return options->interactive && options->command == COMMAND_OVERVIEW;
}

/* The command, and what its options ask for on top of it, as bits of struct probe_program's commands. */
static unsigned int wishes_of(const struct options *options)
{
	unsigned int command = BIT(options->command);

	return command | (options->interfaces == INTERFACES_ALL ? OTHER_LOOPS : 0) |
	       (options->verbose || options->stacks ? STACKS : 0) | (options->interactive ? DETAILS : 0) |
	       (options->all && command & HANDSHAKES ? ACCEPTORS : 0) |
	       (options->all && command & (READERS | WRITERS) ? PEERS : 0) | (command & CHAINS ? PEERS : 0) |
	       (has_chains_page(options) ? CHAINS_PAGE : 0);
}

void probe_read_tracepoints(struct attempt *attempt)
{
	const char *names[MAX_PROGRAMS];
	size_t places[MAX_PROGRAMS], i, count = 0;
	struct tracepoint_ids ids;
	int err;

	for (i = 0; i < probe_program_count; i++) {
		if (!attempt->wanted[i] || !probe_programs[i].tracepoint)
			continue;
		places[count] = i;
		names[count++] = probe_programs[i].tracepoint;
	}
	if (!count)
		return;
	err = tracepoint_ids_read(&ids, names, count);
	attempt->tracefs_error = err;
	for (i = 0; i < count; i++) {
		attempt->tracepoints[places[i]] = ids.ids[i];
		attempt->errors[places[i]] = err;
		if (err || ids.ids[i] >= 0)
			continue;
		/* A syscall that this kernel has not is called by no one: nothing is lost. */
		attempt->absent[places[i]] = true;
		attempt->wanted[places[i]] = false;
	}
}

/* Keeps it until the probe is closed. */
static void keep_attached(struct probe *probe, size_t place, const struct probe_attached *attached)
{
	const char *name = probe_programs[place].name;
	struct bpf_link *link = attached->link;

	if (attached->event >= 0) {
		probe->tracepoints[probe->tracepoint_count++] = (struct probe_tracepoint){ link, attached->event };
		probe->counting_since_ns = clock_ns(CLOCK_MONOTONIC);
		return;
	}
	probe->links[probe->link_count++] = link;
	if (!strcmp(name, "thread_scan"))
		probe->thread_iter = link;
	else if (!strcmp(name, "socket_scan"))
		probe->socket_iter = link;
	else if (!strcmp(name, "file_scan"))
		probe->file_iter = link;
	else if (!strcmp(name, "watch_scan"))
		probe->use_watches = true;
	else if (!strcmp(name, "usage_scan"))
		probe->usage_iter = link;
	else if (!strcmp(name, "stack_scan"))
		probe->stack_iter = link;
}

static int attach_one(struct probe *probe, struct attempt *attempt, size_t place)
{
	struct probe_attached attached;
	int err = probe_attach_one(probe_program_find(probe->skeleton, place), attempt, place, &attached);

	attempt->by_libbpf[place] = attached.by_libbpf;
	if (!err)
		keep_attached(probe, place, &attached);
	return err;
}

static void append_name(char *list, size_t size, const char *name)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used ? " " : "", name);
}

static void attach_all(struct probe *probe, struct attempt *attempt)
{
	size_t i;

	for (i = 0; i < probe_program_count; i++) {
		if (!attempt->wanted[i])
			continue;
		if (!attempt->errors[i] && !attempt->attached[i])
			attempt->errors[i] = attach_one(probe, attempt, i);
		if (attempt->errors[i])
			append_name(probe->missing, sizeof(probe->missing), probe_programs[i].name);
		else
			append_name(probe->used, sizeof(probe->used), probe_programs[i].name);
	}
}

/* The first program that failed without which the command is worth nothing; MAX_PROGRAMS: none did. */
static size_t vital_place(const struct attempt *attempt)
{
	size_t i;

	for (i = 0; i < probe_program_count; i++)
		if (attempt->wanted[i] && probe_programs[i].vital && attempt->errors[i])
			return i;
	return MAX_PROGRAMS;
}

static int vital_error(const struct attempt *attempt)
{
	size_t place = vital_place(attempt);

	return place < MAX_PROGRAMS ? attempt->errors[place] : 0;
}

static bool is_vital_by_libbpf(const struct attempt *attempt)
{
	size_t place = vital_place(attempt);

	return place < MAX_PROGRAMS && attempt->by_libbpf[place];
}

static bool is_short_of_descriptors(const struct attempt *attempt)
{
	size_t i;

	for (i = 0; i < probe_program_count; i++)
		if (attempt->wanted[i] && (attempt->errors[i] == -EMFILE || attempt->errors[i] == -ENFILE))
			return true;
	return false;
}

static void say_what_is_lost(const struct attempt *attempt)
{
	const char *last = "";
	size_t i;

	if (attempt->tracefs_error)
		fprintf(stderr, "sockstall: without tracefs (%s): the waits of event loops are not counted; mount it at "
				"/sys/kernel/tracing, or run with CAP_SYS_ADMIN\n",
			strerror(-attempt->tracefs_error));

	for (i = 0; i < probe_program_count; i++) {
		if (!attempt->wanted[i] || !attempt->errors[i] || !strcmp(last, probe_programs[i].without))
			continue;
		if (attempt->tracefs_error && probe_programs[i].tracepoint)
			continue; /* one cause, one line */
		last = probe_programs[i].without;
		fprintf(stderr, "sockstall: without %s (%s%s): %s\n", probe_programs[i].name,
			attempt->by_libbpf[i] ? "libbpf: " : "", probe_error_text(attempt->errors[i]), last);
	}
}

struct loading {
	struct probe *probe;
	struct attempt *attempt;
};

/*
 * Loops are counted for a while before the first look (probe_counting_since()), and that may as well be while the scans
 * go through the verifier.
 */
static void attach_counters(void *context)
{
	struct loading *loading = context;
	struct attempt *attempt = loading->attempt;
	size_t i;

	for (i = 0; i < probe_program_count; i++) {
		if (!attempt->wanted[i] || !probe_programs[i].tracepoint || attempt->attached[i] || attempt->errors[i] ||
		    bpf_program__fd(probe_program_find(loading->probe->skeleton, i)) < 0)
			continue;
		attempt->errors[i] = attach_one(loading->probe, attempt, i);
		attempt->attached[i] = !attempt->errors[i];
	}
}

static void detach_counters(struct probe *probe, struct attempt *attempt)
{
	probe_release_tracepoints(probe->tracepoints, probe->tracepoint_count);
	probe->tracepoint_count = 0;
	probe->counting_since_ns = 0;
	memset(attempt->attached, 0, sizeof(attempt->attached));
}

static int load(struct probe *probe, struct attempt *attempt, unsigned int wishes)
{
	struct loading loading = { probe, attempt };
	int err;

	probe_sections_before(attach_counters, &loading);
	err = probe_load(&probe->skeleton, attempt, wishes);
	probe_sections_before(NULL, NULL);
	if (err)
		detach_counters(probe, attempt);
	return err;
}

static int load_and_attach(struct probe *probe, struct attempt *attempt)
{
	unsigned int wishes = wishes_of(&probe->options);
	int err;

	probe_read_tracepoints(attempt);
	err = load(probe, attempt, wishes);
	if (err) {
		probe_find_refused(attempt, wishes);
		if (vital_error(attempt) || load(probe, attempt, wishes))
			return err;
	}
	err = probe->options.command == COMMAND_THREADS ? probe_wanted_pids_set(probe) : 0;
	if (err)
		return err;
	attach_all(probe, attempt);
	/* Not for want of the kernel's leave: what is short now will be short at the first look. */
	return is_short_of_descriptors(attempt) ? -EMFILE : vital_error(attempt);
}

static void want(struct attempt *attempt, unsigned int wishes)
{
	size_t i;

	for (i = 0; i < probe_program_count; i++)
		attempt->wanted[i] = probe_programs[i].commands & wishes;
}

static int open_events(struct probe *probe)
{
	int fd = bpf_map__fd(probe->skeleton->maps.events);

	probe->events = ring_buffer__new(fd, probe_on_event, probe, NULL);
	return probe->events ? 0 : -errno;
}

/* The scan leaves behind what the rules (rules/closing.c) would call young. */
static __u64 closing_quiet_ns(const struct options *options)
{
	return options->all ? 0 : closing_min_age(options);
}

static void set_patience(struct probe *probe)
{
	probe->skeleton->bss->closing_quiet_ns = closing_quiet_ns(&probe->options);
	probe->skeleton->bss->chains_quiet_ns = min_age_of(&probe->options, ROW_CHAIN);
	probe->use_chains = probe->always_chains = BIT(probe->options.command) & CHAINS;
}

static int open_all(struct probe *probe)
{
	struct attempt attempt = { 0 };
	int err;

	err = foreign_open(&probe->foreign, probe_is_asked_to_end);
	if (err) {
		fprintf(stderr, "sockstall: cannot begin: %s\n", strerror(-err));
		return err;
	}
	probe_quiet_libbpf();
	err = probe_btf_use(probe->options.btf_file);
	if (err)
		return err;
	probe->use_sockets = BIT(probe->options.command) & SOCKETS;
	probe->use_loops = BIT(probe->options.command) & LOOPS;
	want(&attempt, wishes_of(&probe->options));
	err = load_and_attach(probe, &attempt);
	probe_btf_done();
	if (!err)
		set_patience(probe);
	if (err) {
		probe_say_why(err, is_vital_by_libbpf(&attempt));
		return err;
	}
	say_what_is_lost(&attempt);
	err = probe_namespaces_open(&probe->namespaces);
	if (!err && probe->use_sockets && probe->namespaces.only_own)
		fprintf(stderr, "sockstall: without CAP_SYS_ADMIN: handshakes of other network namespaces are not seen\n");
	if (!err && BIT(probe->options.command) & HANDSHAKES)
		err = open_events(probe);
	if (err)
		fprintf(stderr, "sockstall: cannot begin: %s\n", strerror(-err));
	return err;
}

/* For tests: five minutes are long. */
static __u64 long_idle_ns(void)
{
	const char *text = getenv("SOCKSTALL_LONG_IDLE");
	uint64_t ns;

	return text && !duration_parse(text, &ns) && ns ? ns : LONG_IDLE_NS;
}

int probe_open(struct probe **out, const struct options *options)
{
	struct probe *probe = calloc(1, sizeof(*probe));
	int err;

	if (!probe) {
		fprintf(stderr, "sockstall: cannot begin: %s\n", strerror(ENOMEM));
		return -ENOMEM;
	}
	probe->options = *options;
	probe->always_all = options->all;
	probe->long_idle_ns = long_idle_ns();
	probe->namespaces.own_fd = -1;
	err = open_all(probe);
	if (err) {
		probe_close(probe);
		return err;
	}
	probe->previous_ns = probe->counting_since_ns ? probe->counting_since_ns : clock_ns(CLOCK_MONOTONIC);
	*out = probe;
	return 0;
}

__u64 probe_counting_since(const struct probe *probe)
{
	return probe->counting_since_ns;
}

/* With --netns self there is no other namespace to enter, but for chains. */
static bool enters_others(const struct probe *probe)
{
	const struct options *options = &probe->options;
	bool only_own = options->netns_self && options->netns_count == 1;

	return probe->use_sockets && (!only_own || probe->use_chains || has_chains_page(options));
}

unsigned int probe_privileges(const struct probe *probe)
{
	const struct options *options = &probe->options;
	unsigned int privileges = PRIVILEGE_LOOKS;
	bool asks_for_cookies = !probe_features()->local_storage;

	if (options->verbose || options->stacks)
		privileges |= PRIVILEGE_STACKS;
	if (options->command == COMMAND_THREADS)
		privileges |= PRIVILEGE_MEMORY;
	if (asks_for_cookies)
		privileges |= PRIVILEGE_COOKIES;
	if (probe->use_chains || has_chains_page(options))
		privileges |= PRIVILEGE_CHAINS;
	if (!probe->namespaces.only_own && (asks_for_cookies || enters_others(probe)))
		privileges |= PRIVILEGE_NAMESPACES;
	return privileges;
}

void probe_close(struct probe *probe)
{
	size_t i;

	if (!probe)
		return;
	ring_buffer__free(probe->events);
	probe_release_tracepoints(probe->tracepoints, probe->tracepoint_count);
	for (i = 0; i < probe->link_count; i++)
		bpf_link__destroy(probe->links[i]);
	sockstall_bpf__destroy(probe->skeleton);
	probe_namespaces_close(&probe->namespaces);
	probe_owners_free(&probe->owners);
	full_dates_free(&probe->full);
	probe_processes_free(&probe->processes);
	sleeps_free(&probe->sleeps);
	probe_watches_free(&probe->watches);
	probe_usage_free(&probe->usage);
	probe_symbols_free(&probe->symbols);
	note_cache_free(&probe->wheres);
	note_cache_free(&probe->ended);
	note_cache_free(&probe->connects);
	foreign_close(probe->foreign);
	free(probe);
}

