/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Words that `why` and `advice` are made of, for a tired reader: "31.2 s", "217 bytes".
 * Text belongs to the arena and is never NULL.
 */
#ifndef SOCKSTALL_BASE_WORDING_H
#define SOCKSTALL_BASE_WORDING_H

#include <linux/types.h>

#include "base/buffer.h"

/* "42 ms", "31.2 s", "4 min 5 s", "2 h 11 min", "3 d 4 h" */
const char *say_duration(struct arena *arena, __u64 ns);

/* How long ago; "0 ms" for what lies ahead. */
const char *say_since(struct arena *arena, __u64 now_ns, __u64 then_ns);

/* How long until; "0 ms" for what is over. */
const char *say_until(struct arena *arena, __u64 now_ns, __u64 then_ns);

/* "1 byte", "217 bytes"; things is the plural, and ends in s. */
const char *say_count(struct arena *arena, __u64 count, const char *things);

#endif
