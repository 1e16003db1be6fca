/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The kernel's numbers of TCP states (include/net/tcp_states.h) and its names for them. */
#ifndef SOCKSTALL_SYSTEM_TCP_STATES_H
#define SOCKSTALL_SYSTEM_TCP_STATES_H

#include <stddef.h>

#include "base/array.h"

enum tcp_state {
	STATE_ESTABLISHED = 1,
	STATE_SYN_SENT,
	STATE_SYN_RECV,
	STATE_FIN_WAIT1,
	STATE_FIN_WAIT2,
	STATE_TIME_WAIT,
	STATE_CLOSE,
	STATE_CLOSE_WAIT,
	STATE_LAST_ACK,
	STATE_LISTEN,
	STATE_CLOSING,
	STATE_NEW_SYN_RECV,
};

/* NULL for a number that is no state. */
static inline const char *tcp_state_name(unsigned int state)
{
	static const char *const names[] = {
		[STATE_ESTABLISHED] = "ESTABLISHED",
		[STATE_SYN_SENT] = "SYN_SENT",
		[STATE_SYN_RECV] = "SYN_RECV",
		[STATE_FIN_WAIT1] = "FIN_WAIT1",
		[STATE_FIN_WAIT2] = "FIN_WAIT2",
		[STATE_TIME_WAIT] = "TIME_WAIT",
		[STATE_CLOSE] = "CLOSE",
		[STATE_CLOSE_WAIT] = "CLOSE_WAIT",
		[STATE_LAST_ACK] = "LAST_ACK",
		[STATE_LISTEN] = "LISTEN",
		[STATE_CLOSING] = "CLOSING",
		[STATE_NEW_SYN_RECV] = "NEW_SYN_RECV",
	};

	return state < COUNT_OF(names) ? names[state] : NULL;
}

#endif
