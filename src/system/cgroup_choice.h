/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which of a process's cgroups is shown. With cgroup v2 there is one. With v1 there is one for each controller, and
 * on a hybrid system one of v2 besides: there Docker's containers are in v1's alone, and v2 has them all in
 * /system.slice/containerd.service.
 */
#ifndef SOCKSTALL_SYSTEM_CGROUP_CHOICE_H
#define SOCKSTALL_SYSTEM_CGROUP_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#define CGROUP_MAX 4096

struct cgroup_choice {
	char path[CGROUP_MAX]; /* the best so far; empty: none */
	int rank;
};

/* Takes a line of /proc/PID/cgroup, `hierarchy:controllers:path`, and keeps its path if it says more than those before. */
void cgroup_choice_add(struct cgroup_choice *choice, const char *line);

#endif
