/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The timers that end a blocked read or write. */
#include "look/timer_math.h"

struct read_end timers_read_ends(const struct socket_record *socket, __u64 since_ns, __u64 tick_ns)
{
	struct read_end end = {READ_END_NEVER, TIMERS_NEVER};
	__u64 returns;

	if (socket->name.kind == SOCKET_KIND_TCP)
		end = timers_protocol_ends(socket, tick_ns);
	if (!socket->rcvtimeo_ns)
		return end;
	returns = later(since_ns ? since_ns : socket->seen_ns, socket->rcvtimeo_ns, tick_ns);
	if (returns < end.at_ns) {
		end.at_ns = returns;
		end.by = READ_END_RCVTIMEO;
	}
	return end;
}

/* ---- a blocked write ---- */

struct write_end timers_write_ends(const struct socket_record *socket, __u64 since_ns, __u64 tick_ns)
{
	struct write_end end = {WRITE_END_NEVER, TIMERS_NEVER};
	__u64 returns;

	if (socket->name.kind == SOCKET_KIND_TCP)
		end.at_ns = timers_protocol_ends(socket, tick_ns).at_ns;
	if (end.at_ns != TIMERS_NEVER)
		end.by = WRITE_END_PROTOCOL;
	if (!socket->sndtimeo_ns)
		return end;
	returns = later(since_ns ? since_ns : socket->seen_ns, socket->sndtimeo_ns, tick_ns);
	if (returns < end.at_ns) {
		end.at_ns = returns;
		end.by = WRITE_END_SNDTIMEO;
	}
	return end;
}
