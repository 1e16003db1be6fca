// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What this kernel allows: `sockstall check`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "probe/internal.h"
#include "probe/load/load.h"

static const char *state_of(const struct attempt *attempt, size_t place)
{
	if (attempt->absent[place])
		return "none";
	return attempt->errors[place] ? "no" : "yes";
}

static const char *reason_of(const struct attempt *attempt, size_t place)
{
	static char text[160];

	if (attempt->tracefs_error && probe_programs[place].tracepoint)
		snprintf(text, sizeof(text), "no tracefs (%s)", strerror(-attempt->tracefs_error));
	else if (!probe_has_btf())
		snprintf(text, sizeof(text), "no BTF");
	else if (probe_btf_is_unreadable())
		snprintf(text, sizeof(text), "BTF of an unknown form");
	else
		snprintf(text, sizeof(text), "%s (%s)", attempt->by_libbpf[place] ? "libbpf fails" : "refused",
			 probe_error_text(attempt->errors[place]));
	return text;
}

static bool is_debug(void)
{
	const char *debug = getenv("SOCKSTALL_DEBUG");

	return debug && *debug;
}

/* How much work each program is for the verifier is for developers only. */
static void print_one(const struct check_table *table, const struct attempt *attempt, size_t place)
{
	const struct probe_program *program = &probe_programs[place];
	char text[512];

	snprintf(text, sizeof(text), "%-8lu %s", attempt->verified[place], program->purpose);
	check_table_row(table, program->name, state_of(attempt, place), is_debug() ? text : program->purpose);
	if (!attempt->errors[place])
		return;
	snprintf(text, sizeof(text), "%s; without it: %s", reason_of(attempt, place), program->without);
	check_table_row(table, "", "", text);
}

/* What is no program, but may be missing like one. */
static void print_other(const struct check_table *table, const char *name, bool is_there, const char *purpose,
			const char *missing)
{
	check_table_row(table, name, is_there ? "yes" : "no", purpose);
	if (!is_there)
		check_table_row(table, "", "", missing);
}

static bool can_enter_namespaces(void)
{
	struct probe_namespaces namespaces = { 0 };
	bool can = !probe_namespaces_open(&namespaces) && !namespaces.only_own;

	probe_namespaces_close(&namespaces);
	return can;
}

/* The first pid namespace has had this inode since it has any (98f842e675f9, Linux 3.8): PROC_PID_INIT_INO. */
static bool sees_all_processes(void)
{
	struct stat status;

	return stat("/proc/self/ns/pid", &status) || status.st_ino == 0xEFFFFFFC;
}

static void print_others(const struct check_table *table)
{
	print_other(table, "network_namespaces", can_enter_namespaces(), "handshakes in all network namespaces",
		    "needs CAP_SYS_ADMIN; without it: handshakes only of its own");
	print_other(table, "all_processes", sees_all_processes(), "processes of the whole machine",
		    "sockstall runs in a pid namespace; it sees only the processes of this container");
	print_other(table, "sleep_times", probe_has_btf() && probe_btf_has_member("sched_info", "last_arrival"),
		    "since when threads sleep, also from before the start",
		    "needs CONFIG_SCHED_INFO; without it: ages count from the first look, and the true ages may be "
		    "longer; no lag_runqueue_s");
}

/* The programs that the configuration makes different ones of. */
static bool is_configured(const char *name)
{
	return !strcmp(name, "thread_scan") || !strcmp(name, "file_scan");
}

/*
 * Once more with what each command and its options make of the programs; what is shown is the dearest, or the first
 * refusal.
 */
static void try_commands(struct attempt *attempt)
{
	static const unsigned int wishes[] = {
		BIT(COMMAND_OVERVIEW) | STACKS,		      BIT(COMMAND_OVERVIEW) | DETAILS,
		BIT(COMMAND_HANDSHAKES),		      BIT(COMMAND_HANDSHAKES) | DETAILS,
		BIT(COMMAND_READERS),			      BIT(COMMAND_READERS) | DETAILS,
		BIT(COMMAND_EPOLL),			      BIT(COMMAND_EPOLL) | OTHER_LOOPS,
		BIT(COMMAND_EPOLL) | OTHER_LOOPS | STACKS | DETAILS, BIT(COMMAND_THREADS),
		BIT(COMMAND_THREADS) | STACKS,		      BIT(COMMAND_OVERVIEW) | ACCEPTORS | PEERS,
		BIT(COMMAND_WRITERS),			      BIT(COMMAND_CLOSING),
	};
	struct attempt one;
	size_t i, place;

	for (i = 0; i < COUNT_OF(wishes); i++) {
		one = *attempt;
		for (place = 0; place < probe_program_count; place++)
			one.wanted[place] = attempt->wanted[place] && probe_programs[place].commands & wishes[i] &&
					    is_configured(probe_programs[place].name);
		probe_find_refused(&one, wishes[i]);
		for (place = 0; place < probe_program_count; place++) {
			attempt->errors[place] = one.errors[place];
			if (one.verified[place] > attempt->verified[place])
				attempt->verified[place] = one.verified[place];
		}
	}
}

/* `check` tries every program there is, each on its own, as a run does: loads it, and attaches it for a moment. */
int probe_check(const struct check_table *table, const char *btf_file)
{
	struct attempt attempt = { .attaches = true };
	bool by_libbpf = false;
	size_t i;
	int err;

	probe_quiet_libbpf();
	err = probe_btf_use(btf_file);
	if (err)
		return err;
	for (i = 0; i < probe_program_count; i++)
		attempt.wanted[i] = true;
	probe_read_tracepoints(&attempt);
	probe_find_refused(&attempt, BIT(COMMAND_OVERVIEW));
	probe_tried_release(&attempt);
	attempt.attaches = false;
	if (is_debug())
		try_commands(&attempt);
	check_table_row(table, "PROBE", "KERNEL", "WHAT IT BRINGS");
	for (i = 0; i < probe_program_count; i++) {
		print_one(table, &attempt, i);
	}
	print_others(table);
	for (i = 0; i < probe_program_count; i++) {
		if (!probe_programs[i].vital)
			continue;
		if (!attempt.errors[i])
			return 0;
		err = attempt.errors[i];
		by_libbpf = attempt.by_libbpf[i];
	}
	fflush(table->out);
	probe_say_why(err, by_libbpf);
	return -ENOTSUP;
}
