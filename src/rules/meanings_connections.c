/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Meanings of verdicts on connections: those that begin and those that end. */
#include "base/array.h"
#include "rules/meanings.h"

static const struct verdict_meaning handshakes[] = {
	{"handshake", "accept_queue_full", "the client's ACK came, but the listener's accept queue had no room",
	 "Half-open; the peer's ACK arrived, and the accept queue is or was full. Of a unix socket: a thread sleeps in "
	 "connect, because the accept queue is full.",
	 "The application does not call accept fast enough, or not at all.",
	 "See what the application does instead of accept: sockstall threads -p PID. For short peaks, raise the limit "
	 "that binds: "
	 "the backlog of listen, or net.core.somaxconn."},
	{"handshake", "not_accepted", "the connection is complete, but the application has not accepted it",
	 "The handshake is complete, and the connection waits in the accept queue. How long is known of a unix socket "
	 "from looks, and from a client that sleeps in a read of it: it may be longer.",
	 "All workers are busy or blocked, or the process is stopped.",
	 "See what the application does instead of accept: sockstall threads -p PID."},
	{"handshake", "no_answer", "nothing answers our SYN",
	 "This end sent a SYN, the kernel sends it again and again, and no answer came.",
	 "The host is down, a filter drops the packets, or the accept queue at the other end is full.",
	 "Look at the other end: is it up, does it listen, has its accept queue room, does a filter drop the SYN?"},
	{"handshake", "peer_silent", "our SYN-ACKs are not answered",
	 "Half-open: no ACK to our SYN-ACKs, which the kernel sends again. why counts also those SYN-ACKs that answer "
	 "a repeated SYN; "
	 "RETRANS counts the timer's only, because the kernel's limit is on these.",
	 "The client died after its SYN, its address is forged, or the way back to it is closed.",
	 "Look at the way back to the client: routes and filters."},
	{"handshake", "deferred", "the client connected and sends nothing; TCP_DEFER_ACCEPT waits for its data",
	 "Half-open; the peer's ACK came, and the listener has TCP_DEFER_ACCEPT. If the accept queue is full, data may "
	 "have come and "
	 "found no room.",
	 "The client waits for a greeting, or its data was lost.",
	 "See why the client sends nothing. Clients that wait for a greeting need TCP_DEFER_ACCEPT off."},
	{"handshake", "young", "younger than --min-age: normal; only with --all",
	 "Not older than --min-age. If the kernel does not tell the age: no timer has expired yet.", NULL, NULL},
};

static const struct verdict_meaning listeners[] = {
	{"listener", "accept_queue_full", "the accept queue is full: new connections do not get in",
	 "The accept queue has no room, and a connection in it, or one kept out of it, is as old as --min-age.",
	 "The application does not call accept: it is busy, blocked or stopped.",
	 "See what it does instead of accept. For short peaks, raise the limit that binds: the backlog of listen, or "
	 "net.core.somaxconn."},
	{"listener", "syn_flood", "many half-open connections whose peers stay silent",
	 "More than 100 half-open connections whose peers are silent (50 if there is room for no more), or that "
	 "TCP_DEFER_ACCEPT "
	 "keeps. top_sources names the networks they come from.",
	 "An attack with forged addresses, or a way back that is closed.",
	 "Set net.ipv4.tcp_syncookies, if it is off. See whether the peers are real and the way back to them is open."},
	{"listener", "dropping", "it accepts, but too slowly: SYNs are dropped",
	 "At every look for --min-age the queue was full, and SYNs were dropped.",
	 "More connections come than the application accepts.",
	 "Raise the limit that binds, or let more workers accept."},
	{"listener", "not_accepting", "connections wait, and nobody accepts them",
	 "There is room in the accept queue, but a complete connection is older than --min-age.",
	 "All workers are busy or blocked, or the process is stopped.",
	 "See what the application does instead of accept."},
	{"listener", "ok", "nothing is wrong; only with --all", "None of the above.", NULL, NULL},
};

static const struct verdict_meaning closings[] = {
	{"closing", "unanswered", "our FIN, or data before it, gets no answer",
	 "It was sent again at least twice without an answer. fault is peer_or_path.",
	 "The peer's machine is gone, or a filter or a broken path drops the segments.",
	 "Look at the peer and the path to it."},
	{"closing", "window_zero", "what was sent before the close does not get out: the peer does not read",
	 "The peer's window is closed, so neither the data nor the FIN can be sent. fault is peer_application.",
	 "The application at the other end is busy, blocked or stopped.",
	 "See what that application does instead of reading."},
	{"closing", "peer_not_closed", "this end has closed, the application at the other end has not",
	 "FIN_WAIT2 for 60 s: the peer's kernel acknowledged our FIN. fault is peer_application.",
	 "The application there does not close after end of file: it leaks descriptors, or still has data to send.",
	 "See why it does not close; there the connection is in CLOSE_WAIT."},
	{"closing", "not_read", "the peer has closed, and the application here has not read its end of file",
	 "CLOSE_WAIT for 60 s, and the application has not read as far as the peer's FIN. fault is application.",
	 "A connection pool keeps dead connections, or the application is busy.",
	 "Let the pool test its connections, or see what the application does: sockstall threads -p PID."},
	{"closing", "not_closed", "the peer has closed, the application here has read that and does not close",
	 "CLOSE_WAIT, the end of file was read, no answer is owed, and nothing was sent for 60 s; 5 minutes if an answer may be "
	 "owed. Both ends spoke within a tick: most likely it was answered. Not a proxy that passed the end of file on, and "
	 "whose server has not closed. fault is application.",
	 "The application leaks descriptors: it does not close after a read of 0 bytes.",
	 "Let the application close the descriptor at end of file."},
	{"closing", "half_closed", "the peer sends no more, this end still may: normal; only with --all",
	 "CLOSE_WAIT, and none of the above. A proxy waits like this for the server behind it.", NULL, NULL},
	{"closing", "under_way", "the close makes progress: normal; only with --all", "None of the above.", NULL, NULL},
};

static const struct verdict_meaning services[] = {
	{"service", "not_answering", "requests wait, and it has stopped answering",
	 "A request has waited for --min-age (10 s), and since then nothing has gone out on any of its connections, although it "
	 "answered before; and what was asked lies unread, or its process shows why it does not answer, or it never took that "
	 "long while sockstall looked. Or its accept queue is not emptied.",
	 "It waits for another service, its threads or its event loop are blocked, or the process is stopped: cause says which.",
	 "Follow the cause: look at what it waits for, or at its threads."},
	{"service", "not_read", "what its clients sent lies unread",
	 "Bytes have lain unread for --min-age on a connection, and it never sends anything; or the process that holds the "
	 "connection cannot read it, while others of the service answer.",
	 "A worker is stopped or blocked.", "See what the process does instead of reading."},
	{"service", "ok", "nothing is wrong; only with --all, and always with services", "None of the above.", NULL,
	 NULL},
};

const struct verdict_meanings service_meanings = {services, COUNT_OF(services)};
const struct verdict_meanings handshake_meanings = {handshakes, COUNT_OF(handshakes)};
const struct verdict_meanings listener_meanings = {listeners, COUNT_OF(listeners)};
const struct verdict_meanings closing_meanings = {closings, COUNT_OF(closings)};
