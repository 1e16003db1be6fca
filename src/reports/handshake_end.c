/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/handshake_end.h"

#include <errno.h>

static const char *failure(int error)
{
	switch (error) {
	case 0:
		return "the connection attempt was closed before an answer came";
	case ETIMEDOUT:
		return "connect failed: no answer until the kernel gave up (ETIMEDOUT)";
	case ECONNREFUSED:
		return "connect failed: the peer refused it (ECONNREFUSED)";
	case EHOSTUNREACH:
		return "connect failed: no route to the peer (EHOSTUNREACH)";
	case ENETUNREACH:
		return "connect failed: no route to the peer's network (ENETUNREACH)";
	}
	return "connect failed";
}

static const char *reason(const struct event_record *event)
{
	switch (event->kind) {
	case EVENT_CONNECTED:
		return "connected: the peer answered at last";
	case EVENT_CONNECT_FAILED:
		return failure(event->error);
	case EVENT_ACCEPTABLE:
		return "complete: the connection is in the accept queue, or accepted";
	}
	return NULL;
}

const char *handshake_end_reason(const struct look *look, __u64 cookie)
{
	size_t i;

	for (i = look->events.count; cookie && i > 0; i--) {
		const struct event_record *event = look->events.items[i - 1];
		const char *text = event->name.cookie == cookie ? reason(event) : NULL;

		if (text)
			return text;
	}
	return NULL;
}
