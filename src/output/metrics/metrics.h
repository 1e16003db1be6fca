/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Counts for `metrics`, written in the Prometheus text format, version 0.0.4. Pure.
 *
 * The number of series is bounded, whatever runs on the machine: process names beyond the worst few are counted as
 * "other", and only the fullest listeners are listed, and the services that let others wait for longest. The file says
 * how many were left out.
 */
#ifndef SOCKSTALL_OUTPUT_METRICS_METRICS_H
#define SOCKSTALL_OUTPUT_METRICS_METRICS_H

#include "output/short_name.h"
#include "rows/report.h"

#define METRICS_FILE "sockstall.prom" /* in the folder of --textfile */

#define METRICS_COMMS	  20 /* names of processes, "other" not counted */
#define METRICS_LISTENERS 50
#define METRICS_SERVICES  50

/* Upper bounds of the histogram: powers of two in ns, all of them bounds of a loop_record's buckets. */
#define METRICS_LE_FIRST 17 /* 131 us */
#define METRICS_LE_LAST	 33 /* 8.6 s */
#define METRICS_LES	 (METRICS_LE_LAST - METRICS_LE_FIRST + 1)

/* Stuck rows that are alike, of one look. */
struct stall_count {
	char comm[SHORT_NAME_SIZE];
	enum row_type type;
	const char *verdict; /* constant text of the table of columns */
	size_t count;
};

/* Listeners of one look that have the same labels (SO_REUSEPORT) are one. */
struct listener_fill {
	char comm[SHORT_NAME_SIZE];
	char address[112]; /* or the path of a unix socket */
	uint16_t port;
	uint32_t netns;
	uint64_t accept_queue, accept_limit, syn_queue, syn_limit;
};

/* One address and port that is listened on, and what its connections wait for, in one look. */
struct service_state {
	char comm[SHORT_NAME_SIZE];
	char address[48];
	uint16_t port;
	uint32_t netns;
	uint64_t pending;
	double oldest_s; /* 0: nobody waits */
	double last_answer_s; /* NAN: it has not been seen to send anything */
};

/* How often lags of loops of one name lay below each bound, since the start. */
struct lag_histogram {
	char comm[SHORT_NAME_SIZE];
	uint64_t below[METRICS_LES], count, lag_ns;
};

/* A loop's counters at the last look: what is new since then is counted. */
struct loop_last {
	uint32_t pid, tid, interface;
	uint64_t start_ns, waits, lag_ns;
	uint32_t lag[LOOP_BUCKETS];
};

struct metrics {
	const struct selection *selection; /* of listeners, services and loops */
	char version[32], kernel[80];
	uint64_t looks, time_ns, interval_ns;
	double cpu_s;
	uint64_t memory_bytes; /* set by who writes it */
	uint64_t opened[ROW_TYPES];
	double oldest_s[ROW_TYPES];
	struct {
		struct stall_count *items;
		size_t count;
	} stalls;
	struct {
		struct listener_fill *items;
		size_t count;
	} listeners;
	struct {
		struct service_state *items;
		size_t count;
	} services;
	struct lag_histogram lags[METRICS_COMMS + 1];
	size_t lag_count;
	struct {
		struct loop_last *items;
		size_t count;
	} loops; /* sorted as looks have them */
	struct {
		char where[32];
		uint64_t count;
	} lost[16];
	size_t lost_count;
};

/* They take the rows that emitters are given. Each returns 0 or -ENOMEM. */
int metrics_record(struct metrics *metrics, const struct row *row);
int metrics_look(struct metrics *metrics, const struct report *report, const struct look *look);
void metrics_free(struct metrics *metrics);

/* Parts of metrics_look(), each in its file. */
int metrics_stalls(struct metrics *metrics, const struct report *report);
int metrics_listeners(struct metrics *metrics, const struct look *look);
int metrics_services(struct metrics *metrics, const struct look *look);
int metrics_loops(struct metrics *metrics, const struct look *look);

/* Appends everything, as it is now. */
int metrics_text(struct buffer *out, const struct metrics *metrics);

#endif
