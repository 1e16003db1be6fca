/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Whether what a read of a TCP socket waits for has come. Then it is not the peer that keeps the thread: its cgroup is frozen
 * (do_freezer_trap() sleeps inside the syscall), it waits for room in a pipe that it splices to, for memory, for the rest of a TLS record. Or it is
 * just being woken: its state was read a moment before its socket.
 */
#ifndef SOCKSTALL_READ_SIGNS_H
#define SOCKSTALL_READ_SIGNS_H

#include <stdbool.h>

#include "socket_record.h"
#include "thread_record.h"

/* As much as would have ended the read. */
bool read_has_data(const struct thread_record *thread, const struct socket_record *socket);

/* The peer's FIN, an error, or a shutdown of this side. */
bool read_has_end(const struct socket_record *socket);

#endif
