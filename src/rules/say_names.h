/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Commands that show more of a process, by what people call it. */
#ifndef SOCKSTALL_RULES_SAY_NAMES_H
#define SOCKSTALL_RULES_SAY_NAMES_H

#include "base/buffer.h"

/* Each may be NULL. */
struct names {
	const char *cgroup, *unit, *pod, *namespace, *container;
};

/*
 * Commands for it: kubectl for a pod, logs for a container of Docker or Podman, systemctl and journalctl for a unit.
 * Names are text that others chose: one with another character than those of ordinary names goes into no command. NULL:
 * there is none.
 */
const char *say_names(struct arena *arena, const struct names *names);

#endif
