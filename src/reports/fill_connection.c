/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/fill_connection.h"

#include "look/signs.h"
#include "look/sleeping.h"
#include "look/timers.h"
#include "reports/fill.h"
#include "system/tcp_states.h"

void fill_tcp(struct tcp_fields *tcp, const struct socket_record *socket, __u64 received, __u64 now_ns)
{
	if (received)
		tcp->last_received_s = fill_since(now_ns, socket->last_received_ns);
	if (socket->bytes_sent)
		tcp->last_sent_s = fill_since(now_ns, socket->last_sent_ns);
	tcp->unacked_bytes = socket->unacked_bytes;
	tcp->retransmits = socket->retransmits;
}

void fill_reader_connection(struct row *row, const struct look *look, const struct socket_record *socket)
{
	fill_tcp(&row->reader.tcp, socket, socket->bytes_received, look->head->seen_ns);
	row->reader.state = tcp_state_name(socket->name.state);
	row->reader.role = socket_is_client(socket) ? "client" : "server";
	row->reader.bytes_received = socket->bytes_received;
	row->reader.bytes_sent = socket->bytes_sent;
	row->reader.keepalive = !!(socket->flags & SOCKET_KEEPALIVE);
	row->reader.keepalive_probes_max = socket->keepalive_probes;
	row->reader.keepalive_idle_s = fill_seconds(socket->keepalive_time_ns);
	row->reader.keepalive_interval_s = fill_seconds(socket->keepalive_intvl_ns);
	row->reader.keepalive_probes = timers_keepalive_probe_sent(socket) ? socket->probes_out : 0;
	if (socket->user_timeout_ns)
		row->reader.user_timeout_s = fill_seconds(socket->user_timeout_ns);
}

void fill_writer_connection(struct row *row, const struct look *look, const struct socket_record *socket)
{
	__u64 now = look->head->seen_ns;

	fill_tcp(&row->writer.tcp, socket, socket->bytes_received, now);
	row->writer.state = tcp_state_name(socket->name.state);
	row->writer.unsent_bytes = socket->unsent_bytes;
	row->writer.peer_window = socket->snd_wnd;
	row->writer.window_closed_s = fill_since(now, signs_window_closed_since(socket, now));
	row->writer.window_probes = socket->flags & SOCKET_PROBE_TIMER ? socket->probes_out : 0;
	if (socket->user_timeout_ns)
		row->writer.user_timeout_s = fill_seconds(socket->user_timeout_ns);
}
