/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/signs.h"

#include <string.h>
#include <sys/socket.h>

#include "look/look.h"
#include "look/timers.h"
#include "system/tcp_states.h"

#define RCV_SHUTDOWN 1 /* include/net/sock.h */

/* ---- The peer ---- */

static __u64 ago(__u64 now_ns, __u64 then_ns)
{
	return now_ns > then_ns ? now_ns - then_ns : 0;
}

__u64 signs_last_heard(const struct socket_record *socket)
{
	return socket->last_received_ns > socket->last_ack_ns ? socket->last_received_ns : socket->last_ack_ns;
}

/*
 * One timeout may be a lost segment; a second one in silence is not. Any progress of the acknowledgements sets
 * the count back, so after a third it does not matter that the peer is heard: it may be sending again what
 * it believes unanswered, over a path that is closed the other way.
 */
bool signs_data_unanswered(const struct socket_record *socket, __u64 now_ns)
{
	__u64 silence = ago(now_ns, signs_last_heard(socket));
	__u64 stuck = socket->first_sent_ns ? ago(now_ns, socket->first_sent_ns) : silence;

	/* An unanswered SYN may be one that a full accept queue has no room for: no peer was ever heard. */
	if (!timers_in_flight(socket) || stuck < SIGNS_SILENCE_NS || socket->name.state == STATE_SYN_SENT)
		return false;
	return socket->retransmits >= 3 || (socket->retransmits == 2 && silence >= SIGNS_SILENCE_NS);
}

/*
 * One probe may be lost, and the next comes after more than a minute, or what TCP_KEEPINTVL says: of many idle
 * connections there is always one
 * like that.
 */
bool signs_keepalive_unanswered(const struct socket_record *socket)
{
	return timers_keepalive_probe_sent(socket) && !(socket->flags & SOCKET_PROBE_TIMER) && socket->probes_out >= 2;
}

/*
 * A closed window's probes are counted from 0 again with each acknowledgement that the kernel looks at. It does not
 * look at that of data which acknowledges nothing new: who sends such is there.
 */
bool signs_window_unanswered(const struct socket_record *socket, __u64 now_ns)
{
	return socket->flags & SOCKET_PROBE_TIMER && socket->probes_out >= 2 &&
	       socket->last_received_ns <= timers_window_probe_sent(socket) &&
	       ago(now_ns, signs_last_heard(socket)) >= SIGNS_SILENCE_NS;
}

/*
 * Each window probe doubles the time to the next, and only an open window resets that (tcp_ack_probe()). So the number
 * of doublings tells how long the window has been closed. A window that was never probed may open at any moment.
 */
__u64 signs_window_closed_since(const struct socket_record *socket, __u64 now_ns)
{
	__u64 began;

	if (!(socket->flags & SOCKET_PROBE_TIMER) || socket->packets_out || !socket->backoff)
		return 0;
	began = timers_window_closed_since(socket);
	return ago(now_ns, began) >= SIGNS_SILENCE_NS ? began : 0;
}

/* ---- Who spoke last ---- */

/*
 * Where a record does not have the time of the acknowledgement, as in an older recording: that of our last data comes
 * within this.
 */
#define ACK_DELAY_NS (300 * NS_PER_MS)

static __u64 later_of(__u64 a, __u64 b)
{
	return a > b ? a : b;
}

/* snd_wl1 has moved only with the acknowledgement of our last data: with no later one. */
static bool is_last_ack(const struct socket_record *socket, __u64 slack_ns)
{
	__u64 last = later_of(socket->last_sent_ns, socket->last_received_ns);

	if (socket->delivered_ns)
		return socket->last_ack_ns <= socket->delivered_ns + slack_ns;
	return socket->last_ack_ns <= last + ACK_DELAY_NS;
}

/*
 * Both spoke within a tick or two. A segment of the peer's data would have acknowledged ours with it, if ours came
 * first. One that came later brought no data: nothing had moved it to speak. And where no segment came with all that we
 * have received before it (snd_wl1 == rcv_nxt), the peer's last one was its data. But that is also so once it has
 * answered a keepalive probe. With that answer it may show that we sent an acknowledgement soon after our data: of data
 * that came after ours.
 */
static enum speaker settle_tie(const struct socket_record *socket, __u64 slack_ns)
{
	if (socket->delivered_ns > later_of(socket->last_sent_ns, socket->last_received_ns) + slack_ns)
		return SPEAKER_WE;
	if (!socket->acked_after_received)
		return SPEAKER_PEER;
	if (is_last_ack(socket, slack_ns))
		return SPEAKER_WE;
	if (socket->spoke_last == SPEAKER_WE || socket->spoke_last == SPEAKER_PEER)
		return socket->spoke_last;
	return socket->flags & SOCKET_ACKED_SINCE ? SPEAKER_PEER : SPEAKER_UNKNOWN;
}

enum speaker reader_speaker(const struct socket_record *socket, __u64 tick_ns)
{
	__u64 sent = socket->last_sent_ns, received = socket->last_received_ns, slack = 2 * tick_ns;

	if (socket->unacked_bytes || socket->unsent_bytes)
		return SPEAKER_WE;
	if (!socket->bytes_sent && !socket->bytes_received)
		return SPEAKER_NOBODY;
	if (!socket->bytes_received)
		return SPEAKER_WE;
	if (!socket->bytes_sent)
		return SPEAKER_PEER;
	if (sent > received + slack)
		return SPEAKER_WE;
	if (received > sent + slack)
		return SPEAKER_PEER;
	return settle_tie(socket, slack);
}

__u64 signs_sent(const struct socket_record *socket)
{
	if (socket->packets_out && socket->delivered_ns)
		return socket->delivered_ns;
	if (socket->unsent_bytes && socket->busy_since_ns)
		return later_of(socket->busy_since_ns, socket->delivered_ns);
	return socket->last_sent_ns;
}

/* ---- What a read waits for ---- */

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
