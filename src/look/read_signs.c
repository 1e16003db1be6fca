/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/read_signs.h"

#include <string.h>
#include <sys/socket.h>

#include "look/look.h"
#include "system/tcp_states.h"

#define RCV_SHUTDOWN 1 /* include/net/sock.h */

/* With MSG_WAITALL, MSG_PEEK waits for more, and leaves what it has seen where it is. */
static bool peeks(const struct thread_record *thread)
{
	const char *call = look_syscall(thread);

	if (!call)
		return false;
	if (!strcmp(call, "recvmsg"))
		return thread->args[2] & MSG_PEEK;
	return (!strcmp(call, "recvfrom") || !strcmp(call, "recvmmsg")) && thread->args[3] & MSG_PEEK;
}

/* tcp_recvmsg() takes what is there, and sleeps with nothing left; for less than SO_RCVLOWAT it is not woken. */
bool read_has_data(const struct thread_record *thread, const struct socket_record *socket)
{
	return socket->unread_bytes && socket->unread_bytes >= socket->rcvlowat && !peeks(thread);
}

bool read_has_end(const struct socket_record *socket)
{
	switch (socket->name.state) {
	case STATE_CLOSE:
	case STATE_CLOSE_WAIT:
	case STATE_LAST_ACK:
	case STATE_CLOSING:
		return true;
	}
	return socket->sk_err || socket->shutdown & RCV_SHUTDOWN;
}
