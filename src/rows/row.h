/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A row: one finding or one line of a report, with every field of the JSON records. The columns (column.h) and the
 * emitters decide how it looks on a screen or in JSON.
 *
 * Unknown is NULL for text, NOT_KNOWN for counts, NAN for seconds, -1 for a bool. row_init() makes
 * everything unknown. Text belongs to the report's arena or is constant.
 */
#ifndef SOCKSTALL_ROWS_ROW_H
#define SOCKSTALL_ROWS_ROW_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "look/histogram.h"

#define NOT_KNOWN INT64_MIN

enum row_type {
	ROW_START,
	ROW_HANDSHAKE,
	ROW_LISTENER,
	ROW_READER,
	ROW_LOOP,
	ROW_WRITER,
	ROW_CLOSING,
	ROW_CHAIN,
	ROW_SERVICE,
	ROW_LOCK,
	ROW_THREAD,
	ROW_REGION,
	ROW_WATCH,
	ROW_ACTION,
	ROW_DIFFERENCE,
	ROW_PROCESS,
	ROW_CHECK,
	ROW_LOST,
	ROW_END,
	ROW_TYPES,
};

/* The other types are what was asked for, or must be known. */
static inline bool row_is_finding(enum row_type type)
{
	return type == ROW_HANDSHAKE || type == ROW_LISTENER || type == ROW_READER || type == ROW_LOOP ||
	       type == ROW_WRITER || type == ROW_CLOSING || type == ROW_CHAIN || type == ROW_PROCESS ||
	       type == ROW_SERVICE || type == ROW_LOCK;
}

/* A process that cannot be looked at may be fine. */
static inline bool row_may_be_stuck(enum row_type type)
{
	return row_is_finding(type) && type != ROW_PROCESS;
}

struct row;

/* It waits, or lets others wait; or is a chain. */
bool row_may_have_chain(const struct row *row);

enum stall_event {
	STALL_NONE, /* a row without a life: shown at every interval */
	STALL_OPEN,
	STALL_CHANGE,
	STALL_CLOSE,
};

/* For a row that stands for several: see fold.h. */
struct fold_fields {
	int64_t count; /* NOT_KNOWN: it stands for itself */
	const char *pids; /* each once, separated by spaces; NULL: none is known */
	const char *tids; /* likewise, of a row of threads */
	double oldest_s, youngest_s;
	uint64_t differs; /* for fold_differs() */
	bool member; /* the row that it is a part of stands above it */
	bool hangs; /* the cause that it hangs on does */
	bool heads; /* it is a cause, and what hangs on it stands below */
	uint64_t waiting; /* of a cause: how many wait for it; 0: not known */
};

struct start_fields {
	const char *version, *kernel, *host, *command, *arguments;
	const char *probes_used, *probes_missing; /* names, separated by spaces */
	double interval_s;
	double flight_s; /* in what --flight wrote: from its first look to its last */
};

struct end_fields {
	int64_t looks, records, lost;
	double cpu_s;
	bool nobody; /* the filters of a live run fitted nobody; no column shows it, the exit code does */
};

struct lost_fields {
	const char *where;
	int64_t count;
};

struct peer_fields {
	int64_t pid;
	const char *comm;
};

struct handshake_fields {
	const char *side, *stage;
	int64_t retransmits, retransmits_max;
	double next_retransmit_s, gives_up_s;
	int64_t accept_queue, accept_queue_max, syn_queue, bytes_waiting;
	struct peer_fields peer;
};

struct listener_fields {
	int64_t accept_queue, accept_queue_max, somaxconn, syn_queue, drops, half_open;
	double drops_per_s, oldest_half_open_s;
	const char *top_sources;
	int64_t acceptors;
	bool attacked; /* by strangers: its process is not at fault */
};

/* The thread or loop that waits for a connection. */
struct waiter_fields {
	const char *waiter;
	int64_t epoll_fd;
};

/* Facts about a TCP connection, whatever it is reported for. */
struct tcp_fields {
	double last_received_s, last_sent_s;
	int64_t unacked_bytes, retransmits;
};

struct reader_fields {
	const char *syscall, *kind, *state, *role;
	struct tcp_fields tcp;
	int64_t bytes_received, bytes_sent;
	int keepalive;
	int64_t keepalive_probes, keepalive_probes_max;
	double keepalive_idle_s, keepalive_interval_s;
	double rcvtimeo_s, user_timeout_s, returns_by_s, alarm_s;
	int64_t dns_try;
	struct peer_fields peer;
	struct waiter_fields held;
};

struct writer_fields {
	const char *syscall, *kind, *state;
	struct tcp_fields tcp;
	int64_t unsent_bytes, peer_window, window_probes;
	double window_closed_s, sndtimeo_s, user_timeout_s, returns_by_s;
	struct peer_fields peer;
	struct waiter_fields held;
};

struct chain_fields {
	int64_t waiters;
	const char *links; /* see links.h */
	bool cycle; /* a deadlock: the last link waits for the first */
	bool queue; /* it ends at the queue of a listener, and tells nothing of who should accept */
};

struct service_fields {
	int64_t connections, pending;
	double oldest_pending_s, last_answer_s, answers_per_s, requests_per_s;
	int64_t accept_queue, accept_queue_max, syn_queue;
	double drops_per_s, lag_max_s;
	int64_t awaits;
	const char *awaits_addr;
	int64_t awaits_port;
	double awaits_oldest_s;
	const char *cause;
};

struct lock_fields {
	const char *kind, *address, *path;
	int64_t waiters, holder_pid, holder_tid;
	const char *holder_comm, *holder_in;
};

struct closing_fields {
	const char *state, *fault;
	struct tcp_fields tcp;
	int64_t connections, unread_bytes, unsent_bytes;
	int orphaned, eof_read, keepalive;
	double gives_up_s;
};

struct loop_fields {
	const char *interface;
	int64_t epoll_fd;
	double waits_per_s, events_per_s, events_per_wait, empty_per_s, set_bytes_per_s, timeout_s;
	int64_t max_events;
	double busy_ratio;
	double lag_p50_s, lag_p99_s, lag_max_s, lag_cpu_s, lag_runqueue_s, lag_throttled_s, lag_blocked_s;
	struct histogram lag_histogram;
	double wait_p50_s, wait_p99_s;
	const char *now;
	double now_s;
	const char *now_in;
	int64_t watches, watches_edge, watches_oneshot, watches_idle_unbounded, watch_limit, fd_limit, highest_fd;
	int64_t user_watches;
	const char *runtime;
	int64_t open_fds, process_sockets, process_threads;
	const char *kernel_stack;
};

struct thread_fields {
	const char *state, *syscall, *now_in;
	double now_s;
	uint64_t created_ns; /* CLOCK_REALTIME; 0: not known */
	int64_t creator_tid;
	const char *shares, *stack_start, *stack_end;
	int64_t stack_guard, stack_used;
	double cpu_s;
	int64_t switches, switches_voluntary, switches_involuntary;
	const char *kernel_stack;
};

struct watch_fields {
	int64_t epoll_fd;
	const char *kind, *state, *events;
	int edge, oneshot, exclusive, rdhup;
	double last_received_s, last_sent_s, unread_s, ends_by_s;
	int64_t unread_bytes;
	int keepalive, idle_unbounded;
};

struct difference_fields {
	const char *change, *kind; /* constant; kind: the name of the type that differs */
	const char *verdict_before, *verdict_after;
	int64_t most_before, most_after;
	double oldest_before_s, oldest_after_s;
};

struct region_fields {
	const char *kind, *start, *end, *permissions, *path;
	int64_t bytes;
};

struct process_fields {
	int64_t reads_lost;
	const char *reads_of; /* constant or in the arena: "epoll descriptors, memory" */
};

/* What `sockstall check` found. */
struct check_fields {
	const char *part, *name, *state, *purpose, *reason, *effect, *remedy, *capabilities;
	int64_t syscalls, verified;
};

/* The action that `sockstall end` would take, or took. */
struct action_fields {
	const char *how, *result, *what, *follows, *warning, *error, *state, *peer;
	double answer_s, keepalive_time_s, keepalive_interval_s;
	int64_t keepalive_probes;
};

struct row {
	enum row_type type;
	uint64_t time_ns; /* CLOCK_REALTIME, of the look */
	const char *host; /* on which it was seen; raw bytes */
	unsigned int host_at; /* that one's place in struct looks */
	bool with_others; /* rows of several hosts are shown together */
	bool is_old; /* its host had no look since the rows before */

	/* A stall's life. */
	enum stall_event event;
	const char *id; /* NULL: this row has no life */
	/* The id names a place (a listener, a loop), not a wait: each stall there gets its own ending to it. */
	bool recurs;
	uint64_t episode; /* with recurs: that ending, set by stalls_update() */
	uint64_t since_ns; /* CLOCK_REALTIME; 0: not known */
	double age_s;
	int age_at_least; /* bool: the wait is older than age_s (of a thread: now_s), or as old; since_ns is not known then */
	const char *verdict, *why, *advice;
	const char *commands; /* those of the advice, one a line; NULL: it has none */
	bool stuck; /* counts for --exit-code, the overview, and is shown without --all */
	int64_t severity; /* 0 to 100, larger is worse (rules/severity.h): the order of everything that is shown */
	unsigned int fits; /* filters that something fits which is not in the fields below: see filter.h */
	uint64_t order; /* among rows that are alike in all of the above and in pid: the smaller first */
	/*
	 * The finding that this one hangs on, as its id is before stalls_update() completes it; NULL: none is known. No
	 * column shows it: that sets cause_id.
	 */
	const char *cause;
	const char *cause_id;
	bool serves; /* of a connection that is closing: its local port is the one that its peers call */
	bool is_cause; /* others of the look hang on it: it is not folded */
	int64_t change_key; /* when this or the verdict changes, the stall is reported as changed */

	struct fold_fields fold;

	/* Who and where. */
	int64_t pid, tid;
	const char *comm; /* raw bytes, as the kernel has them */
	const char *process_comm; /* of the thread group's leader, for --comm; no column shows it */
	uint64_t process_start_ns; /* CLOCK_BOOTTIME: with pid, who it is; 0: not known; no column shows it */
	int64_t fd;
	const char *cgroup, *container;
	const char *unit, *pod, *namespace, *container_name, *image; /* see system/unit.h, system/container_names.h */
	const char *code; /* the innermost function of the program's own that tid is in */
	const char *user_stack; /* of tid in its program: a line for each frame, innermost first */
	const char *title; /* its command line: what it says of itself; raw bytes */
	int64_t netns;
	const char *netns_name; /* as `ip netns` has it */
	uint64_t cookie; /* SO_COOKIE; 0: not known */
	const char *family, *local_addr;
	int64_t local_port;
	const char *peer_addr;
	bool has_peer; /* peer_addr, where it is not NULL, is the text of: */
	struct in6_addr peer; /* for filters; IPv4 as mapped IPv6 */
	int64_t peer_port;
	const char *peer_name; /* of a pod, a container, or by --hosts */
	/*
	 * The process of one thread at the other end, on another host whose looks are there; far_pid 0: none is known.
	 */
	unsigned int far_host_at;
	uint32_t far_pid;
	const char *path; /* of a unix socket: raw bytes */

	union {
		struct start_fields start;
		struct end_fields end;
		struct lost_fields lost;
		struct handshake_fields handshake;
		struct listener_fields listener;
		struct reader_fields reader;
		struct loop_fields loop;
		struct writer_fields writer;
		struct closing_fields closing;
		struct chain_fields chain;
		struct lock_fields lock;
		struct service_fields service;
		struct thread_fields thread;
		struct region_fields region;
		struct difference_fields difference;
		struct watch_fields watch;
		struct action_fields action;
		struct process_fields process;
		struct check_fields check;
	};
};

/* Makes every field of a row of this type unknown. */
void row_init(struct row *row, enum row_type type);

struct arena;

/* Moves all texts of a row that columns show, and its cause, into one piece of this arena. Returns 0 or -ENOMEM. */
int row_own_texts(struct row *row, struct arena *arena);

/* Whether it is a handshake as this end has it: "client" or "server". */
static inline bool row_is_handshake_of(const struct row *row, const char *side)
{
	return row->type == ROW_HANDSHAKE && row->handshake.side && !strcmp(row->handshake.side, side);
}

#endif
