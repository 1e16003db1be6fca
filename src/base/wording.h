/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Words that `why` and `advice` are made of, for a tired reader: "31.2 s", "217 bytes", "10.0.0.1:80".
 * Text belongs to the arena and is never NULL.
 */
#ifndef SOCKSTALL_WORDING_H
#define SOCKSTALL_WORDING_H

#include "base/buffer.h"
#include "socket_record.h"

/* What lets go on who is frozen with its cgroup. */
#define SAY_THAW                                                                                                       \
	"let it go on: unpause its container, or thaw its control group (0 into its cgroup.freeze; with v1 THAWED "    \
	"into its "                                                                                                    \
	"freezer.state)"

/* "42 ms", "31.2 s", "4 min 5 s", "2 h 11 min", "3 d 4 h" */
const char *say_duration(struct arena *arena, __u64 ns);

/* How long ago; "0 ms" for what lies ahead. */
const char *say_since(struct arena *arena, __u64 now_ns, __u64 then_ns);

/* How long until; "0 ms" for what is over. */
const char *say_until(struct arena *arena, __u64 now_ns, __u64 then_ns);

/* "1 byte", "217 bytes"; things is the plural, and ends in s. */
const char *say_count(struct arena *arena, __u64 count, const char *things);

/* An address as text (RFC 5952), IPv4-mapped as IPv4. */
const char *say_address(struct arena *arena, const __u8 address[16]);

/* "10.0.0.1:80", "[2001:db8::1]:80" */
const char *say_local(struct arena *arena, const struct socket_name *name);
const char *say_peer(struct arena *arena, const struct socket_name *name);

/* "accept queue holds 1 (its limit is 16)", "accept queue is full (it holds 3, and its limit is 2)": one more gets in. */
const char *say_accept_queue(struct arena *arena, __u32 length, __u32 limit);

/* "10.0.0.1:80 -> 10.0.0.2:4000"; of what has no peer (a listener, who takes from everybody) its own end. */
const char *say_both_ends(struct arena *arena, const struct socket_name *name);

/*
 * The command that shows how this connection can be ended, and ends it with --yes; and the one without sockstall. tid: a
 * thread in the socket's network namespace, to enter it; 0: there is none.
 */
const char *say_ending(struct arena *arena, const struct socket_name *name, __u32 tid);

#endif
