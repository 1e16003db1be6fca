/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Where half-open connections come from, when there are too many to be told one by one. */
#ifndef SOCKSTALL_REPORTS_TOP_SOURCES_H
#define SOCKSTALL_REPORTS_TOP_SOURCES_H

#include "base/buffer.h"
#include "look/look.h"

#define TOP_SOURCES 10

/*
 * The networks (/24 of IPv4, /64 of IPv6) that most of a listener's half-open connections come from, and how many from
 * each: "10.1.2.0/24 5120, 2001:db8:1::/64 7". At most TOP_SOURCES of them; what is left is counted at the end. NULL:
 * there are none, or no memory.
 */
const char *top_sources(struct arena *arena, const struct look *look, __u64 listener_cookie);

#endif
