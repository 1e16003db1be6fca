/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about threads that are blocked reading a socket: see verdict.h. */
#ifndef SOCKSTALL_RULES_READER_H
#define SOCKSTALL_RULES_READER_H

#include <stdbool.h>

#include "base/buffer.h"
#include "look/look.h"
#include "look/signs.h"
#include "look/timers.h"
#include "rules/verdict.h"
#include "socket_record.h"
#include "thread_record.h"

struct reader_evidence {
	const struct thread_record *thread;
	const struct socket_record *socket;
	__u64 now_ns;
	__u64 tick_ns;
	__u64 long_idle_ns;
	bool client; /* this end called connect() */
	enum speaker spoke_last;
	struct read_end end; /* if the peer never answers again */
	__u64 since_ns; /* when the read fell asleep; 0: not known */
	__u64 patience_ns; /* how long the first data of a connection may stay without an answer; 0: not long */
	bool served_by_design; /* the server is known to answer when it has something, and its loop goes on */
	bool beside_streams; /* another thread of its process reads a one-way stream of clients of the same port */
	__u32 held_threads; /* of the process, that wait for a client that has sent nothing, this one among them; 0: not counted */
	bool others_queue; /* a connection lies in the accept queue of its port */
	bool only_dns; /* the thread is in poll for this UDP socket alone, with a limit: as a resolver asks */
	unsigned int tries; /* of a question to a DNS server, at least; 0: not known */
};

#define READER_DNS_NS 2000000000ULL /* after this a DNS server's answer is late */

struct reader_rule {
	bool (*applies)(const struct reader_evidence *evidence);
	const struct verdict *verdict;
	enum severity severity;
	const char *(*why)(struct arena *arena, const struct reader_evidence *evidence);
	const char *(*advice)(struct arena *arena, const struct reader_evidence *evidence); /* NULL: none */
};

/* The evidence about a thread that has slept on a socket since since_ns. */
struct reader_evidence reader_evidence_of(const struct look *look, const struct thread_view *view, __u64 since_ns);

/*
 * Its peer has sent data at several times, and never got an answer: a log, metrics, events. With the times of one look
 * alone, data that came later than a second after the connection was made does for that: its maker had nothing to ask
 * then.
 */
bool reader_is_stream(const struct socket_record *socket);

extern const struct reader_rule reader_rules[];
extern const size_t reader_rule_count;

/*
 * The verdict that a chain uses. Where the peer spoke last, more may be due, and the processes that wait behind this
 * read may know that. Otherwise the rule's own verdict.
 */
const struct verdict *reader_link_verdict(const struct reader_rule *rule);

/* The rule that applies: there is always one. */
const struct reader_rule *reader_verdict(const struct reader_evidence *evidence);

#endif
