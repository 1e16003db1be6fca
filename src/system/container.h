/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which container a cgroup path belongs to. */
#ifndef SOCKSTALL_SYSTEM_CONTAINER_H
#define SOCKSTALL_SYSTEM_CONTAINER_H

#include "base/buffer.h"

/* Where in the path the innermost container's id is: 64 digits. NULL: nowhere, also where cgroup is NULL. */
const char *container_find(const char *cgroup);

/*
 * The container's id, 64 hex digits as docker, containerd, CRI-O and Podman give it, where the path names
 * one; of containers in containers the innermost. NULL: none, also where cgroup is NULL.
 */
const char *container_id(struct arena *arena, const char *cgroup);

#endif
