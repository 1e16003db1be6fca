/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"
#include "output/metrics/metrics.h"
#include "rows/column.h"

/* Writes the head of a family: name, type, unit (NULL: none) and help. */
static int add_family(struct buffer *out, const char *name, const char *type, const char *unit, const char *help)
{
	int err = text_printf(out, "# HELP sockstall_%s %s\n# TYPE sockstall_%s %s\n", name, help, name, type);

	return err || !unit ? err : text_printf(out, "# UNIT sockstall_%s %s\n", name, unit);
}

/* A label's value. The format escapes backslash and quote; a line feed, and what a terminal obeys, is no part of clean
 * text. */
static int add_label(struct buffer *out, const char *name, const char *value)
{
	struct buffer clean = {0};
	int err = text_printf(out, "%s=\"", name) ?: text_clean(&clean, value);

	for (size_t i = 0; i < clean.size && !err; i++) {
		if (clean.data[i] == '"' || clean.data[i] == '\\')
			err = text_printf(out, "\\%c", clean.data[i]);
		else
			err = buffer_append(out, &clean.data[i], 1);
	}
	buffer_free(&clean);
	return err ?: text_add(out, "\"");
}

/* All digits: a bound must be the same text for ever. */
static int add_seconds(struct buffer *out, uint64_t ns)
{
	int err = text_printf(out, "%llu.%09llu", ns / NS_PER_S, ns % NS_PER_S);

	while (!err && out->data[out->size - 1] == '0' && out->data[out->size - 2] != '.')
		out->size--;
	return err;
}

/* ---- Stalls ---- */

/* Of all names together; comm NULL. */
static size_t stalls_of(const struct metrics *metrics, enum row_type type, const char *verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < metrics->stalls.count; i++) {
		if (metrics->stalls.items[i].type == type && metrics->stalls.items[i].verdict == verdict)
			count += metrics->stalls.items[i].count;
	}
	return count;
}

/* Every verdict that there is: a series that is not there cannot be told from one that is zero. */
static int add_stalls(struct buffer *out, const struct metrics *metrics)
{
	int err = add_family(out, "stalls", "gauge", NULL, "Stalls at this moment, by kind and verdict.");

	for (enum row_type type = 0; type < ROW_TYPES && !err; type++) {
		const struct column *column = column_find("verdict", type);

		for (size_t i = 0; column && column->values && column->values[i] && !err; i++)
			err = text_printf(out, "sockstall_stalls{kind=\"%s\",verdict=\"%s\"} %zu\n",
					  row_type_names[type], column->values[i],
					  stalls_of(metrics, type, column->values[i]));
	}
	return err;
}

static int add_process_stalls(struct buffer *out, const struct metrics *metrics)
{
	int err = add_family(
		out, "process_stalls", "gauge", NULL,
		"Stalls at this moment, by name of the process, kind and verdict; names beyond the worst are other.");

	for (size_t i = 0; i < metrics->stalls.count && !err; i++) {
		const struct stall_count *stall = &metrics->stalls.items[i];

		err = text_add(out, "sockstall_process_stalls{") ?: add_label(out, "comm", stall->comm) ?:
		      text_printf(out, ",kind=\"%s\",verdict=\"%s\"} %zu\n", row_type_names[stall->type], stall->verdict,
				  stall->count);
	}
	return err;
}

static int add_opened(struct buffer *out, const struct metrics *metrics)
{
	int err = add_family(out, "stalls_opened_total", "counter", NULL,
			     "Stalls that have begun to be reported, by kind.");

	for (enum row_type type = 0; type < ROW_TYPES && !err; type++) {
		if (column_find("verdict", type))
			err = text_printf(out, "sockstall_stalls_opened_total{kind=\"%s\"} %" PRIu64 "\n",
					  row_type_names[type], metrics->opened[type]);
	}
	return err;
}

static int add_oldest(struct buffer *out, const struct metrics *metrics)
{
	int err = add_family(out, "oldest_stall_seconds", "gauge", "seconds",
			     "Age of the oldest stall, by kind; 0: nothing is stuck.");

	for (enum row_type type = 0; type < ROW_TYPES && !err; type++) {
		if (column_find("verdict", type))
			err = text_printf(out, "sockstall_oldest_stall_seconds{kind=\"%s\"} ", row_type_names[type]) ?:
			      text_number(out, metrics->oldest_s[type]) ?: text_add(out, "\n");
	}
	return err;
}

/* ---- Listeners ---- */

static const struct listener_family {
	const char *name, *help;
	size_t offset;
} listener_families[] = {
	{"listener_accept_queue", "Complete connections that wait for accept.",
	 offsetof(struct listener_fill, accept_queue)},
	{"listener_accept_queue_limit", "How many the accept queue holds.",
	 offsetof(struct listener_fill, accept_limit)},
	{"listener_syn_queue", "Half-open connections.", offsetof(struct listener_fill, syn_queue)},
	{"listener_syn_queue_limit", "Half-open connections at which SYNs are dropped, or answered with cookies.",
	 offsetof(struct listener_fill, syn_limit)},
};

static int add_listener(struct buffer *out, const struct listener_family *family, const struct listener_fill *fill)
{
	uint64_t value = *(const uint64_t *)((const char *)fill + family->offset);

	return text_printf(out, "sockstall_%s{", family->name) ?: add_label(out, "comm", fill->comm) ?:
	       text_add(out, ",") ?: add_label(out, "address", fill->address) ?:
	       text_printf(out, ",port=\"%u\",netns=\"%" PRIu32 "\"} %" PRIu64 "\n", fill->port, fill->netns, value);
}

static int add_listeners(struct buffer *out, const struct metrics *metrics)
{
	size_t count = metrics->listeners.count;
	size_t listed = count < METRICS_LISTENERS ? count : METRICS_LISTENERS;
	int err = 0;

	for (size_t i = 0; i < COUNT_OF(listener_families) && !err; i++) {
		err = add_family(out, listener_families[i].name, "gauge", NULL, listener_families[i].help);
		for (size_t j = 0; j < listed && !err; j++)
			err = add_listener(out, &listener_families[i], &metrics->listeners.items[j]);
	}
	return err ?: add_family(out, "listeners", "gauge", NULL, "Listening TCP and unix sockets, those with the same labels as one.") ?:
	       text_printf(out, "sockstall_listeners %zu\n", count) ?:
	       add_family(out, "listeners_omitted", "gauge", NULL, "Listening TCP and unix sockets that are not listed: they are emptier than the listed ones.") ?:
	       text_printf(out, "sockstall_listeners_omitted %zu\n", count - listed);
}

/* ---- Services ---- */

static double pending_of(const struct service_state *state)
{
	return (double)state->pending;
}

static double oldest_of(const struct service_state *state)
{
	return state->oldest_s;
}

static double last_answer_of(const struct service_state *state)
{
	return state->last_answer_s;
}

static const struct service_family {
	const char *name, *unit, *help;
	double (*value)(const struct service_state *state); /* NAN: there is none */
} service_families[] = {
	{"service_pending", NULL, "Connections on which the client spoke last, of services that answer.", pending_of},
	{"service_oldest_pending_seconds", "seconds", "How long the oldest of these has waited; 0: there is none.",
	 oldest_of},
	{"service_last_answer_seconds", "seconds", "Since something was sent on any of its connections.",
	 last_answer_of},
};

static int add_service(struct buffer *out, const struct service_family *family, const struct service_state *state)
{
	double value = family->value(state);

	if (isnan(value))
		return 0;
	return text_printf(out, "sockstall_%s{", family->name) ?: add_label(out, "comm", state->comm) ?:
	       text_add(out, ",") ?: add_label(out, "address", state->address) ?:
	       text_printf(out, ",port=\"%u\",netns=\"%" PRIu32 "\"} ", state->port, state->netns) ?:
	       text_number(out, value) ?: text_add(out, "\n");
}

static int add_services(struct buffer *out, const struct metrics *metrics)
{
	size_t count = metrics->services.count;
	size_t listed = count < METRICS_SERVICES ? count : METRICS_SERVICES;
	int err = 0;

	for (size_t i = 0; i < COUNT_OF(service_families) && !err; i++) {
		const struct service_family *family = &service_families[i];

		err = add_family(out, family->name, "gauge", family->unit, family->help);
		for (size_t j = 0; j < listed && !err; j++)
			err = add_service(out, family, &metrics->services.items[j]);
	}
	return err ?: add_family(out, "services", "gauge", NULL, "Addresses and ports on which TCP services listen.") ?:
	       text_printf(out, "sockstall_services %zu\n", count) ?:
	       add_family(out, "services_omitted", "gauge", NULL, "Those that are not listed: clients wait less long for them than for the listed ones.") ?:
	       text_printf(out, "sockstall_services_omitted %zu\n", count - listed);
}

/* ---- Loops ---- */

static int add_bucket(struct buffer *out, const struct lag_histogram *histogram, unsigned int le)
{
	return text_add(out, "sockstall_loop_lag_seconds_bucket{") ?: add_label(out, "comm", histogram->comm) ?:
	       text_add(out, ",le=\"") ?: add_seconds(out, 1ULL << (METRICS_LE_FIRST + le)) ?:
	       text_printf(out, "\"} %" PRIu64 "\n", histogram->below[le]);
}

static int add_total(struct buffer *out, const struct lag_histogram *histogram, const char *what, const char *more)
{
	return text_printf(out, "sockstall_loop_lag_seconds_%s{", what) ?: add_label(out, "comm", histogram->comm) ?:
	       text_printf(out, "%s} ", more);
}

static int add_histogram(struct buffer *out, const struct lag_histogram *histogram)
{
	int err = 0;

	for (unsigned int le = 0; le < METRICS_LES && !err; le++)
		err = add_bucket(out, histogram, le);
	return err ?: add_total(out, histogram, "bucket", ",le=\"+Inf\"") ?:
	       text_printf(out, "%" PRIu64 "\n", histogram->count) ?: add_total(out, histogram, "sum", "") ?:
	       add_seconds(out, histogram->lag_ns) ?: text_add(out, "\n") ?: add_total(out, histogram, "count", "") ?:
	       text_printf(out, "%" PRIu64 "\n", histogram->count);
}

static int add_lags(struct buffer *out, const struct metrics *metrics)
{
	int err = add_family(
		out, "loop_lag_seconds", "histogram", "seconds",
		"Time that event loops spent from a return of their wait to the next, by name of the process.");

	for (size_t i = 0; i < metrics->lag_count && !err; i++)
		err = add_histogram(out, &metrics->lags[i]);
	return err;
}

/* ---- sockstall itself ---- */

static int add_lost(struct buffer *out, const struct metrics *metrics)
{
	int err = add_family(out, "lost_total", "counter", NULL, "Things that could not be seen or kept, by kind.");

	for (size_t i = 0; i < metrics->lost_count && !err; i++)
		err = text_add(out, "sockstall_lost_total{") ?: add_label(out, "what", metrics->lost[i].where) ?:
		      text_printf(out, "} %" PRIu64 "\n", metrics->lost[i].count);
	return err;
}

static int add_info(struct buffer *out, const struct metrics *metrics)
{
	return add_family(out, "info", "gauge", NULL, "Which sockstall this is, and on which kernel.") ?:
	       text_add(out, "sockstall_info{") ?: add_label(out, "version", metrics->version) ?: text_add(out, ",") ?:
	       add_label(out, "kernel", metrics->kernel) ?: text_add(out, "} 1\n");
}

static int add_number(struct buffer *out, const char *name, const char *type, const char *unit, const char *help,
		      double value)
{
	return add_family(out, name, type, unit, help) ?: text_printf(out, "sockstall_%s ", name) ?:
	       text_number(out, value) ?: text_add(out, "\n");
}

static int add_own_cost(struct buffer *out, const struct metrics *metrics)
{
	return add_number(out, "looks_total", "counter", NULL, "Looks taken.", (double)metrics->looks) ?:
	       add_number(out, "last_look_timestamp_seconds", "gauge", "seconds",
			  "When the last look was taken. If this is old, so is everything else here.",
			  (double)metrics->time_ns / 1e9) ?:
	       add_number(out, "interval_seconds", "gauge", "seconds", "Time between looks, as it is in force.",
			  (double)metrics->interval_ns / 1e9) ?:
	       add_number(out, "cpu_seconds_total", "counter", "seconds", "CPU time that sockstall has used.",
			  metrics->cpu_s) ?:
	       add_number(out, "resident_memory_bytes", "gauge", "bytes", "Memory that sockstall holds.",
			  (double)metrics->memory_bytes);
}

int metrics_text(struct buffer *out, const struct metrics *metrics)
{
	return add_info(out, metrics) ?: add_stalls(out, metrics) ?: add_process_stalls(out, metrics) ?:
	       add_opened(out, metrics) ?: add_oldest(out, metrics) ?: add_listeners(out, metrics) ?:
	       add_services(out, metrics) ?: add_lags(out, metrics) ?: add_lost(out, metrics) ?: add_own_cost(out, metrics);
}
