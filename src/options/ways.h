/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Ways to end a stall: --how and --keepalive of `end`. act/act.h does them. */
#ifndef SOCKSTALL_OPTIONS_WAYS_H
#define SOCKSTALL_OPTIONS_WAYS_H

enum act_how {
	ACT_CHOOSE, /* by what is there */
	ACT_DESTROY,
	ACT_SHUTDOWN,
	ACT_KEEPALIVE,
	ACT_PROBE,
	ACT_HOWS,
};

extern const char *const act_how_names[ACT_HOWS]; /* NULL for the first */

/* For ACT_KEEPALIVE, as TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT take them. */
struct act_times {
	unsigned int time_s, interval_s, probes;
};

#define ACT_TIMES_DEFAULT ((struct act_times){.time_s = 10, .interval_s = 5, .probes = 3})

#endif
