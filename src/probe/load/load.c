/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Loading: see load.h. */
#include "probe/load/load.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "probe/load/sections.h"
#include "system/syscalls.h"

/* Enough for the statistics of one program. */
#define LOG_SIZE 4096

#define LOG_STATISTICS 4 /* BPF_LOG_STATS of the kernel's bpf_verifier.h */

static bool is_debug(void)
{
	const char *debug = getenv("SOCKSTALL_DEBUG");

	return debug && *debug;
}

/* libbpf's own words are for developers; `SOCKSTALL_DEBUG=1` shows them. */
static int print_libbpf(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (!is_debug() || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, format, arguments);
}

void probe_quiet_libbpf(void)
{
	libbpf_set_print(print_libbpf);
}

static __u64 tick_ns(void)
{
	struct timespec resolution;

	/* The coarse clock advances once a jiffy: its resolution is the kernel's TICK_NSEC. */
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) || !resolution.tv_nsec)
		return 4000000;
	return (__u64)resolution.tv_nsec;
}

static void configure(struct sockstall_bpf *skeleton, unsigned int wishes)
{
	int i;

	skeleton->rodata->cfg_tick_ns = tick_ns();
	skeleton->rodata->cfg_readers = wishes & READERS;
	skeleton->rodata->cfg_loops = wishes & LOOPS;
	skeleton->rodata->cfg_other_loops = wishes & OTHER_LOOPS;
	skeleton->rodata->cfg_epoll_event_bytes = sizeof(struct epoll_event);
	skeleton->rodata->cfg_threads = wishes & THREADS;
	skeleton->rodata->cfg_details = wishes & DETAILS;
	skeleton->rodata->cfg_writers = wishes & WRITERS;
	skeleton->rodata->cfg_acceptors = wishes & ACCEPTORS;
	skeleton->rodata->cfg_peers = wishes & PEERS;
	skeleton->rodata->cfg_handshakes = wishes & HANDSHAKES;
	skeleton->rodata->cfg_closing = wishes & CLOSING;
	skeleton->rodata->cfg_held = wishes & HELD;
	skeleton->rodata->cfg_services = wishes & SERVICES;
	skeleton->rodata->cfg_chains = wishes & (CHAINS | OVERVIEW_CHAINS);
	skeleton->bss->chains_on = wishes & CHAINS;
	skeleton->rodata->cfg_find_namespaces = true;
	skeleton->rodata->cfg_local_storage = probe_features()->local_storage;
	for (i = 0; i < SYSCALL_NUMBERS; i++)
		skeleton->rodata->cfg_syscall_kinds[i] = (__u8)syscall_kind(i);
	skeleton->bss->look_epoch = 1;
}

static bool has_suffix(const char *text, const char *suffix)
{
	size_t length = strlen(text), end = strlen(suffix);

	return length >= end && !strcmp(text + length - end, suffix);
}

/*
 * Large maps that some commands do without: making one takes milliseconds, because its table is cleared. A program that
 * would use it is then not loaded, or that part is dead code.
 */
static const struct {
	const char *name;
	unsigned int wishes;
} large_maps[] = {
	{"events", HANDSHAKES},
	{"connectors", HANDSHAKES},
	{"queued_sockets", HANDSHAKES},
	{"turns_kept", HELD},
	{"siblings_kept", HELD},
	{"service_places", SERVICES},
	{"service_counts", SERVICES},
	{"wanted_files", LOOPS},
	{"wanted_peers", CHAINS | OVERVIEW_CHAINS},
	{"wanted_pipes", CHAINS | OVERVIEW_CHAINS | WRITERS},
	{"takings", WRITERS},
	{"wanted_pids", THREADS},
};

static bool is_large_and_idle(const char *name, unsigned int wishes)
{
	size_t i;

	for (i = 0; i < COUNT_OF(large_maps); i++)
		if (!strcmp(name, large_maps[i].name))
			return !(wishes & large_maps[i].wishes);
	return false;
}

/* Whether a map is of use here: of storage and the hash that stands in for it, one is. */
static bool is_map_needed(const struct bpf_map *map, unsigned int wishes)
{
	enum bpf_map_type type = bpf_map__type(map);
	const char *name = bpf_map__name(map);
	bool local_storage = probe_features()->local_storage;

	if (type == BPF_MAP_TYPE_TASK_STORAGE)
		return local_storage;
	if (has_suffix(name, "_by_thread"))
		return !local_storage && wishes & (LOOPS | OTHER_LOOPS | THREADS | DETAILS);
	return !is_large_and_idle(name, wishes);
}

/* A kernel refuses a type of map that it does not know, also where no program would use it. */
static void choose_maps(struct sockstall_bpf *skeleton, unsigned int wishes)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, skeleton->obj) if (!is_map_needed(map, wishes))
		bpf_map__set_autocreate(map, false);
}

/* Programs that do the same without bpf_loop(). */
static const char *const without_loop[][2] = {
	{"socket_scan", "socket_scan_without_loop"},
	{"unix_scan", "unix_scan_without_loop"},
	{"usage_scan", "usage_scan_by_file"},
};

struct bpf_program *probe_program_find(const struct sockstall_bpf *skeleton, size_t place)
{
	const char *name = probe_programs[place].name;
	size_t i;

	for (i = 0; i < COUNT_OF(without_loop) && !probe_features()->loop; i++)
		if (!strcmp(name, without_loop[i][0]))
			name = without_loop[i][1];
	return bpf_object__find_program_by_name(skeleton->obj, name);
}

/* `check` also tries programs that its wishes do not ask for: they need their maps all the same. */
static unsigned int map_wishes(const struct attempt *attempt, unsigned int wishes)
{
	unsigned int all = wishes;
	size_t i;

	for (i = 0; i < probe_program_count; i++)
		if (attempt->wanted[i] && !(probe_programs[i].commands & wishes))
			all |= probe_programs[i].commands;
	return all;
}

/* Opened, with the wanted programs chosen, and nothing loaded yet. NULL: errno says why. */
static struct sockstall_bpf *open_wanted(const struct attempt *attempt, unsigned int wishes)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = probe_btf_path());
	struct sockstall_bpf *skeleton = sockstall_bpf__open_opts(&options);
	struct bpf_program *program;
	size_t i;

	if (!skeleton)
		return NULL;
	configure(skeleton, wishes);
	choose_maps(skeleton, map_wishes(attempt, wishes));
	bpf_object__for_each_program(program, skeleton->obj) bpf_program__set_autoload(program, false);
	for (i = 0; i < probe_program_count; i++)
		if (attempt->wanted[i] && !attempt->errors[i])
			bpf_program__set_autoload(probe_program_find(skeleton, i), true);
	return skeleton;
}

static int load_opened(struct sockstall_bpf *skeleton)
{
	probe_sections_types(bpf_object__btf(skeleton->obj));
	return probe_btf_fill(skeleton->obj) ?: sockstall_bpf__load(skeleton);
}

int probe_load(struct sockstall_bpf **out, const struct attempt *attempt, unsigned int wishes)
{
	struct sockstall_bpf *skeleton = open_wanted(attempt, wishes);
	int err;

	*out = skeleton;
	if (!skeleton)
		return -errno;
	err = load_opened(skeleton);
	/* Without memory libbpf may have found that maps cannot be mapped, and left them out. */
	if (!err && (!skeleton->bss || !skeleton->rodata))
		err = -ENOMEM;
	if (!err)
		return 0;
	sockstall_bpf__destroy(skeleton);
	*out = NULL;
	return err;
}

/* From the verifier's "processed 1234 insns (limit 1000000) ...". */
static unsigned long count_verified(const char *log)
{
	const char *processed = strstr(log, "processed ");
	unsigned long count = 0;

	if (processed)
		sscanf(processed, "processed %lu insns", &count);
	return count;
}

/* Loads one program alone. Returns 0 or a negative errno. */
static int try_one(struct attempt *attempt, unsigned int wishes, size_t place)
{
	struct attempt single = {0};
	struct sockstall_bpf *skeleton;
	struct bpf_program *program;
	char log[LOG_SIZE] = "";
	int err;

	single.wanted[place] = true;
	skeleton = open_wanted(&single, wishes);
	if (!skeleton) {
		attempt->by_libbpf[place] = errno != ENOMEM && errno != LIBBPF_ERRNO__LIBELF;
		return -errno;
	}
	program = probe_program_find(skeleton, place);
	bpf_program__set_log_level(program, LOG_STATISTICS);
	bpf_program__set_log_buf(program, log, sizeof(log));
	err = load_opened(skeleton);
	if (err && is_debug())
		fprintf(stderr, "%s: %s\n", probe_programs[place].name, log);
	attempt->verified[place] = count_verified(log);
	attempt->by_libbpf[place] = probe_is_libbpf_error(err);
	if (!err && attempt->attaches)
		err = probe_try_attach(program, attempt, place);
	sockstall_bpf__destroy(skeleton);
	return err;
}

void probe_find_refused(struct attempt *attempt, unsigned int wishes)
{
	size_t i;

	for (i = 0; i < probe_program_count; i++)
		if (attempt->wanted[i] && !attempt->errors[i])
			attempt->errors[i] = try_one(attempt, wishes, i);
}
