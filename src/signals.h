/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Signals that ask for the end, as a descriptor that can be waited for. */
#ifndef SOCKSTALL_SIGNALS_H
#define SOCKSTALL_SIGNALS_H

#include <stdbool.h>

/* Blocks SIGINT, SIGTERM and SIGHUP, and ignores SIGPIPE. The descriptor, or a negative errno. */
int signals_open(void);

/* One of them has come. */
bool signals_came(int fd);

#endif
