/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the programs of the bench share. */
#ifndef SOCKSTALL_BENCH_COMMON_H
#define SOCKSTALL_BENCH_COMMON_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ns on CLOCK_MONOTONIC */
static inline double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Says that it is ready, and stays until its standard input is closed. */
static inline void wait_for_end(void)
{
	char byte;

	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
}

#endif
