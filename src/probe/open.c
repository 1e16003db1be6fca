/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Opening and closing: see probe.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/parse.h"
#include "code/unwinder.h"
#include "look/watch_facts.h"
#include "options/ages.h"
#include "probe/load/load.h"
#include "probe/namespaces.h"
#include "rights/privileges.h"

static int load_and_attach(struct probe *probe, struct attempt *attempt)
{
	int err = attached_load(&probe->attached, attempt, &probe->scope);

	if (!err && probe->scope.command == COMMAND_THREADS)
		err = probe_wanted_pids_set(probe);
	return err ? err : attached_attach(&probe->attached, attempt);
}

static int open_events(struct probe *probe)
{
	int fd = bpf_map__fd(probe->attached.skeleton->maps.events);

	probe->events = ring_buffer__new(fd, probe_on_event, probe, NULL);
	return probe->events ? 0 : -errno;
}

/*
 * The scan leaves out connections that the rules (rules/closing.c) would call young, but not those that nearly have the
 * age: a proxy has two connections, and the one that was half closed a moment later is evidence, too.
 */
static __u64 closing_quiet_ns(const struct scope *scope)
{
	return scope->all ? 0 : closing_min_age(scope) - closing_min_age(scope) / 16;
}

static void set_patience(struct probe *probe)
{
	probe->attached.skeleton->bss->closing_quiet_ns = closing_quiet_ns(&probe->scope);
	probe->attached.skeleton->bss->chains_quiet_ns = min_age_of(&probe->scope, ROW_CHAIN);
	probe->use_chains = probe->always_chains = BIT(probe->scope.command) & CHAINS;
	probe->use_services = BIT(probe->scope.command) & SERVICES;
	probe->show_services = probe->always_services = probe->scope.command == COMMAND_SERVICES;
}

static int open_caches(struct probe *probe)
{
	probe->owners = probe_owners_new();
	probe->processes = probe_processes_new();
	probe->maps = probe_maps_new();
	probe->watches = probe_watches_new();
	probe->usage = probe_usage_new();
	probe->titles = probe_titles_new();
	probe->codes = probe_codes_new();
	probe->unread = probe_unread_new();
	probe->symbols = probe_symbols_new();
	probe->notes = probe_notes_new();
	probe->connects = probe_connects_new();
	probe->known_addresses = probe_addresses_new();
	return probe->owners && probe->processes && probe->maps && probe->watches && probe->usage && probe->symbols &&
			       probe->notes && probe->connects && probe->titles && probe->codes && probe->unread &&
			       probe->known_addresses
		       ? 0
		       : -ENOMEM;
}

static int open_all(struct probe *probe, const char *btf_file)
{
	struct attempt attempt = {0};
	int err;

	err = open_caches(probe);
	if (!err)
		err = foreign_open(&probe->foreign, probe_is_asked_to_end);
	if (!err)
		err = unwinder_open(&probe->unwinder, probe_is_asked_to_end);
	if (err) {
		fprintf(stderr, "sockstall: cannot begin: %s\n", strerror(-err));
		return err;
	}
	probe_quiet_libbpf();
	err = probe_btf_use(btf_file);
	if (err)
		return err;
	probe->use_sockets = BIT(probe->scope.command) & SOCKETS;
	probe->use_loops = BIT(probe->scope.command) & LOOPS;
	err = load_and_attach(probe, &attempt);
	probe_btf_done();
	if (!err)
		set_patience(probe);
	if (err) {
		probe_say_why(err, attached_is_by_libbpf(&attempt));
		return err;
	}
	attached_say_lost(&attempt);
	err = probe_namespaces_open(&probe->namespaces);
	if (!err && probe->use_sockets && probe->namespaces->only_own)
		fprintf(stderr,
			"sockstall: without CAP_SYS_ADMIN: connections of other network namespaces are not seen\n");
	if (!err && BIT(probe->scope.command) & HANDSHAKES)
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
	probe->scope = options->scope;
	probe->pace = options->pace;
	probe->addresses = options->helpers.addresses;
	probe->is_recorded = options->sinks.record_file;
	probe->always_all = options->scope.all;
	probe->long_idle_ns = long_idle_ns();
	err = open_all(probe, options->btf_file);
	if (err) {
		probe_close(probe);
		return err;
	}
	probe->previous_ns =
		probe->attached.counting_since_ns ? probe->attached.counting_since_ns : clock_ns(CLOCK_MONOTONIC);
	*out = probe;
	return 0;
}

__u64 probe_counting_since(const struct probe *probe)
{
	return probe->attached.counting_since_ns;
}

/* With --netns self there is no other namespace to enter, but for chains. */
static bool enters_others(const struct probe *probe)
{
	const struct scope *scope = &probe->scope;

	return probe->use_sockets && (!selection_is_own(&scope->selection) || probe->use_chains || scope->causes);
}

unsigned int probe_privileges(const struct probe *probe)
{
	const struct scope *scope = &probe->scope;
	unsigned int privileges = PRIVILEGE_LOOKS;
	bool asks_for_cookies = !probe_features()->local_storage || probe_unix_is_asked_for(probe);

	if (scope->verbose || scope->stacks)
		privileges |= PRIVILEGE_STACKS;
	if (probe->attached.stack_iter)
		privileges |= PRIVILEGE_CODE;
	if (asks_for_cookies)
		privileges |= PRIVILEGE_COOKIES;
	if (probe->use_chains || scope->causes)
		privileges |= PRIVILEGE_CHAINS;
	if (!probe->namespaces->only_own && (asks_for_cookies || enters_others(probe)))
		privileges |= PRIVILEGE_NAMESPACES;
	return privileges;
}

void probe_close(struct probe *probe)
{
	if (!probe)
		return;
	ring_buffer__free(probe->events);
	attached_release(&probe->attached);
	probe_namespaces_close(probe->namespaces);
	probe_owners_free(probe->owners);
	full_dates_free(&probe->full);
	spoken_free(&probe->spoken);
	queue_dates_free(&probe->queued);
	service_history_free(&probe->services);
	probe_processes_free(probe->processes);
	sleeps_free(&probe->sleeps);
	probe_watches_free(probe->watches);
	probe_usage_free(probe->usage);
	probe_titles_free(probe->titles);
	probe_codes_free(probe->codes);
	probe_unread_free(probe->unread);
	probe_symbols_free(probe->symbols);
	probe_notes_free(probe->notes);
	probe_connects_free(probe->connects);
	probe_addresses_free(probe->known_addresses);
	probe_maps_free(probe->maps);
	foreign_close(probe->foreign);
	unwinder_close(probe->unwinder);
	free(probe);
}
