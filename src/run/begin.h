/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* How a live run begins: when, with which rights; and what its caller is told. */
#ifndef SOCKSTALL_RUN_BEGIN_H
#define SOCKSTALL_RUN_BEGIN_H

#include <stdint.h>

#include <linux/types.h>

#include "time_units.h"
#include "options/options.h"

/* With --at: attached so long ahead that looks begin in time. What is counted meanwhile goes into the first look. */
#define BEGIN_ATTACH_NS (5 * NS_PER_S)

/*
 * Waits until so long before the next multiple of step_ns on the wall clock; not at all where that is over, or step_ns
 * is 0. wait() waits until a moment of CLOCK_MONOTONIC, and returns 0, 1 if the end is asked for, or a negative errno,
 * which end the waiting.
 */
int begin_at_clock(uint64_t step_ns, uint64_t before_ns, int (*wait)(void *context, __u64 moment_ns), void *context);

/* The rights for what the options ask for beside looks: see privileges.h. */
unsigned int begin_privileges(const struct options *options);

/* --ready-fd */
void begin_tell_ready(const struct sinks *sinks);

/* Says so if records are missing because nobody read them. */
void end_tell_unread(void);

#endif
