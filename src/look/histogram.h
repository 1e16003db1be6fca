/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef SOCKSTALL_LOOK_HISTOGRAM_H
#define SOCKSTALL_LOOK_HISTOGRAM_H

#include <stdint.h>

/*
 * How many durations there were of each length, shortest first: bar 0 is below HISTOGRAM_FIRST_NS, each next
 * one reaches twice as far as the one before, and the last has no end.
 */
#define HISTOGRAM_BARS	   20
#define HISTOGRAM_FIRST_NS 32768

struct histogram {
	uint32_t bars; /* HISTOGRAM_BARS; 0: not known */
	uint32_t counts[HISTOGRAM_BARS];
};

#endif
