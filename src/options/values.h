/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The arguments of options: each function checks one and puts its value into the options. Returns 0,
 * -EINVAL where the argument is not what the option expects, or -ENOMEM.
 */
#ifndef SOCKSTALL_OPTIONS_VALUES_H
#define SOCKSTALL_OPTIONS_VALUES_H

#include "options/options.h"

int option_set_interval(struct options *options, const char *text);
int option_set_duration(struct options *options, const char *text);
int option_set_at(struct options *options, const char *text);
int option_set_min_age(struct options *options, const char *text);
int option_set_pid(struct options *options, const char *text);
int option_set_port(struct options *options, const char *text);
int option_set_comm(struct options *options, const char *text);
int option_set_peer(struct options *options, const char *text);
int option_set_netns(struct options *options, const char *text);
int option_set_cgroup(struct options *options, const char *text);
int option_set_unit(struct options *options, const char *text);
int option_set_pod(struct options *options, const char *text);
int option_set_container(struct options *options, const char *text);
int option_set_interfaces(struct options *options, const char *text);
int option_set_textfile(struct options *options, const char *text);
int option_set_trace(struct options *options, const char *text);
int option_set_diff(struct options *options, const char *text);
int option_set_html(struct options *options, const char *text);
int option_set_record(struct options *options, const char *text);
int option_set_host(struct options *options, const char *text);
int option_set_hosts(struct options *options, const char *text);
int option_set_btf(struct options *options, const char *text);
int option_set_on_stall(struct options *options, const char *text);
int option_set_exec(struct options *options, const char *text);
int option_set_exec_limit(struct options *options, const char *text);
int option_set_flight(struct options *options, const char *text);
int option_set_dump_on(struct options *options, const char *text);
int option_set_dump_file(struct options *options, const char *text);
int option_set_how(struct options *options, const char *text);
int option_set_keepalive(struct options *options, const char *text);
int option_set_ready_fd(struct options *options, const char *text);

/*
 * Checks --on-stall, --exec, --flight and their like together, and parses their conditions. NULL; or what is wrong, in
 * the arena.
 */
const char *option_check_reactions(struct options *options, struct arena *arena);

/* Reads the file of --hosts. NULL; or what is wrong with it, in the arena. */
const char *option_read_hosts(struct options *options, struct arena *arena);

#endif
