/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about locks that threads wait for: see verdict.h. */
#ifndef SOCKSTALL_RULES_LOCK_H
#define SOCKSTALL_RULES_LOCK_H

#include <stdbool.h>

#include "look/look.h"

/*
 * Threads that take turns: whoever has the lock waits for the next event or connection, and the others wait for their turn
 * (Apache's AcceptMutex, leader and followers). That is idle, and no fault. holder: NULL: not seen.
 */
bool lock_takes_turns(const struct lock_record *lock, const struct thread_view *holder);

#endif
