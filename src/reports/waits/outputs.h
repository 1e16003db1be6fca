/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Threads of a process with several, each of which reads from a pipe what another process writes. Pure. */
#ifndef SOCKSTALL_REPORTS_WAITS_OUTPUTS_H
#define SOCKSTALL_REPORTS_WAITS_OUTPUTS_H

#include "reports/waits/waits.h"

bool wait_is_for_output(const struct waits *waits, const struct wait *wait);

/* The process that is to write is younger than that moment (CLOCK_MONOTONIC; 0: never). */
bool wait_is_output_since(const struct waits *waits, const struct wait *wait, __u64 asked_ns);

/* Notes where those for output stand, for waits_find_next(). Returns 0 or -ENOMEM. */
int waits_index_outputs(struct waits *waits);

/* Takes away those for which nobody else waits. Called after waits_find_next(). Returns 0 or -ENOMEM. */
int waits_drop_collectors(struct waits *waits);

#endif
