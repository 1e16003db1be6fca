/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Conclusions from the counters and times of a TCP socket: whether the peer answers, who spoke last, whether the data
 * that a read waits for is here. Rules about readers, writers and closing connections share this evidence.
 */
#ifndef SOCKSTALL_LOOK_SIGNS_H
#define SOCKSTALL_LOOK_SIGNS_H

#include <stdbool.h>

#include "base/clock.h"
#include "socket_record.h"
#include "thread_record.h"

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

/* ---- Who spoke last ---- */

/* Who sent data last. */
enum speaker {
	SPEAKER_NOBODY,
	SPEAKER_WE,
	SPEAKER_PEER,
	SPEAKER_UNKNOWN,
};

/*
 * The side that spoke last on a TCP connection, by its counters and the times of the last data each way. If both spoke
 * within two ticks, the acknowledgement of our last data decides. If later acknowledgements (of our keepalive probes,
 * for one) have covered that up, an earlier look's conclusion decides. Else it is not known.
 */
enum speaker reader_speaker(const struct socket_record *socket, __u64 tick_ns);

/*
 * When we sent what has not been answered: what is in flight, when its oldest was first sent, however often it was sent
 * again; what cannot be sent, since when that is so; else our last data.
 */
__u64 signs_sent(const struct socket_record *socket);

/* ---- What a read waits for ---- */

/*
 * True if the data or end-of-file that a read of a TCP socket needs is already here. Then the peer is not to blame: the
 * thread is frozen (do_freezer_trap() sleeps inside the syscall), waits for room in a pipe that it splices to, for
 * memory, for the rest of a TLS record; or it is just being woken, and its state was read a moment before its socket.
 */

/* As much as would have ended the read. */
bool read_has_data(const struct thread_record *thread, const struct socket_record *socket);

/* The peer's FIN, an error, or a shutdown of this side. */
bool read_has_end(const struct socket_record *socket);

#endif
