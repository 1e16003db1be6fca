/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The processes that hold one socket open, in words. Pure. */
#ifndef SOCKSTALL_LOOK_OWNERS_H
#define SOCKSTALL_LOOK_OWNERS_H

#include <stdbool.h>

#include "look/look.h"

/*
 * The process shown as the owner of a socket: the one with the lowest pid. The master of workers that share its
 * listener comes after these; pid 1 or another systemd after all (socket activation: the manager keeps sockets that it
 * has handed over). NULL: none is known.
 */
const struct owner_record *owners_main(const struct look *look, __u64 cookie);

/* True if this one is shown as the owner only when no other process has the socket. */
bool owners_is_last_choice(const struct owner_record *owner);

/* True for the master of a prefork server: its children share the listener, and accept. */
bool owners_leaves_work(const struct owner_record *owner);

/* "nginx (pid 10), which shares it with nginx (pid 11) and 2 other processes,"; NULL: nobody is known. */
const char *owners_say(struct arena *arena, const struct look *look, __u64 cookie);

/*
 * "10,11,12", as -p takes them, the main one first and some of the others. NULL: nobody is known, or only a systemd
 * that listens for a service.
 */
const char *owners_pids(struct arena *arena, const struct look *look, __u64 cookie);

#endif
