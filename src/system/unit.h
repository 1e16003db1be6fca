/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * systemd's unit of a process, from its cgroup path alone: below slices the first component is the unit, and a user's
 * own manager (user@UID.service) has slices and units in turn. systemd: src/basic/cgroup-util.c, cg_path_decode_unit().
 */
#ifndef SOCKSTALL_SYSTEM_UNIT_H
#define SOCKSTALL_SYSTEM_UNIT_H

#include <stdbool.h>

#include "base/buffer.h"

/* "nginx.service", copied. NULL: the path names no unit, also where cgroup is NULL, or there is no memory. */
const char *unit_of(struct arena *arena, const char *cgroup);

/* Whether the process is in this unit. As for systemctl(1) a name without a suffix is a service. */
bool unit_is(const char *name, const char *cgroup);

#endif
