/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Loading and attaching the programs that a command needs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "probe/load/load.h"
#include "probe/load/sections.h"

/* What is stuck is shown with the code that it is in. */
static bool has_code(const struct scope *scope)
{
	return !scope->no_stacks && BIT(scope->command) & WITH_CODE;
}

/* The command, and what its options ask for on top of it, as bits of struct probe_program's commands. */
static unsigned int wishes_of(const struct scope *scope)
{
	unsigned int command = BIT(scope->command);

	return command | (scope->interfaces == INTERFACES_ALL ? OTHER_LOOPS : 0) |
	       (scope->verbose || scope->stacks || has_code(scope) || scope_has_groups(scope) ? STACKS : 0) |
	       (scope->interactive ? DETAILS : 0) | (scope->all && command & HANDSHAKES ? ACCEPTORS : 0) |
	       (scope->all && command & (READERS | WRITERS) ? PEERS : 0) | (command & CHAINS ? PEERS : 0) |
	       (scope->causes ? OVERVIEW_CHAINS : 0);
}

void probe_mark_absent(struct attempt *attempt)
{
	size_t i;

	for (i = 0; i < probe_program_count; i++) {
		if (!attempt->wanted[i] || strcmp(probe_programs[i].name, "unix_scan") ||
		    probe_btf_has_function("bpf_iter_unix"))
			continue;
		attempt->absent[i] = true;
		attempt->wanted[i] = false;
	}
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
static void keep_attached(struct attached *attached, size_t place, const struct probe_attached *one)
{
	const char *name = probe_programs[place].name;
	struct bpf_link *link = one->link;

	if (one->event >= 0) {
		attached->tracepoints[attached->tracepoint_count++] = (struct probe_tracepoint){link, one->event};
		attached->counting_since_ns = clock_ns(CLOCK_MONOTONIC);
		return;
	}
	attached->links[attached->link_count++] = link;
	if (!strcmp(name, "thread_scan"))
		attached->thread_iter = link;
	else if (!strcmp(name, "socket_scan"))
		attached->socket_iter = link;
	else if (!strcmp(name, "unix_scan"))
		attached->unix_iter = link;
	else if (!strcmp(name, "dns_scan"))
		attached->dns_iter = link;
	else if (!strcmp(name, "file_scan"))
		attached->file_iter = link;
	else if (!strcmp(name, "watch_scan"))
		attached->use_watches = true;
	else if (!strcmp(name, "usage_scan"))
		attached->usage_iter = link;
	else if (!strcmp(name, "stack_scan"))
		attached->stack_iter = link;
}

static int attach_one(struct attached *attached, struct attempt *attempt, size_t place)
{
	struct probe_attached one;
	int err = probe_attach_one(probe_program_find(attached->skeleton, place), attempt, place, &one);

	attempt->by_libbpf[place] = one.by_libbpf;
	if (!err)
		keep_attached(attached, place, &one);
	return err;
}

static void append_name(char *list, size_t size, const char *name)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used ? " " : "", name);
}

static void attach_all(struct attached *attached, struct attempt *attempt)
{
	size_t i;

	for (i = 0; i < probe_program_count; i++) {
		if (!attempt->wanted[i])
			continue;
		if (!attempt->errors[i] && !attempt->attached[i])
			attempt->errors[i] = attach_one(attached, attempt, i);
		if (attempt->errors[i])
			append_name(attached->missing, sizeof(attached->missing), probe_programs[i].name);
		else
			append_name(attached->used, sizeof(attached->used), probe_programs[i].name);
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

bool attached_is_by_libbpf(const struct attempt *attempt)
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

void attached_say_lost(const struct attempt *attempt)
{
	const char *last = "";
	size_t i;

	if (attempt->tracefs_error)
		fprintf(stderr,
			"sockstall: without tracefs (%s): the waits of event loops are not counted; mount it at "
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
	struct attached *attached;
	struct attempt *attempt;
};

/*
 * The first look needs some loop counts (probe_counting_since()). Attach the counters early, so that they collect while
 * the verifier checks the scans.
 */
static void attach_counters(void *context)
{
	struct loading *loading = context;
	struct attempt *attempt = loading->attempt;
	size_t i;

	for (i = 0; i < probe_program_count; i++) {
		if (!attempt->wanted[i] || !probe_programs[i].tracepoint || attempt->attached[i] ||
		    attempt->errors[i] || bpf_program__fd(probe_program_find(loading->attached->skeleton, i)) < 0)
			continue;
		attempt->errors[i] = attach_one(loading->attached, attempt, i);
		attempt->attached[i] = !attempt->errors[i];
	}
}

static void detach_counters(struct attached *attached, struct attempt *attempt)
{
	probe_release_tracepoints(attached->tracepoints, attached->tracepoint_count);
	attached->tracepoint_count = 0;
	attached->counting_since_ns = 0;
	memset(attempt->attached, 0, sizeof(attempt->attached));
}

static int load(struct attached *attached, struct attempt *attempt, unsigned int wishes)
{
	struct loading loading = {attached, attempt};
	int err;

	probe_sections_before(attach_counters, &loading);
	err = probe_load(&attached->skeleton, attempt, wishes);
	probe_sections_before(NULL, NULL);
	if (err)
		detach_counters(attached, attempt);
	return err;
}

static void want(struct attempt *attempt, unsigned int wishes)
{
	size_t i;

	for (i = 0; i < probe_program_count; i++)
		attempt->wanted[i] = probe_programs[i].commands & wishes;
}

int attached_load(struct attached *attached, struct attempt *attempt, const struct scope *scope)
{
	unsigned int wishes = wishes_of(scope);
	int err;

	want(attempt, wishes);
	probe_mark_absent(attempt);
	probe_read_tracepoints(attempt);
	err = load(attached, attempt, wishes);
	if (!err)
		return 0;
	probe_find_refused(attempt, wishes);
	return vital_error(attempt) || load(attached, attempt, wishes) ? err : 0;
}

int attached_attach(struct attached *attached, struct attempt *attempt)
{
	attach_all(attached, attempt);
	/* Not for want of the kernel's leave: what is short now will be short at the first look. */
	return is_short_of_descriptors(attempt) ? -EMFILE : vital_error(attempt);
}

void attached_release(struct attached *attached)
{
	size_t i;

	probe_release_tracepoints(attached->tracepoints, attached->tracepoint_count);
	for (i = 0; i < attached->link_count; i++)
		bpf_link__destroy(attached->links[i]);
	sockstall_bpf__destroy(attached->skeleton);
}
