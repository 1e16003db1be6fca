/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/array.h"
#include "rows/column.h"
#include "rules/verdicts.h"

#define START	  ROW_BIT(ROW_START)
#define HANDSHAKE ROW_BIT(ROW_HANDSHAKE)
#define LISTENER  ROW_BIT(ROW_LISTENER)
#define READER	  ROW_BIT(ROW_READER)
#define LOOP	  ROW_BIT(ROW_LOOP)
#define WRITER	  ROW_BIT(ROW_WRITER)
#define CLOSING	  ROW_BIT(ROW_CLOSING)
#define CHAIN	  ROW_BIT(ROW_CHAIN)
#define SERVICE	  ROW_BIT(ROW_SERVICE)
#define THREAD	  ROW_BIT(ROW_THREAD)
#define REGION	  ROW_BIT(ROW_REGION)
#define WATCH	  ROW_BIT(ROW_WATCH)
#define ACTION	  ROW_BIT(ROW_ACTION)
#define DIFF	  ROW_BIT(ROW_DIFFERENCE)
#define PROCESS	  ROW_BIT(ROW_PROCESS)
#define CHECK	  ROW_BIT(ROW_CHECK)
#define LOST	  ROW_BIT(ROW_LOST)
#define END	  ROW_BIT(ROW_END)

#define ALL    (ROW_BIT(ROW_TYPES) - 1)
#define WAIT   (HANDSHAKE | LISTENER | READER | LOOP | WRITER | CLOSING | CHAIN | SERVICE)
#define LIFE   (WAIT | PROCESS)
#define TASK   (LIFE | THREAD | REGION | WATCH)
#define SOCKET (HANDSHAKE | LISTENER | READER | WATCH | WRITER | CLOSING | CHAIN | SERVICE)

/* The closed vocabularies. */
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

#define EVENTS	 WORDS("open", "change", "close")
#define FAMILIES WORDS("inet", "inet6", "unix")

/* The verdicts of one kind of report, as rules/verdicts.h lists them. */
#define VERDICTS_OF(list) ((const char *const[]){list(VERDICT_NAME) NULL})
#define READER_NAMES	  ((const char *const[]){READER_VERDICTS(VERDICT_NAME) HELD_READER_VERDICTS(VERDICT_NAME) NULL})

/*
 * A process is named in full: TASK_COMM_LEN - 1 bytes, a slash, a pid up to PID_MAX_LIMIT (2^22). Only a name with
 * escaped bytes in it is longer.
 */
#define COMM_LEAST    15
#define PROCESS_LEAST (COMM_LEAST + 8)

/* key, member of struct row, records that have it, description, then what is not the default. */
#define COLUMN(key_, kind_, member_, types_, description_, ...)                                             \
	{                                                                                                   \
		.key = (key_), .kind = (kind_), .offset = offsetof(struct row, member_), .types = (types_), \
		.description = (description_), ##__VA_ARGS__                                                \
	}
#define TEXT(key, member, types, ...)	 COLUMN(key, COLUMN_TEXT, member, types, __VA_ARGS__)
#define COUNT(key, member, types, ...)	 COLUMN(key, COLUMN_COUNT, member, types, __VA_ARGS__)
#define SECONDS(key, member, types, ...) COLUMN(key, COLUMN_SECONDS, member, types, __VA_ARGS__)
#define NUMBER(key, member, types, ...)	 COLUMN(key, COLUMN_NUMBER, member, types, __VA_ARGS__)

/*
 * For every type of record, the order here is the order of its keys in JSON and of its columns on the
 * screen. A key stands here twice where types of records keep it in different places.
 */
const struct column columns[] = {
	COLUMN("v", COLUMN_VERSION, type, ALL, "Version of this format", .never_null = true),
	COLUMN("type", COLUMN_TYPE, type, ALL, "What this record is about", .subject = true, .never_null = true,
	       .heading = "TYPE", .priority = 50),
	COLUMN("time", COLUMN_TIME, time_ns, ALL, "When this was seen", .never_null = true),

	/* A stall's life. */
	COLUMN("event", COLUMN_EVENT, event, LIFE,
	       "open when it is first reported, change when its verdict or retry count changes, close when it is over; "
	       "null where nothing changed",
	       .values = EVENTS),
	TEXT("id", id, LIFE | ACTION,
	     "The same text through the whole life of a stall, never used again for another; of an action: null where "
	     "a selector was given"),
	COLUMN("since", COLUMN_TIME, since_ns, LIFE,
	       "When the wait really began, even if that was before sockstall started"),
	SECONDS("age_s", age_s, LIFE, "How long ago the wait began", .heading = "AGE", .ticks = 1,
		.shape = SHAPE_AT_LEAST, .joins = {"age_at_least"}),
	COLUMN("age_at_least", COLUMN_BOOL, age_at_least, LIFE,
	       "True where this kernel does not record when the wait began (CONFIG_SCHED_INFO is off; and connections over "
	       "unix sockets that nobody accepts): the wait is at least that old, and since is null"),
	TEXT("verdict", verdict, HANDSHAKE, "What is wrong", .subject = true, .values = VERDICTS_OF(HANDSHAKE_VERDICTS),
	     .heading = "VERDICT"),
	TEXT("verdict", verdict, LISTENER, "What is wrong", .subject = true, .values = VERDICTS_OF(LISTENER_VERDICTS),
	     .heading = "VERDICT"),
	TEXT("verdict", verdict, READER, "What is wrong", .subject = true, .values = READER_NAMES,
	     .heading = "VERDICT"),
	TEXT("verdict", verdict, LOOP, "What is wrong", .subject = true, .values = VERDICTS_OF(LOOP_VERDICTS),
	     .heading = "VERDICT"),
	TEXT("verdict", verdict, WRITER, "What is wrong", .subject = true, .values = VERDICTS_OF(WRITER_VERDICTS),
	     .heading = "VERDICT"),
	TEXT("verdict", verdict, CLOSING, "What is wrong", .subject = true, .values = VERDICTS_OF(CLOSING_VERDICTS),
	     .heading = "VERDICT"),
	TEXT("verdict", verdict, CHAIN, "What is wrong with the process at the end", .subject = true,
	     .values = VERDICTS_OF(CHAIN_VERDICTS), .heading = "VERDICT"),
	TEXT("verdict", verdict, SERVICE, "What is wrong", .subject = true, .values = VERDICTS_OF(SERVICE_VERDICTS),
	     .heading = "VERDICT"),
	TEXT("verdict", verdict, PROCESS, "What is wrong", .subject = true, .values = VERDICTS_OF(PROCESS_VERDICTS),
	     .heading = "VERDICT"),
	COUNT("severity", severity, LIFE,
	      "How bad it is for others, 0 to 100: the order of everything that is shown; 0: normal",
	      .never_null = true),
	TEXT("why", why, LIFE, "One sentence with the evidence in it", .heading = "WHY", .shape = SHAPE_SENTENCE),
	TEXT("advice", advice, LIFE, "One sentence on what to do", .heading = "ADVICE", .shape = SHAPE_SENTENCE),

	/* Who. */
	COUNT("pid", pid, TASK | ACTION, "Process: the thread group's id"),
	COUNT("tid", tid, (TASK & ~(THREAD | REGION | PROCESS)) | ACTION, "Thread", .subject = true, .heading = "TID",
	      .shape = SHAPE_THREAD, .joins = {"pid"}, .behind_next = true, .priority = 100),
	COUNT("tid", tid, REGION, "Thread whose stack or guard it is; else null", .subject = true, .heading = "TID",
	      .shape = SHAPE_THREAD, .joins = {"pid"}, .behind_next = true, .priority = 4),
	COUNT("tid", tid, THREAD, "Thread", .subject = true, .heading = "TID", .shape = SHAPE_THREAD, .joins = {"pid"},
	      .behind_next = true),
	TEXT("comm", comm, TASK | ACTION, "Command name; bytes that are no UTF-8 are U+FFFD", .subject = true,
	     .heading = "PROCESS", .shape = SHAPE_PROCESS, .joins = {"pid"}, .least = PROCESS_LEAST),
	COUNT("fd", fd, WAIT | ACTION, "Descriptor", .heading = "FD", .priority = 9),
	COUNT("fd", fd, WATCH, "Descriptor", .heading = "FD"),
	TEXT("cgroup", cgroup, TASK, "Path of the cgroup"),
	TEXT("container", container, TASK, "Container id in the cgroup path; null: there is none in it",
	     .heading = "CONTAINER", .priority = 80, .least = 13, .most = 13),
	COUNT("netns", netns, TASK | ACTION, "Network namespace: its inode", .heading = "NETNS", .priority = 90),
	TEXT("netns_name", netns_name, TASK, "Network namespace: its name, where `ip netns` has one; else null",
	     .heading = "NETNS NAME", .priority = 85, .least = 6, .most = 16),
	TEXT("cookie", cookie, WAIT | WATCH | ACTION, "The socket's cookie (SO_COOKIE)"),

	/* Where. A loop is in a socket only now and then: its own table tells that in now_in. */
	TEXT("family", family, WAIT | WATCH | ACTION, "Address family", .values = FAMILIES),
	TEXT("local_addr", local_addr, HANDSHAKE | LISTENER,
	     "Address of this end; IPv4-mapped IPv6 is shown as IPv4; null for unix sockets", .subject = true,
	     .heading = "LOCAL", .shape = SHAPE_ENDPOINT, .joins = {"local_port", "path"}, .priority = 2, .least = 15),
	TEXT("local_addr", local_addr, (SOCKET & ~(HANDSHAKE | LISTENER)) | ACTION,
	     "Address of this end; IPv4-mapped IPv6 is shown as IPv4", .subject = true, .heading = "LOCAL",
	     .shape = SHAPE_ENDPOINT, .joins = {"local_port"}, .priority = 2, .least = 15),
	TEXT("local_addr", local_addr, LOOP, "Address of this end of the socket that now_in names", .subject = true,
	     .shape = SHAPE_ENDPOINT, .joins = {"local_port"}),
	COUNT("local_port", local_port, WAIT | WATCH | ACTION, "Port of this end"),
	TEXT("peer_addr", peer_addr, SOCKET | ACTION, "Address of the other end; IPv4-mapped IPv6 is shown as IPv4",
	     .subject = true, .heading = "PEER", .shape = SHAPE_ENDPOINT, .joins = {"peer_port"}, .priority = 1,
	     .least = 15),
	TEXT("peer_addr", peer_addr, LOOP, "Address of the other end of the socket that now_in names", .subject = true,
	     .shape = SHAPE_ENDPOINT, .joins = {"peer_port"}),
	COUNT("peer_port", peer_port, WAIT | WATCH | ACTION, "Port of the other end"),
	TEXT("path", path, HANDSHAKE | LISTENER,
	     "Of a unix socket: what the listener is bound to, a path, or an at sign and an abstract name; bytes that are no "
	     "UTF-8 are U+FFFD"),

	/* handshake */
	TEXT("side", handshake.side, HANDSHAKE, "Which end of the handshake this is",
	     .values = WORDS("server", "client"), .heading = "SIDE", .priority = 40),
	TEXT("stage", handshake.stage, HANDSHAKE,
	     "How far the handshake has come; CONNECT: of a unix socket, its client waits for room in the accept queue",
	     .values = WORDS("SYN_RECV", "SYN_SENT", "ACCEPT_QUEUE", "CONNECT"), .heading = "STAGE", .priority = 30),
	COUNT("retransmits", handshake.retransmits, HANDSHAKE, "SYNs or SYN-ACKs sent again, by expiries of the timer",
	      .heading = "RETRANS", .shape = SHAPE_OF, .joins = {"retransmits_max"}, .priority = 10),
	COUNT("retransmits_max", handshake.retransmits_max, HANDSHAKE, "How many of these the kernel allows"),
	SECONDS("next_retransmit_s", handshake.next_retransmit_s, HANDSHAKE, "Time to the next retransmission",
		.heading = "NEXT", .priority = 35, .ticks = -1),
	SECONDS("gives_up_s", handshake.gives_up_s, HANDSHAKE, "When the kernel itself will drop it; null if never",
		.heading = "GIVES UP", .priority = 11, .ticks = -1),
	COUNT("accept_queue", handshake.accept_queue, HANDSHAKE,
	      "Connections in the listener's accept queue; null for a client of TCP", .heading = "ACCEPT-Q",
	      .shape = SHAPE_OF, .joins = {"accept_queue_max"}, .priority = 20),
	COUNT("accept_queue_max", handshake.accept_queue_max, HANDSHAKE,
	      "The accept queue's limit; null for a client of TCP"),
	COUNT("syn_queue", handshake.syn_queue, HANDSHAKE,
	      "Half-open connections of the listener; null for a client, and for unix sockets", .heading = "SYN-Q",
	      .priority = 60),
	COUNT("bytes_waiting", handshake.bytes_waiting, HANDSHAKE, "Bytes received that no one has read",
	      .heading = "WAITING", .priority = 61),
	COUNT("peer_pid", handshake.peer.pid, HANDSHAKE,
	      "Of a unix socket: the process at the other end, which called connect, or listens; else null"),
	TEXT("peer_comm", handshake.peer.comm, HANDSHAKE, "Its command name", .heading = "PEER PROCESS",
	     .shape = SHAPE_PROCESS, .joins = {"peer_pid"}, .priority = 41, .least = PROCESS_LEAST),

	/* listener */
	COUNT("accept_queue", listener.accept_queue, LISTENER, "Connections in the accept queue", .heading = "ACCEPT-Q",
	      .shape = SHAPE_OF, .joins = {"accept_queue_max"}, .priority = 10),
	COUNT("accept_queue_max", listener.accept_queue_max, LISTENER, "The accept queue's limit"),
	COUNT("somaxconn", listener.somaxconn, LISTENER,
	      "What listen(2) cuts that limit to: net.core.somaxconn of its namespace"),
	COUNT("syn_queue", listener.syn_queue, LISTENER,
	      "Half-open connections, by the kernel's count; null for unix sockets", .heading = "SYN-Q",
	      .priority = 20),
	COUNT("drops", listener.drops, LISTENER, "Connections and segments dropped so far; null for unix sockets",
	      .heading = "DROPS", .priority = 21),
	NUMBER("drops_per_s", listener.drops_per_s, LISTENER,
	       "Drops a second since the last look; null: there was none before", .heading = "DROPS/S", .priority = 15),
	COUNT("half_open", listener.half_open, LISTENER, "Half-open connections seen by now", .heading = "HALF-OPEN",
	      .priority = 22),
	SECONDS("oldest_half_open_s", listener.oldest_half_open_s, LISTENER,
		"Age of the oldest half-open connection; null: there is none", .heading = "OLDEST", .priority = 23,
		.ticks = 1),
	TEXT("top_sources", listener.top_sources, LISTENER,
	     "The networks (/24, of IPv6 /64) that most of more than 100 half-open connections come from, and how many "
	     "from each; null: there are fewer",
	     .heading = "TOP SOURCES", .shape = SHAPE_SENTENCE),
	COUNT("acceptors", listener.acceptors, LISTENER, "Threads that wait in accept; null without --all",
	      .heading = "ACCEPTORS", .priority = 40),

	/* reader */
	TEXT("syscall", reader.syscall, READER, "The system call it is in", .heading = "SYSCALL", .priority = 40),
	TEXT("kind", reader.kind, READER, "What it reads from; dns: from a DNS server",
	     .values = WORDS("tcp", "udp", "unix", "pipe", "dns"), .heading = "KIND", .priority = 30),
	TEXT("state", reader.state, READER, "The kernel's TCP state name", .heading = "STATE", .priority = 55),
	TEXT("role", reader.role, READER, "client if this end called connect, server if it was accepted",
	     .values = WORDS("client", "server"), .heading = "ROLE", .priority = 31),
	SECONDS("last_received_s", reader.last_received_s, READER, "Age of the last data that came; null if none yet",
		.heading = "RECEIVED", .priority = 20, .ticks = 1),
	SECONDS("last_sent_s", reader.last_sent_s, READER, "Age of the last data that was sent; null if none yet",
		.heading = "SENT", .priority = 21, .ticks = 1),
	COUNT("bytes_received", reader.bytes_received, READER, "Bytes that came in all", .heading = "BYTES IN",
	      .priority = 60),
	COUNT("bytes_sent", reader.bytes_sent, READER, "Bytes sent in all", .heading = "BYTES OUT", .priority = 61),
	COUNT("unacked_bytes", reader.unacked_bytes, READER, "Bytes sent that the peer has not acknowledged",
	      .heading = "UNACKED", .priority = 25),
	COUNT("retransmits", reader.retransmits, READER, "Retransmission timeouts in a row", .heading = "RETRANS",
	      .priority = 26),
	COLUMN("keepalive", COLUMN_BOOL, reader.keepalive, READER, "Whether SO_KEEPALIVE is on", .socket_option = true,
	       .heading = "KEEPALIVE", .priority = 62),
	COUNT("keepalive_probes", reader.keepalive_probes, READER, "Keepalive probes unanswered so far",
	      .socket_option = true, .heading = "PROBES", .priority = 63),
	SECONDS("rcvtimeo_s", reader.rcvtimeo_s, READER, "SO_RCVTIMEO; null: none", .socket_option = true,
		.heading = "RCVTIMEO", .priority = 64),
	SECONDS("user_timeout_s", reader.user_timeout_s, READER, "TCP_USER_TIMEOUT; null: none", .socket_option = true,
		.heading = "USER TIMEOUT", .priority = 65),
	SECONDS("returns_by_s", reader.returns_by_s, READER,
		"The latest moment at which the kernel will end this read by itself if the peer is gone; null: never",
		.heading = "RETURNS BY", .priority = 10, .ticks = -1),
	COUNT("keepalive_probes_max", reader.keepalive_probes_max, READER,
	      "Keepalive probes after which the kernel gives up: TCP_KEEPCNT, or the namespace's value",
	      .socket_option = true),
	SECONDS("keepalive_idle_s", reader.keepalive_idle_s, READER,
		"Idle time before the first probe: TCP_KEEPIDLE, or the namespace's value", .socket_option = true),
	SECONDS("keepalive_interval_s", reader.keepalive_interval_s, READER,
		"Time between probes: TCP_KEEPINTVL, or the namespace's value", .socket_option = true),
	SECONDS("alarm_s", reader.alarm_s, READER,
		"Until the alarm that its process has set (alarm(2), ITIMER_REAL) interrupts this thread; null: none. "
		"What its handler then does cannot be seen",
		.ticks = -1),
	COUNT("dns_try", reader.dns_try, READER,
	      "Of a question to a DNS server: which try this is, at least, by what looks have seen; else null",
	      .heading = "TRY", .priority = 22),
	COUNT("peer_pid", reader.peer.pid, READER,
	      "With --all, for a unix socket: a process that holds the other end; else null"),
	TEXT("peer_comm", reader.peer.comm, READER, "Its command name", .heading = "PEER PROCESS",
	     .shape = SHAPE_PROCESS, .joins = {"peer_pid"}, .priority = 3, .least = PROCESS_LEAST),
	TEXT("waiter", reader.held.waiter, READER,
	     "Who waits for the connection: a thread in a system call on it, or an event loop; null: nobody, as far as can be "
	     "seen",
	     .values = WORDS("thread", "loop"), .heading = "WAITER", .priority = 41),
	COUNT("epoll_fd", reader.held.epoll_fd, READER, "The epoll instance of that loop; null: none, or not known"),

	/* writer */
	TEXT("syscall", writer.syscall, WRITER, "The system call it is in", .heading = "SYSCALL", .priority = 40),
	TEXT("kind", writer.kind, WRITER, "What it writes to", .values = WORDS("tcp", "udp", "unix", "pipe"),
	     .heading = "KIND", .priority = 30),
	TEXT("state", writer.state, WRITER, "The kernel's TCP state name", .heading = "STATE", .priority = 55),
	SECONDS("last_received_s", writer.last_received_s, WRITER, "Age of the last data that came; null if none yet",
		.heading = "RECEIVED", .priority = 50),
	SECONDS("last_sent_s", writer.last_sent_s, WRITER, "Age of the last data that was sent; null if none yet",
		.heading = "SENT", .priority = 51),
	COUNT("unsent_bytes", writer.unsent_bytes, WRITER, "Bytes that could not be sent yet", .heading = "UNSENT",
	      .priority = 20),
	COUNT("unacked_bytes", writer.unacked_bytes, WRITER, "Bytes sent that the peer has not acknowledged",
	      .heading = "UNACKED", .priority = 25),
	COUNT("peer_window", writer.peer_window, WRITER, "Bytes that the peer's window has room for",
	      .heading = "WINDOW", .priority = 15),
	SECONDS("window_closed_s", writer.window_closed_s, WRITER,
		"For how long, at least, it has been closed; null: it is not, or not long enough to tell",
		.heading = "CLOSED", .priority = 16),
	COUNT("retransmits", writer.retransmits, WRITER, "Retransmission timeouts in a row", .heading = "RETRANS",
	      .priority = 26),
	COUNT("window_probes", writer.window_probes, WRITER, "Probes of its window that are unanswered so far",
	      .heading = "PROBES", .priority = 27),
	SECONDS("sndtimeo_s", writer.sndtimeo_s, WRITER, "SO_SNDTIMEO; null: none", .socket_option = true,
		.heading = "SNDTIMEO", .priority = 64),
	SECONDS("user_timeout_s", writer.user_timeout_s, WRITER, "TCP_USER_TIMEOUT; null: none", .socket_option = true,
		.heading = "USER TIMEOUT", .priority = 65),
	SECONDS("returns_by_s", writer.returns_by_s, WRITER,
		"The latest moment at which the kernel will end this write by itself if the peer is gone; null: never",
		.heading = "RETURNS BY", .priority = 10),
	COUNT("peer_pid", writer.peer.pid, WRITER,
	      "With --all, for a unix socket: a process that holds the other end; else null"),
	TEXT("peer_comm", writer.peer.comm, WRITER, "Its command name", .heading = "PEER PROCESS",
	     .shape = SHAPE_PROCESS, .joins = {"peer_pid"}, .priority = 3, .least = PROCESS_LEAST),
	TEXT("waiter", writer.held.waiter, WRITER,
	     "Who waits for the connection: a thread in a system call on it, or an event loop; null: nobody, as far as can be "
	     "seen",
	     .values = WORDS("thread", "loop"), .heading = "WAITER", .priority = 41),
	COUNT("epoll_fd", writer.held.epoll_fd, WRITER, "The epoll instance of that loop; null: none, or not known"),

	/* closing */
	TEXT("state", closing.state, CLOSING, "The kernel's TCP state name", .heading = "STATE", .priority = 5),
	TEXT("fault", closing.fault, CLOSING,
	     "Who has to act: this end's application, the peer's, or the peer's machine or the path to it; null: "
	     "nobody",
	     .values = WORDS("application", "peer_application", "peer_or_path"), .heading = "FAULT", .priority = 12),
	COUNT("connections", closing.connections, CLOSING,
	      "Connections that this stands for: more than 100 of one process and verdict are one, which tells of the "
	      "oldest",
	      .heading = "CONNECTIONS", .priority = 14),
	SECONDS("last_received_s", closing.last_received_s, CLOSING, "Age of the last data that came; null if none yet",
		.heading = "RECEIVED", .priority = 20),
	SECONDS("last_sent_s", closing.last_sent_s, CLOSING, "Age of the last data that was sent; null if none yet",
		.heading = "SENT", .priority = 21),
	COUNT("unread_bytes", closing.unread_bytes, CLOSING, "Bytes received that no one has read", .heading = "UNREAD",
	      .priority = 22),
	COUNT("unsent_bytes", closing.unsent_bytes, CLOSING, "Bytes that could not be sent yet", .heading = "UNSENT",
	      .priority = 23),
	COUNT("unacked_bytes", closing.unacked_bytes, CLOSING, "Bytes sent that the peer has not acknowledged",
	      .heading = "UNACKED", .priority = 24),
	COUNT("retransmits", closing.retransmits, CLOSING, "Retransmission timeouts in a row", .heading = "RETRANS",
	      .priority = 25),
	COLUMN("orphaned", COLUMN_BOOL, closing.orphaned, CLOSING, "Whether no process holds it any more",
	       .heading = "ORPHANED", .priority = 30),
	COLUMN("eof_read", COLUMN_BOOL, closing.eof_read, CLOSING,
	       "Whether the application has read as far as the peer's FIN; null: none has come", .heading = "EOF READ",
	       .priority = 31),
	COLUMN("keepalive", COLUMN_BOOL, closing.keepalive, CLOSING, "Whether SO_KEEPALIVE is on",
	       .socket_option = true, .heading = "KEEPALIVE", .priority = 62),
	SECONDS("gives_up_s", closing.gives_up_s, CLOSING,
		"When the kernel itself will drop it if the peer does not answer; null if never, or not known",
		.heading = "GIVES UP", .priority = 11),

	/* service */
	COUNT("connections", service.connections, SERVICE, "Connections that it has accepted, and has not closed",
	      .heading = "CONNECTIONS", .priority = 8),
	COUNT("pending", service.pending, SERVICE,
	      "Of these, the peer spoke last: requests that wait for an answer, as far as a conversation in turns can be "
	      "seen from outside; null: it has never sent anything",
	      .heading = "PENDING", .priority = 5),
	SECONDS("oldest_pending_s", service.oldest_pending_s, SERVICE,
		"How long ago the peer spoke, on the connection on which that is longest ago; null: nothing is pending",
		.heading = "OLDEST", .priority = 6, .ticks = 1),
	SECONDS("last_answer_s", service.last_answer_s, SERVICE,
		"When it last sent anything on any connection, also on those that are closed by now; null: it never did",
		.heading = "LAST ANSWER", .priority = 7, .ticks = 1),
	NUMBER("answers_per_s", service.answers_per_s, SERVICE,
	       "Connections on which something was sent since the last look, a second: it answered at least that often; "
	       "null: there was no look before",
	       .heading = "ANSWERS/S", .priority = 10),
	NUMBER("requests_per_s", service.requests_per_s, SERVICE,
	       "Connections on which something came since the last look, a second: it was asked at least that often; "
	       "null: there was no look before",
	       .heading = "REQUESTS/S", .priority = 11),
	COUNT("accept_queue", service.accept_queue, SERVICE, "Connections in its accept queues", .heading = "ACCEPT-Q",
	      .shape = SHAPE_OF, .joins = {"accept_queue_max"}, .priority = 12),
	COUNT("accept_queue_max", service.accept_queue_max, SERVICE, "The limit of these queues"),
	COUNT("syn_queue", service.syn_queue, SERVICE, "Half-open connections, by the kernel's count",
	      .heading = "SYN-Q", .priority = 14),
	NUMBER("drops_per_s", service.drops_per_s, SERVICE,
	       "Drops a second since the last look; null: there was none before", .heading = "DROPS/S", .priority = 15),
	SECONDS("lag_max_s", service.lag_max_s, SERVICE,
		"The longest time that an event loop of its process was away from its wait since the last look; null: "
		"none was seen",
		.heading = "LAG", .priority = 13),
	COUNT("awaits", service.awaits, SERVICE,
	      "Connections of its process to one address on which it waits for an answer; null: it answers, or waits for "
	      "none",
	      .heading = "AWAITS", .priority = 16),
	TEXT("awaits_addr", service.awaits_addr, SERVICE, "That address", .heading = "AWAITS FROM",
	     .shape = SHAPE_ENDPOINT, .joins = {"awaits_port"}, .priority = 17, .least = 15),
	COUNT("awaits_port", service.awaits_port, SERVICE, "Its port"),
	SECONDS("awaits_oldest_s", service.awaits_oldest_s, SERVICE, "How long it has waited on the oldest of these",
		.ticks = 1),
	TEXT("cause", service.cause, SERVICE,
	     "What keeps it from answering. peer: it waits for another service; loop: its event loop stands still; "
	     "lock: its threads are in a lock; stopped, frozen: its process is; throttled: its CPU quota is used up; "
	     "cpu: its threads compute. Null: it answers",
	     .values = WORDS("peer", "loop", "lock", "stopped", "frozen", "throttled", "cpu", "unknown"),
	     .heading = "CAUSE", .priority = 4),

	/* chain */
	COUNT("waiters", chain.waiters, CHAIN,
	      "Threads, and connections of event loops, that wait for it, directly or not", .heading = "WAITERS",
	      .priority = 1),
	COLUMN("links", COLUMN_LINKS, chain.links, CHAIN,
	       "The longest chain that ends there: each link waits for the next. In a deadlock the last one waits for "
	       "the first",
	       .heading = "CHAIN", .priority = 4, .least = 20),

	/* loop */
	TEXT("interface", loop.interface, LOOP, "What it waits with",
	     .values = WORDS("epoll", "poll", "select", "io_uring"), .heading = "INTERFACE", .priority = 60),
	COUNT("epoll_fd", loop.epoll_fd, LOOP, "Descriptor of the epoll instance; null: it waits with something else",
	      .heading = "EPOLL FD", .priority = 61),
	NUMBER("waits_per_s", loop.waits_per_s, LOOP, "Waits that ended, a second", .heading = "WAITS/S",
	       .priority = 11),
	NUMBER("events_per_s", loop.events_per_s, LOOP, "Events that waits returned, a second", .heading = "EVENTS/S",
	       .priority = 12),
	NUMBER("events_per_wait", loop.events_per_wait, LOOP, "Events a wait returned, on average",
	       .heading = "EVENTS/WAIT", .priority = 50),
	NUMBER("empty_per_s", loop.empty_per_s, LOOP, "Waits that returned nothing, a second", .heading = "EMPTY/S",
	       .priority = 30),
	SECONDS("timeout_s", loop.timeout_s, LOOP, "Timeout of the last wait; null: infinite", .heading = "TIMEOUT",
		.priority = 40),
	COUNT("max_events", loop.max_events, LOOP, "Events the last wait could have returned", .heading = "MAX EVENTS",
	      .priority = 62),
	NUMBER("busy_ratio", loop.busy_ratio, LOOP, "Share of the interval spent outside the wait", .heading = "BUSY",
	       .priority = 10),
	SECONDS("lag_p50_s", loop.lag_p50_s, LOOP, "Time from a return to the next wait: median", .heading = "LAG P50",
		.priority = 32),
	SECONDS("lag_p99_s", loop.lag_p99_s, LOOP, "Time from a return to the next wait: 99th percentile",
		.heading = "LAG P99", .priority = 14),
	SECONDS("lag_max_s", loop.lag_max_s, LOOP, "Time from a return to the next wait: longest", .heading = "LAG MAX",
		.priority = 13),
	SECONDS("lag_cpu_s", loop.lag_cpu_s, LOOP, "Time outside the wait that was spent on a CPU", .heading = "ON CPU",
		.priority = 33),
	SECONDS("lag_runqueue_s", loop.lag_runqueue_s, LOOP, "Time outside the wait that was spent waiting for a CPU",
		.heading = "RUNQUEUE", .priority = 35),
	SECONDS("lag_blocked_s", loop.lag_blocked_s, LOOP, "Time outside the wait that was spent blocked",
		.heading = "BLOCKED", .priority = 34),
	COLUMN("lag_histogram", COLUMN_HISTOGRAM, loop.lag_histogram, LOOP,
	       "How many times from a return to the next wait were how long: 20 counts, the first of those below "
	       "32.768 us, each next one of those up to twice as long, the last of all from 8.59 s on; a time that has "
	       "not ended is not counted",
	       .heading = "33us ...LAG... 8.6s+", .priority = 17),
	SECONDS("wait_p50_s", loop.wait_p50_s, LOOP, "Time inside a wait: median", .heading = "WAIT P50",
		.priority = 51),
	SECONDS("wait_p99_s", loop.wait_p99_s, LOOP, "Time inside a wait: 99th percentile", .heading = "WAIT P99",
		.priority = 52),
	TEXT("now", loop.now, LOOP, "What it does now", .values = WORDS("waiting", "running", "blocked"),
	     .heading = "NOW", .priority = 5),
	SECONDS("now_s", loop.now_s, LOOP, "For how long it has done so; at least that, where age_at_least is true",
		.heading = "FOR", .priority = 6, .ticks = 1, .shape = SHAPE_AT_LEAST, .joins = {"age_at_least"}),
	TEXT("now_in", loop.now_in, LOOP,
	     "The system call, and the socket or file it is blocked in; of a stall that is running now: the last of "
	     "them",
	     .heading = "IN", .priority = 7, .least = 20, .most = 40),
	COUNT("watches", loop.watches, LOOP, "Descriptors it watches", .heading = "WATCHES", .priority = 45),
	COUNT("watches_edge", loop.watches_edge, LOOP, "Of these, edge-triggered", .heading = "EDGE", .priority = 70),
	COUNT("watches_oneshot", loop.watches_oneshot, LOOP, "Of these, one-shot", .heading = "ONESHOT",
	      .priority = 71),
	COUNT("watches_idle_unbounded", loop.watches_idle_unbounded, LOOP,
	      "Of these, idle sockets that nothing would ever end", .heading = "UNBOUNDED", .priority = 72),
	COUNT("watch_limit", loop.watch_limit, LOOP, "Watches the user may have"),
	COUNT("fd_limit", loop.fd_limit, LOOP, "Descriptors the process may have: RLIMIT_NOFILE"),
	COUNT("highest_fd", loop.highest_fd, LOOP, "The highest descriptor of its process", .heading = "HIGHEST FD",
	      .priority = 75),
	TEXT("runtime", loop.runtime, LOOP, "Whose loop it is: libuv, go, asyncio, nginx and others; null: not sure",
	     .heading = "RUNTIME", .priority = 44),
	NUMBER("set_bytes_per_s", loop.set_bytes_per_s, LOOP,
	       "Bytes of descriptor sets (poll, select) or events (epoll) copied to and from the kernel, a second",
	       .heading = "SET BYTES/S", .priority = 53),
	COUNT("open_fds", loop.open_fds, LOOP, "Descriptors its process has open", .heading = "FDS", .shape = SHAPE_OF,
	      .joins = {"fd_limit"}, .priority = 76),
	COUNT("process_sockets", loop.process_sockets, LOOP, "Of these, sockets", .heading = "SOCKETS", .priority = 46),
	COUNT("process_threads", loop.process_threads, LOOP, "Threads of its process", .heading = "THREADS",
	      .priority = 47),
	COUNT("user_watches", loop.user_watches, LOOP,
	      "Descriptors that all epoll instances of its user watch. The part of that count that the kernel keeps "
	      "for each CPU is left out: with 2 CPUs it may be off by 64, with 16 by 512",
	      .heading = "USER WATCHES", .shape = SHAPE_OF, .joins = {"watch_limit"}, .priority = 77),
	TEXT("kernel_stack", loop.kernel_stack, LOOP,
	     "With --verbose: where in the kernel it is blocked, functions, innermost first; else null",
	     .heading = "KERNEL STACK", .shape = SHAPE_SENTENCE),
	TEXT("user_stack", loop.user_stack, LOOP,
	     "With --stacks: from where in its program it came, module+offset, innermost first; else null",
	     .heading = "USER STACK", .shape = SHAPE_SENTENCE),

	/* thread */
	TEXT("state", thread.state, THREAD, "The scheduler's state", .heading = "STATE"),
	TEXT("syscall", thread.syscall, THREAD, "The system call it is in", .heading = "SYSCALL", .priority = 9),
	SECONDS("now_s", thread.now_s, THREAD, "For how long it has been in this state", .heading = "FOR",
		.priority = 2, .ticks = 1, .shape = SHAPE_AT_LEAST, .joins = {"now_at_least"}),
	TEXT("now_in", thread.now_in, THREAD,
	     "The system call, and the socket, file or child that it waits for, or that it is a lock or condition "
	     "variable",
	     .heading = "IN", .priority = 3, .least = 44, .rather = 20, .most = 60),
	COLUMN("now_at_least", COLUMN_BOOL, age_at_least, THREAD,
	       "True where this kernel does not record since when (CONFIG_SCHED_INFO is off): it is at least now_s"),
	COLUMN("created", COLUMN_TIME, thread.created_ns, THREAD, "When it was created", .heading = "CREATED",
	       .priority = 30),
	COUNT("creator_tid", thread.creator_tid, THREAD, "The thread that created it; null: it is older than this run",
	      .heading = "CREATOR", .priority = 31),
	TEXT("shares", thread.shares, THREAD, "What it shares, of vm, files, fs and sighand", .heading = "SHARES",
	     .priority = 20),
	TEXT("stack_start", thread.stack_start, THREAD, "Lowest address of its stack, in hex", .heading = "STACK START",
	     .priority = 40),
	TEXT("stack_end", thread.stack_end, THREAD, "The address where its stack ends, in hex", .heading = "STACK END",
	     .priority = 41),
	COUNT("stack_guard", thread.stack_guard, THREAD, "Bytes of the guard below its stack", .heading = "GUARD",
	      .priority = 42),
	COUNT("stack_used", thread.stack_used, THREAD, "Bytes of its stack in use", .heading = "STACK USED",
	      .priority = 25),
	SECONDS("cpu_s", thread.cpu_s, THREAD, "CPU time used in its life", .heading = "CPU", .priority = 10),
	COUNT("switches", thread.switches, THREAD, "Context switches in its life", .heading = "SWITCHES",
	      .priority = 11),
	COUNT("switches_voluntary", thread.switches_voluntary, THREAD, "Of these, because it had to wait",
	      .heading = "VOLUNTARY", .priority = 12),
	COUNT("switches_involuntary", thread.switches_involuntary, THREAD, "Of these, because another was to run",
	      .heading = "INVOLUNTARY", .priority = 13),
	TEXT("kernel_stack", thread.kernel_stack, THREAD,
	     "With --verbose: where in the kernel it is asleep, functions, innermost first, of at most 256 threads; "
	     "else null",
	     .heading = "KERNEL STACK", .shape = SHAPE_SENTENCE),
	TEXT("user_stack", thread.user_stack, THREAD,
	     "With --stacks: from where in its program it came, module+offset, innermost first; else null",
	     .heading = "USER STACK", .shape = SHAPE_SENTENCE),

	/* region */
	TEXT("start", region.start, REGION, "Its lowest address, in hex", .heading = "START"),
	TEXT("end", region.end, REGION, "The address where it ends, in hex", .heading = "END"),
	COUNT("bytes", region.bytes, REGION, "Its size", .heading = "BYTES", .priority = 2),
	TEXT("permissions", region.permissions, REGION,
	     "Read, write, execute; private or shared: as /proc/PID/maps has it", .heading = "PERM", .priority = 1),
	TEXT("kind", region.kind, REGION, "What it is for",
	     .values = WORDS("code", "data", "heap", "stack", "guard", "mapping", "kernel"), .heading = "KIND"),
	TEXT("path", region.path, REGION, "The file it is mapped from, or the kernel's name for it", .heading = "PATH",
	     .priority = 3, .least = 20),

	/* watch */
	COUNT("epoll_fd", watch.epoll_fd, WATCH, "Descriptor of the epoll instance", .heading = "EPOLL FD",
	      .priority = 6),
	TEXT("kind", watch.kind, WATCH, "What is watched; null where its descriptor leads elsewhere by now",
	     .values = WORDS("tcp", "listener", "udp", "unix", "socket", "pipe", "eventfd", "timerfd", "signalfd",
			     "inotify", "fanotify", "epoll", "pidfd", "io_uring", "userfaultfd", "perf_event", "device",
			     "file"),
	     .heading = "KIND"),
	TEXT("state", watch.state, WATCH, "The kernel's TCP state name", .heading = "STATE", .priority = 20),
	TEXT("events", watch.events, WATCH,
	     "What it is watched for, as epoll_ctl(2) names it; err and hup always are; only oneshot: it has fired",
	     .heading = "EVENTS"),
	COLUMN("edge", COLUMN_BOOL, watch.edge, WATCH, "Edge-triggered; false: level-triggered"),
	COLUMN("oneshot", COLUMN_BOOL, watch.oneshot, WATCH, "One-shot"),
	COLUMN("exclusive", COLUMN_BOOL, watch.exclusive, WATCH, "Wakes one of the instances that watch it, not all"),
	COLUMN("rdhup", COLUMN_BOOL, watch.rdhup, WATCH, "Watched for EPOLLRDHUP: the peer sends no more"),
	SECONDS("last_received_s", watch.last_received_s, WATCH, "Age of the last data that came; null if none yet",
		.heading = "RECEIVED", .priority = 10, .ticks = 1),
	SECONDS("last_sent_s", watch.last_sent_s, WATCH, "Age of the last data that was sent; null if none yet",
		.heading = "SENT", .priority = 11, .ticks = 1),
	COUNT("unread_bytes", watch.unread_bytes, WATCH, "Bytes received that no one has read", .heading = "UNREAD",
	      .priority = 1),
	SECONDS("unread_s", watch.unread_s, WATCH, "For how long looks have found these very bytes unread", .ticks = 1),
	COLUMN("keepalive", COLUMN_BOOL, watch.keepalive, WATCH, "Whether SO_KEEPALIVE is on", .socket_option = true,
	       .heading = "KEEPALIVE", .priority = 30),
	SECONDS("ends_by_s", watch.ends_by_s, WATCH,
		"When the kernel itself will end the connection if the peer is gone; null: never", .heading = "ENDS BY",
		.priority = 3, .ticks = -1),
	COLUMN("idle_unbounded", COLUMN_BOOL, watch.idle_unbounded, WATCH,
	       "Idle for more than 5 minutes, and nothing would ever notice a dead peer", .heading = "UNBOUNDED",
	       .priority = 31),

	/* action */
	TEXT("how", action.how, ACTION, "In which way; null where none was found",
	     .values = WORDS("destroy", "shutdown", "keepalive", "probe")),
	TEXT("result", action.result, ACTION,
	     "planned: nothing was done, for want of --yes; done; changed: meanwhile, so nothing was done; failed",
	     .values = WORDS("planned", "done", "changed", "failed"), .never_null = true),
	TEXT("what", action.what, ACTION, "One sentence: what is ended"),
	TEXT("follows", action.follows, ACTION, "One sentence: what that means for both ends"),
	TEXT("warning", action.warning, ACTION,
	     "One sentence: that sockstall itself is used over this connection; null where that is not known"),
	TEXT("error", action.error, ACTION, "Why it was not done; null where it was, or could be"),
	TEXT("state", action.state, ACTION, "The kernel's TCP state name, before"),
	TEXT("peer", action.peer, ACTION,
	     "What the probe found out; reset: the peer knows no such connection; null: it was not asked",
	     .values = WORDS("answers", "silent", "reset")),
	SECONDS("answer_s", action.answer_s, ACTION,
		"After how long the peer answered the probe; null: it did not, or was not asked"),
	SECONDS("keepalive_time_s", action.keepalive_time_s, ACTION, "TCP_KEEPIDLE, as it was set; null: it was not",
		.socket_option = true),
	SECONDS("keepalive_interval_s", action.keepalive_interval_s, ACTION,
		"TCP_KEEPINTVL, as it was set; null: it was not", .socket_option = true),
	COUNT("keepalive_probes", action.keepalive_probes, ACTION, "TCP_KEEPCNT, as it was set; null: it was not",
	      .socket_option = true),

	/* difference */
	TEXT("change", difference.change, DIFF, "What has become of it, from the first recording to the second",
	     .values = WORDS("new", "worse", "same", "better", "gone"), .heading = "CHANGE"),
	TEXT("kind", difference.kind, DIFF, "The type of the records that are compared", .heading = "KIND"),
	TEXT("comm", comm, DIFF, "Command name of the process; bytes that are no UTF-8 are U+FFFD",
	     .heading = "PROCESS", .least = COMM_LEAST),
	TEXT("netns_name", netns_name, DIFF, "Network namespace: its name, where `ip netns` has one; else null",
	     .heading = "NETNS NAME", .priority = 85, .least = 6, .most = 16),
	TEXT("local_addr", local_addr, DIFF, "Address that a listener is bound to; null: it is not known by that",
	     .heading = "LOCAL", .shape = SHAPE_ENDPOINT, .joins = {"local_port"}, .priority = 2, .least = 15),
	COUNT("local_port", local_port, DIFF, "Port of this end; null: it is not known by that"),
	TEXT("peer_addr", peer_addr, DIFF, "Address that clients connect to; null: it is not known by that",
	     .heading = "PEER", .shape = SHAPE_ENDPOINT, .joins = {"peer_port"}, .priority = 1, .least = 15),
	COUNT("peer_port", peer_port, DIFF, "Port that clients connect to; null: it is not known by that"),
	TEXT("verdict_before", difference.verdict_before, DIFF,
	     "The worst verdict in the first recording; null: it was not there", .heading = "WAS"),
	TEXT("verdict_after", difference.verdict_after, DIFF,
	     "The worst verdict in the second recording; null: it is not there", .heading = "IS"),
	COUNT("most_before", difference.most_before, DIFF, "How many there were at one time, at most, in the first",
	      .heading = "MOST WAS", .priority = 20),
	COUNT("most_after", difference.most_after, DIFF, "How many there were at one time, at most, in the second",
	      .heading = "MOST IS", .priority = 19),
	SECONDS("oldest_before_s", difference.oldest_before_s, DIFF, "How long the longest lasted in the first",
		.heading = "LONGEST WAS", .priority = 22),
	SECONDS("oldest_after_s", difference.oldest_after_s, DIFF, "How long the longest lasted in the second",
		.heading = "LONGEST IS", .priority = 21),
	TEXT("why", why, DIFF, "One sentence with what differs", .heading = "WHY", .shape = SHAPE_SENTENCE),

	/* process */
	COUNT("reads_lost", process.reads_lost, PROCESS,
	      "Samples, one after the other, at which a read of the process did not come back in time",
	      .heading = "READS"),
	TEXT("reads_of", process.reads_of, PROCESS,
	     "What was read: epoll descriptors, mappings, memory, program, /proc; with commas between", .heading = "OF",
	     .priority = 20),

	/* lost */
	TEXT("where", lost.where, LOST, "What was lost", .heading = "WHERE"),
	COUNT("count", lost.count, LOST, "How many since the last look", .heading = "COUNT"),
	COUNT("pid", pid, LOST, "Process that could not be looked at; null where it is not about one"),
	TEXT("comm", comm, LOST, "Its command name; bytes that are no UTF-8 are U+FFFD", .heading = "PROCESS",
	     .shape = SHAPE_PROCESS, .joins = {"pid"}),
	TEXT("why", why, LOST, "One sentence: why it could not", .heading = "WHY", .shape = SHAPE_SENTENCE),

	/* check */
	TEXT("part", check.part, CHECK,
	     "probe: what brings part of the reports; right: what a kind of run keeps; protection: what holds it to that",
	     .values = WORDS("probe", "right", "protection"), .never_null = true),
	TEXT("name", check.name, CHECK, "Its name", .never_null = true),
	TEXT("state", check.state, CHECK, "none: this kernel has nothing to attach it to. Null for a right",
	     .values = WORDS("yes", "no", "none")),
	TEXT("purpose", check.purpose, CHECK, "What it brings; null for a right with capabilities of its own"),
	TEXT("reason", check.reason, CHECK, "Why it is missing"),
	TEXT("effect", check.effect, CHECK, "What is lost without it"),
	TEXT("remedy", check.remedy, CHECK, "What helps"),
	COUNT("syscalls", check.syscalls, CHECK,
	      "Of a right: how many system calls it adds; null also where it is all"),
	TEXT("capabilities", check.capabilities, CHECK,
	     "Of a right: capabilities, separated by spaces; null also where they are the caller's"),
	COUNT("verified", check.verified, CHECK, "Of a BPF program: instructions that the verifier walked through"),

	/* start */
	TEXT("version", start.version, START, "Version of sockstall"),
	TEXT("kernel", start.kernel, START, "Kernel release"),
	TEXT("host", start.host, START, "Host name"),
	TEXT("command", start.command, START, "The command; loops is written as epoll, its first name"),
	TEXT("arguments", start.arguments, START, "The command line"),
	SECONDS("interval_s", start.interval_s, START, "Time between looks"),
	TEXT("probes_used", start.probes_used, START, "Names of the probes in use, separated by spaces"),
	TEXT("probes_missing", start.probes_missing, START, "Names of those this kernel does not allow"),
	SECONDS("flight_s", start.flight_s, START, "Of what --flight wrote: the time from its first look to its last"),

	/* end */
	COUNT("looks", end.looks, END, "Looks taken"),
	COUNT("records", end.records, END, "Records written"),
	COUNT("lost", end.lost, END, "Events and records lost in all"),
	SECONDS("cpu_s", end.cpu_s, END, "CPU time sockstall used"),
};

const size_t column_count = COUNT_OF(columns);
