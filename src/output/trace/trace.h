/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A recording in the Trace Event Format, which Perfetto and others open. Pure.
 *
 * A wait of a thread is a slice on the thread's track. A process may have many handshakes at a time: they get separate
 * tracks beside its threads, so that none overlap. A stall without a thread (a listener) is an asynchronous event. The
 * lag of loops is a counter. An arrow (a flow) leads from a client's wait to the process at the other end, and from a
 * handshake to the thread that should accept it.
 */
#ifndef SOCKSTALL_OUTPUT_TRACE_TRACE_H
#define SOCKSTALL_OUTPUT_TRACE_TRACE_H

#include "history/story.h"

/* Tracks of handshakes: no thread of any host has such a number. */
#define TRACE_LANES 2000000000

/* A loop's lag over the interval before a look. */
struct trace_lag {
	uint64_t time_ns;
	int64_t pid, tid;
	double max_s, p99_s; /* p99 may be NAN */
};

struct trace {
	struct story story;
	struct trace_lag *lags;
	size_t lag_count, lag_capacity;
	/* Names of the threads that lags are of, and of no stall: by pid and tid. */
	struct trace_name {
		int64_t pid, tid;
		char comm[64], process[64], host[64]; /* host: empty where there is one */
	} * names;
	size_t name_count, name_capacity, name_at; /* where the last one was found */
};

/* A stall's place in the trace. */
struct trace_slice {
	const struct life *life;
	int64_t pid, tid;
	uint64_t from_ns, to_ns; /* it lies within the slices that enclose it on its track */
	bool async;
};

/* Everything with a place, by track, then by time. To be freed; NULL: no memory. */
struct trace_slice *trace_place(const struct story *story);

/*
 * Where rows of several hosts are shown, the ids of processes and threads of each are moved by so much: more than any
 * has (PID_MAX_LIMIT is 2^22), and so little that those of 256 hosts fit below TRACE_LANES.
 */
#define TRACE_HOST 5000000

_Static_assert(TRACE_HOST > 1 << 22 && 256LL * TRACE_HOST < TRACE_LANES, "the tracks of hosts lie apart");

int64_t trace_id(const struct row *row, int64_t id);

/* An arrow between two of them, at a moment that both have. */
struct trace_flow {
	const struct trace_slice *from, *to;
	uint64_t time_ns;
};

/* To be freed; NULL: no memory. */
struct trace_flow *trace_flows(const struct trace_slice *slices, size_t count, size_t *flow_count);

/* Appends the whole trace. Returns 0 or -ENOMEM. */
int trace_write(struct buffer *out, const struct trace *trace, const char *damage);

#endif
