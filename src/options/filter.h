/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which rows the options ask for. Pure.
 *
 * A row is shown if it fits each of --pid, --comm, --port, --peer, --netns and --cgroup that was given. It fits one if
 * any process, thread, holder, link or watched socket that it is about does, and another may fit the next. A row's
 * fields name only some of these: a report adds the bits of what the others fit (struct row: fits). Unknown values do
 * not fit.
 */
#ifndef SOCKSTALL_OPTIONS_FILTER_H
#define SOCKSTALL_OPTIONS_FILTER_H

#include <stdbool.h>

#include "look/look.h"
#include "options/options.h"
#include "rows/row.h"

/* The filters that were given, as bits; 0: none. */
unsigned int filter_asked(const struct selection *selection);

/* Records that are about sockstall itself always match. */
bool filter_matches(const struct selection *selection, const struct row *row);

/* Whether these bits are all that was asked for. */
bool filter_is_met(const struct selection *selection, unsigned int fits);

/*
 * Which of the filters given something fits, as bits. A process by its name of 16 bytes and its cgroup; a thread
 * likewise, and by its network namespace; a socket by ports, peer and network namespace; holders: any of these
 * processes.
 */
unsigned int filter_process(const struct selection *selection, const struct look *look, __u32 pid, const char comm[16]);
unsigned int filter_thread(const struct selection *selection, const struct look *look,
			   const struct thread_record *thread);
unsigned int filter_socket(const struct selection *selection, const struct look *look, const struct socket_name *name);
unsigned int filter_holders(const struct selection *selection, const struct look *look,
			    const struct owner_record *const *owners, size_t count);

/* filter_holders() of the socket with this cookie; 0: of none. */
unsigned int filter_holders_of(const struct selection *selection, const struct look *look, __u64 cookie);

/*
 * Whether the look holds a process that --pid, --comm and --cgroup fit together (with chains: any for each of them),
 * and a network namespace that --netns does.
 * A look has processes only if they wait or hold sockets: whoever is at rest may not be in it.
 */
bool filter_fits_look(const struct scope *scope, const struct look *look);

/*
 * Whether this loss may matter for what is asked. One about a process that certainly fits no --pid, --comm, --cgroup or
 * --netns does not, but with chains: links lead through any process.
 */
bool filter_tells_lost(const struct scope *scope, const struct look *look, const struct lost_record *lost);

/* Whether each of the filters for processes may fit another: one link of a chain, and the next. */
bool filter_is_by_link(const struct scope *scope);

/* Whether --pid, --comm, or --cgroup, asks for this; where it was not given, for everything. NULL: not known. */
bool filter_is_pid(const struct selection *selection, int64_t pid);
bool filter_is_comm(const struct selection *selection, const char *comm);
bool filter_is_in_cgroup(const struct selection *selection, const char *cgroup);

/* Whether --port asks for this one, or for all. */
bool filter_is_port(const struct selection *selection, int64_t port);

#endif
