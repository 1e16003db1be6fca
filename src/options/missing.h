/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Whether what filters ask for is there at all: else "nothing is stuck" might be true of a slip of the hand. This is
 * about --pid, --comm, --cgroup, --unit and --netns. Sockets come and go, so --port and --peer do not count. Reads
 * /proc.
 */
#ifndef SOCKSTALL_OPTIONS_MISSING_H
#define SOCKSTALL_OPTIONS_MISSING_H

#include <stdbool.h>

#include "options/options.h"

/*
 * Whether some process now fits all filters for processes together, and one of the namespaces is there. True, too,
 * where other people's processes cannot be seen. False with --pod and --container, for which looks decide.
 */
bool asked_for_is_there(const struct scope *scope);

/*
 * Says on stderr what is not there. A run goes on all the same: it may be yet to come. A thread among the pids becomes
 * its process, and that is said, too. Returns what asked_for_is_there() does.
 */
bool asked_for_say_missing(struct scope *scope);

/* The process of a process or thread: its own id where that cannot be read; 0: there is none now. */
unsigned int asked_for_process(unsigned int id);

/*
 * Puts the inodes of the namespaces that --netns names, "self" too, behind those that it gives; once, for what has a
 * name later is another. The list is a new one, the caller's, also after an error. Returns 0 or a negative errno, after
 * one line on stderr.
 */
int asked_for_find_namespaces(struct selection *selection);

#endif
