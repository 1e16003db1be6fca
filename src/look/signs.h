/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Whether the peer of a TCP connection answers, by what the kernel has sent in vain: evidence that the rules about
 * readers, writers and closing connections share.
 */
#ifndef SOCKSTALL_PEER_SIGNS_H
#define SOCKSTALL_PEER_SIGNS_H

#include <stdbool.h>

#include "base/clock.h"
#include "socket_record.h"

/* Nothing at all came for this long before a peer is called dead: a round trip is far shorter. */
#define SIGNS_SILENCE_NS NS_PER_S

/* The last data or acknowledgement, whichever came later. */
__u64 signs_last_heard(const struct socket_record *socket);

/* Data (or a FIN) was sent again at least twice, and nothing answers it. */
bool signs_data_unanswered(const struct socket_record *socket, __u64 now_ns);

/* At least two keepalive probes were sent, and nothing answers them. */
bool signs_keepalive_unanswered(const struct socket_record *socket);

/* Probes of a closed window, likewise. */
bool signs_window_unanswered(const struct socket_record *socket, __u64 now_ns);

/*
 * Since when the peer's window has been closed, while it answers our probes of it: no later than this. 0: it is
 * open, or has not been closed for long enough to tell.
 */
__u64 signs_window_closed_since(const struct socket_record *socket, __u64 now_ns);

#endif
