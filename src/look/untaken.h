/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Whoever reads from a unix socket or a pipe into which a thread waits to write: whether it takes anything. Pure. */
#ifndef SOCKSTALL_LOOK_UNTAKEN_H
#define SOCKSTALL_LOOK_UNTAKEN_H

#include <stdbool.h>

#include "base/buffer.h"
#include "look/look.h"

/* Who has taken nothing for this long does not read, or hardly. A slow reader takes a byte now and then. */
#define UNTAKEN_NS (2 * NS_PER_S)

/* Since when looks have seen it take nothing, while the thread slept that fell asleep at slept_ns (0: not known); 0: not known. */
__u64 untaken_since(const struct socket_record *socket, __u64 slept_ns);

/*
 * Whether a look UNTAKEN_NS later would tell of a thread that has slept for a while. sched_offset_ns: CLOCK_MONOTONIC minus
 * the scheduler's clock.
 */
bool untaken_is_open(const struct buffer *look, __s64 sched_offset_ns);

/* Who reads at the other end, of those that hold it the one that is not `pid`; NULL: not known. */
const struct owner_record *untaken_reader(const struct look *look, const struct socket_record *socket, __u32 pid);

#endif
