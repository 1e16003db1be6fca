/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Events that the TCP tracepoints saw between two looks. */
#ifndef SOCKSTALL_EVENT_RECORD_H
#define SOCKSTALL_EVENT_RECORD_H

#include "socket_record.h"

enum event_kind {
	EVENT_CONNECT = 1, /* CLOSE → SYN_SENT; connect_* say who */
	EVENT_CONNECTED, /* SYN_SENT → ESTABLISHED, after a retransmission */
	EVENT_CONNECT_FAILED, /* SYN_SENT → CLOSE */
	EVENT_SYN_RETRANSMIT, /* tcp_retransmit_skb in SYN_SENT */
	EVENT_SYNACK_RETRANSMIT, /* tcp_retransmit_synack */
	EVENT_ACCEPTABLE, /* SYN_RECV → ESTABLISHED, after a retransmission */
};

struct event_record {
	struct record_header header;
	__u64 seen_ns;
	struct socket_name name;
	__u64 listener_cookie; /* EVENT_SYNACK_RETRANSMIT */
	__u32 kind; /* enum event_kind */
	__u32 retransmits;
	__s32 error; /* sk_err of a failed connect */
	__u32 connect_pid;
	__u32 connect_tid;
	__u32 pad;
	char connect_comm[16];
};

_Static_assert(sizeof(struct event_record) == 128, "event_record");

#endif
