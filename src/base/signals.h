/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Signals that ask for the end, as a descriptor that can be waited for. */
#ifndef SOCKSTALL_BASE_SIGNALS_H
#define SOCKSTALL_BASE_SIGNALS_H

#include <stdbool.h>

/* Blocks SIGINT, SIGTERM and SIGHUP, with `dump` also SIGUSR1. The descriptor, or a negative errno. */
int signals_open(bool dump);

/* One of them has come. */
bool signals_came(int fd);

/* Takes the number of one that has come from the descriptor; 0: there is none. */
int signals_take(int fd);

/* Whether one of them asks for the end, taken or not. May be called in a signal handler. */
bool signals_asked(void);

#endif
