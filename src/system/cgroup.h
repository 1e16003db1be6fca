/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Cgroups of processes. With cgroup v2 there is one. With v1 there is one for each controller, and on a hybrid system
 * one of v2 besides: there Docker's containers are in v1's alone, and v2 has them all in
 * /system.slice/containerd.service. One of them is shown.
 */
#ifndef SOCKSTALL_SYSTEM_CGROUP_H
#define SOCKSTALL_SYSTEM_CGROUP_H

#include "base/buffer.h"

#define CGROUP_MAX 4096

struct cgroup_choice {
	char path[CGROUP_MAX]; /* the best so far; empty: none */
	int rank;
};

/*
 * Takes a line of /proc/PID/cgroup, `hierarchy:controllers:path`, and keeps its path if it says more than those before.
 */
void cgroup_choice_add(struct cgroup_choice *choice, const char *line);

/* The cgroup path of a process, as it is shown; the caller's to free. NULL: it is not known, or there is no memory. */
char *process_cgroup(unsigned int pid);

/*
 * The container's id, 64 hex digits as docker, containerd, CRI-O and Podman give it, where the path names
 * one; of containers in containers the innermost. NULL: none, also where cgroup is NULL.
 */
const char *container_id(struct arena *arena, const char *cgroup);

#define CONTAINER_ID_SIZE 65

/* The same, copied with a NUL; empty: none. */
void container_id_copy(char id[CONTAINER_ID_SIZE], const char *cgroup);

#endif
