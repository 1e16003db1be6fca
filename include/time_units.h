/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Units of time, in nanoseconds: for BPF programs and user space alike. */
#ifndef SOCKSTALL_TIME_UNITS_H
#define SOCKSTALL_TIME_UNITS_H

#define NS_PER_US  1000ULL
#define NS_PER_MS  1000000ULL
#define NS_PER_S   1000000000ULL
#define NS_PER_MIN (60 * NS_PER_S)
#define NS_PER_H   (60 * NS_PER_MIN)

#endif
