/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The process that ends connections, for `end` and for the live view: sockstall, which reads what other processes chose
 * (names, paths, memory), keeps no right to copy a descriptor, to end a socket or to write to the journal.
 *
 * It is told what to end and how (message.h), and looks for itself: for the process by pid and start time, for the
 * socket by its cookie, when it plans and again before it acts. It does what act.h knows and nothing else: above all,
 * no descriptor ever leaves it. Each end is a line in the journal, which it writes itself.
 */
#ifndef SOCKSTALL_ACT_HELPER_H
#define SOCKSTALL_ACT_HELPER_H

#include "act/ask.h"

/* While there is one thread. Returns 0 or a negative errno. */
int act_helper_open(struct act_asker *asker);
void act_helper_close(struct act_asker *asker);

#endif
