/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/reader.h"

enum speaker reader_speaker(const struct socket_record *socket, __u64 tick_ns)
{
	__u64 sent = socket->last_sent_ns, received = socket->last_received_ns;

	if (socket->unacked_bytes || socket->unsent_bytes)
		return SPEAKER_WE;
	if (!socket->bytes_sent && !socket->bytes_received)
		return SPEAKER_NOBODY;
	if (!socket->bytes_received)
		return SPEAKER_WE;
	if (!socket->bytes_sent)
		return SPEAKER_PEER;
	if (sent > received + 2 * tick_ns)
		return SPEAKER_WE;
	if (received > sent + 2 * tick_ns)
		return SPEAKER_PEER;
	/* Within a tick the times cannot tell, but sequence numbers can: the ACK of our last byte came after the
	 * peer's. */
	return socket->acked_after_received ? SPEAKER_WE : SPEAKER_PEER;
}
