/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Meanings of verdicts on threads that wait for a peer, and on chains of such waits. */
#include "base/array.h"
#include "rules/meanings.h"

#define SEE_PEER "See whether the peer is up and the path to it is open. sockstall end ends the wait."

static const struct verdict_meaning readers[] = {
	{"reader", "peer_dead", "the peer no longer answers the kernel",
	 "Data was sent again at least twice, or two keepalive or window probes went out, and no answer came for a "
	 "second.",
	 "The peer's machine is down, or a filter or a broken path drops the segments.", SEE_PEER},
	{"reader", "not_read", "the process has not read what its client sent",
	 "Accepted here: bytes have lain unread for a second, and no thread reads them.",
	 "Its event loop is blocked, its workers are busy, or it is stopped.",
	 "See what the process does instead: sockstall loops -p PID, sockstall threads -p PID."},
	{"reader", "no_dns_answer", "a DNS server has not answered for 2 s",
	 "A thread waits on a UDP socket that is connected to port 53, in recv, poll, select or epoll, and nothing ever came "
	 "on that socket; or it is in poll for that socket alone, with a limit, as the C library's resolver asks. dns_try "
	 "counts tries that looks have seen.",
	 "The server is down or overloaded, or a filter drops its packets. Then each name takes as long as all tries last.",
	 "Ask the server: dig @SERVER. Look at /etc/resolv.conf: the order of servers, options timeout and attempts."},
	{"reader", "awaiting_reply", "we wait for a reply to what we sent, or for a greeting",
	 "This end connected, and it spoke last, or nobody has spoken. Or it is not connected yet: its SYN is not "
	 "answered. A thread in poll or select for this connection alone waits in the same way, with a limit; it is told after 5 "
	 "s. Not told is a request to redis-server, valkey-server, keydb-server or beanstalkd on this machine that has read it and "
	 "goes on with others, if the connection has no history of prompt answers: BLPOP waits until there is something. Only the "
	 "overview sees that.",
	 "The server is busy, blocked or stuck on somebody else.",
	 "Look at the server. Set SO_RCVTIMEO or SO_KEEPALIVE, if nothing ends the wait. sockstall end ends it now."},
	{"reader", "reply_stopped", "the reply began and then stopped",
	 "This end connected, the peer spoke last, and a part of what the read waits for is here. That the peer spoke last "
	 "is not enough: a subscriber waits for news in the same way.",
	 "The server is stuck in the middle of its reply, or the rest of it was lost.",
	 "Look at the server. Set SO_RCVTIMEO or SO_KEEPALIVE, if nothing ends the wait. sockstall end ends it now."},
	{"reader", "request_stopped", "the request began and then stopped",
	 "The connection was accepted here, the client spoke last, and this end reads on. Not reported: a client that was never "
	 "answered and spoke at several times (a log, metrics), and one that was silent for as long before.",
	 "A slow or broken client, or an attack that holds workers.",
	 "Limit how long a request may take. sockstall end ends this one."},
	{"reader", "no_request", "a client connected and has sent nothing",
	 "The connection was accepted here, and the peer has never sent a byte.",
	 "A client that connects in advance, a port scan, or an attack that holds workers.",
	 "Limit how long a request may take. sockstall end ends this one."},
	{"reader", "maybe_dead", "idle for long, and nothing would notice a dead peer",
	 "Accepted from another machine, idle for more than 5 minutes, without keepalive, timeout or data in flight, "
	 "and no alarm is "
	 "set.",
	 "The client may have gone without closing.", "Set SO_KEEPALIVE and TCP_KEEPIDLE in the server."},
	{"reader", "idle", "between two requests, or a one-way stream: normal; only with --all",
	 "Accepted here, and this end spoke last. Or only one end ever speaks, at several times. Or, for 5 minutes, a client "
	 "that connected and has sent nothing: less than half of the threads of the process are held so, and nobody lies in the accept "
	 "queue.",
	 NULL, NULL},
	{"reader", "waiting", "nobody can tell whether data is due: normal; only with --all",
	 "Not TCP (UDP, a unix socket, a pipe). Or what the read waits for has already come, so the peer is not to "
	 "blame: its process is frozen, for instance. Or this end connected and the peer spoke last: a subscriber. Or nothing "
	 "tells who spoke last.",
	 NULL, NULL},
};

static const struct verdict_meaning writers[] = {
	{"writer", "peer_dead", "the peer no longer answers the kernel",
	 "Data was sent again at least twice, or window probes went out, and no answer came for a second.",
	 "The peer's machine is down, or a filter or a broken path drops the segments.", SEE_PEER},
	{"writer", "no_answer", "not connected yet: nothing answers our SYN",
	 "SYN_SENT: with MSG_FASTOPEN, or after a connect that did not wait.",
	 "The host is down, a filter drops the packets, or the accept queue at the other end is full.",
	 "Look at the other end: is it up, does it listen, has its accept queue room?"},
	{"writer", "window_zero", "the peer's application does not read",
	 "The peer's kernel answers, and its window has been closed for a second.",
	 "The application at the other end is busy, blocked or stopped.",
	 "See what that application does instead of reading. Set SO_SNDTIMEO. sockstall end ends the wait."},
	{"writer", "not_read", "whoever reads from the unix socket or pipe takes nothing",
	 "The thread sleeps in a write to a unix socket or a pipe, and looks two seconds apart found the same next to be taken. "
	 "Of a pipe: the sleep has lasted for 5 seconds, and its reader neither computes, nor waits for a child (xargs), nor has "
	 "a terminal (less): then it is at work, and waiting is what pipes are for.",
	 "The reader is stopped, blocked or busy with something else: syslog's or journald's process, the collector of a log "
	 "pipe, a parent that does not read what its child writes.",
	 "See what the reader does instead: sockstall threads -p PID. Set SO_SNDTIMEO, or write without waiting."},
	{"writer", "network_loss", "segments get lost on the way",
	 "A retransmission timeout, and what was sent again is not yet acknowledged.",
	 "A filter, a smaller path MTU, or a full link.",
	 "See where segments get lost: filters, path MTU, a full link."},
	{"writer", "sending", "the send buffer is full, and the peer takes what is in it: normal; only with --all",
	 "TCP, the send buffer is full, and none of the above.", NULL, NULL},
	{"writer", "waiting", "nobody can tell how fast the other end should read: normal; only with --all",
	 "Not TCP, and something was taken a moment ago, or a pipe's reader is at work; or the send buffer has room, so the "
	 "thread does not wait for the peer.",
	 NULL, NULL},
};

#define SEE_THREADS "See what the process at the end does: sockstall threads -p PID."

static const struct verdict_meaning chains[] = {
	{"chain", "deadlock", "each waits for the next, and the last for the first",
	 "The chain has no end, no step of it is a guess, and no wait in it is known to end by itself. A loop of its own, as "
	 "curl's, may have a time limit: then *why* says so. Or the only "
	 "thread of a process waits for this process.",
	 "Two services call each other, and both have no free worker. Or a server of one thread calls itself.",
	 "End one of the connections: sockstall end."},
	{"chain", "peer_dead", "what the last process sent gets no answer", "The last wait is peer_dead.",
	 "The peer's machine is down, or the path to it is broken.", "Look at the peer and the path to it."},
	{"chain", "stopped", "the process at the end is stopped", "A signal or a tracer has stopped it.",
	 "SIGSTOP, Ctrl-Z or a debugger.", "kill -CONT PID; or see who traces it."},
	{"chain", "accept_queue_full", "the process at the end does not accept, and SYNs are dropped",
	 "The last wait is for a connection that found no room in its listener's accept queue.",
	 "All its workers are busy or blocked.", SEE_THREADS},
	{"chain", "not_accepted", "the process at the end has not accepted the connection",
	 "The last wait is for a connection in its listener's accept queue.", "All its workers are busy or blocked.",
	 SEE_THREADS},
	{"chain", "blocked", "the process at the end is asleep in something else, or frozen",
	 "Its threads are asleep in a lock, a file, a timer or another connection, and none is in a wait for events. "
	 "Or it is frozen with its cgroup.",
	 "A lock that is not released, a slow disk, a sleep; or docker pause.",
	 "See what the process at the end does: sockstall threads -p PID. If it is frozen, thaw its cgroup."},
	{"chain", "running", "the process at the end computes, or waits for a CPU",
	 "Its thread runs, or is in a run queue.", "A long computation, or a machine without a free CPU.", SEE_THREADS},
	{"chain", "waiting", "the process at the end was asked, and waits for events",
	 "Nothing tells which event it waits for.",
	 "It waits for something that sockstall cannot see, or has lost the request.", SEE_THREADS},
	{"chain", "remote", "the process at the end is on another machine",
	 "The last connection leads to another machine.", "The cause is there.", "Look on that machine."},
	{"chain", "unknown", "the process at the end is not seen",
	 "The other end of the connection was not found, and its address does not lead to another machine.",
	 "The other end is gone, or it began between two looks.", "Look at the path to it."},
};

const struct verdict_meanings reader_meanings = {readers, COUNT_OF(readers)};
const struct verdict_meanings writer_meanings = {writers, COUNT_OF(writers)};
const struct verdict_meanings chain_meanings = {chains, COUNT_OF(chains)};
