/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which runtime or server a process is, from its executable, the files it has mapped and the names of its
 * threads. The probe collects the facts; this decides what they come to. Pure.
 */
#ifndef SOCKSTALL_SYSTEM_RUNTIME_H
#define SOCKSTALL_SYSTEM_RUNTIME_H

#include <stdbool.h>

struct runtime_facts {
	const char *executable; /* path; NULL: not known */
	bool go; /* the executable has Go's build information */
	unsigned int seen; /* set by the functions below */
};

/* Takes note of a mapped file, by its path, and of a thread's name. */
void runtime_mapping(struct runtime_facts *facts, const char *path);
void runtime_thread(struct runtime_facts *facts, const char *name);

/* Constant text; NULL where the facts are not sure. */
const char *runtime_of(const struct runtime_facts *facts);

/*
 * True if a loop of such a process may be the loop of its runtime. A process may load the runtime and also run a loop
 * around poll or select. `epoll`: the loop waits with epoll.
 */
bool runtime_fits(const char *runtime, bool epoll);

/*
 * True if the runtime watches everything edge-triggered and keeps in mind itself what can be read: what lies unread
 * there no task has asked for, and no wake-up was lost.
 */
bool runtime_remembers_ready(const char *runtime);

#endif
