/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef SOCKSTALL_ASKED_FOR_H
#define SOCKSTALL_ASKED_FOR_H

#include "options/options.h"

/*
 * Says on stderr what filters ask for that is not there: else "nothing is stuck" might be true of a slip of the hand. A
 * run goes on all the same: what is asked for may be yet to come. A thread among the pids becomes its process, and that is
 * said, too.
 */
void asked_for_say_missing(struct options *options);

/* The process of a process or thread: its own id where that cannot be read; 0: there is none now. */
unsigned int asked_for_process(unsigned int id);

#endif
