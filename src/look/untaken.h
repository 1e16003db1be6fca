/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A thread waits to write into a unix socket or a pipe: whether the reader at the other end takes anything. Pure. */
#ifndef SOCKSTALL_LOOK_UNTAKEN_H
#define SOCKSTALL_LOOK_UNTAKEN_H

#include <stdbool.h>

#include "base/buffer.h"
#include "look/look.h"

/* A reader that has taken nothing for this long does not read. A slow one takes a byte now and then. */
#define UNTAKEN_NS (2 * NS_PER_S)

/*
 * Since when looks have seen nothing taken, and not before the writer fell asleep (slept_ns; 0: not known). Returns 0:
 * not known.
 */
__u64 untaken_since(const struct socket_record *socket, __u64 slept_ns);

/*
 * Whether a look UNTAKEN_NS later can settle it for some writer that has slept for a second. sched_offset_ns:
 * CLOCK_MONOTONIC minus the scheduler's clock.
 */
bool untaken_is_open(const struct buffer *look, __s64 sched_offset_ns);

/* A process other than `pid` that holds the reading end. NULL: not known. */
const struct owner_record *untaken_reader(const struct look *look, const struct socket_record *socket, __u32 pid);

#endif
