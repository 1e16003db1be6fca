/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Writing where it may be that nobody reads: a stopped pager, a full pipe, a terminal after Ctrl-S. It waits there as
 * long as that takes. But where a signal asks for the end (signals.h), and nothing has been taken for half a second, it
 * gives up, and has no more patience afterwards.
 *
 * write(2) itself is interrupted, by SIGALRM every 50 ms: what poll(2) says of a terminal or a socket is true of one
 * byte, and O_NONBLOCK would be set for everybody who shares the pipe.
 */
#ifndef SOCKSTALL_BASE_PATIENCE_H
#define SOCKSTALL_BASE_PATIENCE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes all of it, in pieces of whole lines as far as PIPE_BUF allows: a pipe takes such a piece as a whole or not at
 * all. Only of a line that is longer can a part have been written. Returns 0, a negative errno, or -ECANCELED: given
 * up.
 */
int patience_write(int fd, const char *bytes, size_t size);

/*
 * Around what writes to fd itself and goes on after an interruption (ncurses). Giving up puts `instead` in fd's place,
 * so that it finds an end.
 */
void patience_begin(int fd, int instead);

/* Whether that has happened since patience_begin(). */
bool patience_end(void);

#endif
