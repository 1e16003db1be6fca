/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Names of unix sockets as text. */
#ifndef SOCKSTALL_LOOK_UNIX_PATH_H
#define SOCKSTALL_LOOK_UNIX_PATH_H

#include "base/buffer.h"
#include "socket_record.h"

/*
 * The name that the listener is bound to, as given to bind(): a path, or "@" and the rest of an abstract name. NUL
 * bytes inside are "@", too, as `ss` has them; all other bytes are raw. NULL: it is no unix socket, or has no name.
 */
const char *unix_path(struct arena *arena, const struct listener_record *listener);

#endif
