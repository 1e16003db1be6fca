/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef SOCKSTALL_REPORTS_HANDSHAKE_END_H
#define SOCKSTALL_REPORTS_HANDSHAKE_END_H

#include "look/look.h"

/*
 * How the handshake with this cookie ended, by the events of the look in which it is over: a constant
 * sentence. NULL: no event tells.
 */
const char *handshake_end_reason(const struct look *look, __u64 cookie);

#endif
