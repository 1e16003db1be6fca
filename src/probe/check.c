/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What this kernel allows: `sockstall check`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "probe/load/load.h"
#include "probe/namespaces.h"

static bool is_debug(void)
{
	const char *debug = getenv("SOCKSTALL_DEBUG");

	return debug && *debug;
}

/* Why this program cannot be had, and what helps. */
static void fill_missing(struct check_list *list, struct check_item *item, const struct attempt *attempt, size_t place)
{
	int err = attempt->errors[place];
	bool by_libbpf = attempt->by_libbpf[place];

	item->effect = probe_programs[place].without;
	item->remedy = probe_remedy(err, by_libbpf);
	if (attempt->tracefs_error && probe_programs[place].tracepoint) {
		item->reason = arena_printf(&list->arena, "no tracefs (%s)", strerror(-attempt->tracefs_error));
		item->remedy = "run it as root, or mount tracefs: mount -t tracefs tracefs /sys/kernel/tracing";
	} else if (!probe_has_btf()) {
		item->reason = "no BTF";
	} else if (probe_btf_is_unreadable()) {
		item->reason = "BTF of an unknown form";
	} else {
		item->reason = arena_printf(&list->arena, "%s (%s)", by_libbpf ? "libbpf fails" : "refused",
					    probe_error_text(err));
	}
}

static void add_program(struct check_list *list, const struct attempt *attempt, size_t place)
{
	const struct probe_program *program = &probe_programs[place];
	struct check_item *item = check_list_add(list, CHECK_PROBE, program->name, program->purpose);

	if (!item)
		return;
	item->verified = (int64_t)attempt->verified[place];
	if (attempt->absent[place])
		item->state = CHECK_NONE;
	else if (attempt->errors[place])
		item->state = CHECK_NO;
	if (attempt->errors[place])
		fill_missing(list, item, attempt, place);
}

static bool can_enter_namespaces(void)
{
	struct probe_namespaces *namespaces;
	bool can = !probe_namespaces_open(&namespaces) && !namespaces->only_own;

	probe_namespaces_close(namespaces);
	return can;
}

/* The first pid namespace has had this inode since it has any (98f842e675f9, Linux 3.8): PROC_PID_INIT_INO. */
static bool sees_all_processes(void)
{
	struct stat status;

	return stat("/proc/self/ns/pid", &status) || status.st_ino == 0xEFFFFFFC;
}

/* Adds a probe that is not a BPF program, but may be missing like one. */
static void add_other(struct check_list *list, bool is_there, const struct check_item *other)
{
	struct check_item *item = check_list_add(list, CHECK_PROBE, other->name, other->purpose);

	if (!item || is_there)
		return;
	item->state = CHECK_NO;
	item->reason = other->reason;
	item->effect = other->effect;
	item->remedy = other->remedy;
}

static const struct check_item all_namespaces = {
	.name = "network_namespaces",
	.purpose = "handshakes in all network namespaces",
	.reason = "needs CAP_SYS_ADMIN",
	.effect = "handshakes only of its own",
	.remedy = "run it as root, or give it CAP_SYS_ADMIN",
};

static const struct check_item all_processes = {
	.name = "all_processes",
	.purpose = "processes of the whole machine",
	.reason = "in a pid namespace of its own",
	.effect = "only the processes of this container",
	.remedy = "run it on the host, or in a container with the host's pid namespace (--pid=host)",
};

static void add_others(struct check_list *list)
{
	const struct check_item sleep_times = {
		.name = "sleep_times",
		.purpose = "since when threads sleep, also from before the start",
		.reason = probe_has_btf() ? "needs CONFIG_SCHED_INFO" : "no BTF",
		.effect = "ages count from the first look, and are at least that; no lag_runqueue_s",
		.remedy = "a kernel built with CONFIG_SCHED_INFO, and with BTF",
	};

	add_other(list, can_enter_namespaces(), &all_namespaces);
	add_other(list, sees_all_processes(), &all_processes);
	add_other(list, probe_has_btf() && probe_btf_has_member("sched_info", "last_arrival"), &sleep_times);
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
		BIT(COMMAND_OVERVIEW) | STACKS,
		BIT(COMMAND_OVERVIEW) | DETAILS,
		BIT(COMMAND_HANDSHAKES),
		BIT(COMMAND_HANDSHAKES) | DETAILS,
		BIT(COMMAND_READERS),
		BIT(COMMAND_READERS) | DETAILS,
		BIT(COMMAND_EPOLL),
		BIT(COMMAND_EPOLL) | OTHER_LOOPS,
		BIT(COMMAND_EPOLL) | OTHER_LOOPS | STACKS | DETAILS,
		BIT(COMMAND_THREADS),
		BIT(COMMAND_THREADS) | STACKS,
		BIT(COMMAND_OVERVIEW) | ACCEPTORS | PEERS,
		BIT(COMMAND_WRITERS),
		BIT(COMMAND_CLOSING),
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

/* Tries every program there is, each on its own, as a run does: loads it, and attaches it for a moment. */
static void try_all(struct attempt *attempt)
{
	size_t i;

	for (i = 0; i < probe_program_count; i++)
		attempt->wanted[i] = true;
	probe_mark_absent(attempt);
	probe_read_tracepoints(attempt);
	probe_find_refused(attempt, BIT(COMMAND_OVERVIEW));
	probe_tried_release(attempt);
	attempt->attaches = false;
	if (is_debug())
		try_commands(attempt);
}

/* Whether any of the programs without which nothing can run is there; else says why not. */
static bool is_any_vital(const struct attempt *attempt)
{
	bool by_libbpf = false;
	size_t i;
	int err = 0;

	for (i = 0; i < probe_program_count; i++) {
		if (!probe_programs[i].vital)
			continue;
		if (!attempt->errors[i])
			return true;
		err = attempt->errors[i];
		by_libbpf = attempt->by_libbpf[i];
	}
	probe_say_why(err, by_libbpf);
	return false;
}

int probe_check(struct check_list *list, const char *btf_file)
{
	struct attempt attempt = {.attaches = true};
	size_t i;
	int err;

	probe_quiet_libbpf();
	err = probe_btf_use(btf_file);
	if (err)
		return err;
	try_all(&attempt);
	list->developer = is_debug();
	for (i = 0; i < probe_program_count; i++)
		add_program(list, &attempt, i);
	add_others(list);
	list->broken = !is_any_vital(&attempt);
	return list->broken ? -ENOTSUP : 0;
}
