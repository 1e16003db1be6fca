/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/sorted.h"
#include "options/filter.h"
#include "reports/causes.h"
#include "reports/fill.h"
#include "reports/peer_names.h"
#include "reports/reports.h"
#include "reports/waits/far_names.h"
#include "rows/report.h"
#include "rules/say_commands.h"
#include "rules/say_names.h"
#include "rules/severity.h"

const struct report_kind *const reports[] = {
	&report_handshakes, &report_readers, &report_held,    &report_loops,	 &report_writers,  &report_closing,
	&report_chains,	    &report_threads, &report_watches, &report_processes, &report_services, &report_locks,
};
const size_t report_count = COUNT_OF(reports);

const char *report_why_closed(struct arena *arena, const struct row *row, const struct look *look)
{
	const char *why;
	size_t i;

	for (i = 0; i < report_count; i++) {
		why = reports[i]->why_closed ? reports[i]->why_closed(arena, row, look) : NULL;
		if (why)
			return why;
	}
	return NULL;
}

static bool is_shown(const struct scope *scope, const struct row *row)
{
	bool normal_too = scope->all || (row->type == ROW_LOOP && scope->healthy_loops) ||
			  (row->type == ROW_SERVICE && (scope->healthy_services || scope->command == COMMAND_SERVICES));

	if (row_is_finding(row->type) && !row->stuck && !normal_too)
		return false;
	return filter_matches(&scope->selection, row);
}

static void drop_others(struct report *report, size_t first, const struct scope *scope)
{
	size_t i, kept = first;

	for (i = first; i < report->count; i++) {
		if (!is_shown(scope, &report->rows[i]))
			continue;
		if (kept != i)
			report->rows[kept] = report->rows[i];
		kept++;
	}
	report->count = kept;
}

void report_select(struct report *report, size_t first, const struct scope *scope)
{
	drop_others(report, first, scope);
	report_sort(report, first);
}

bool report_is_wanted(const struct report_kind *kind, const struct look *look, const struct scope *scope)
{
	bool beside = kind == &report_chains && scope->command == COMMAND_OVERVIEW && look->head->has_chains;

	return beside || kind->commands & 1u << scope->command;
}

/* Rows outlive the look: the name is copied. */
static void name_namespaces(struct report *report, size_t first, const struct look *look)
{
	size_t i;

	for (i = first; i < report->count; i++) {
		struct row *row = &report->rows[i];
		const char *name;

		if (row->host_at != look->host_at || row->netns == NOT_KNOWN || row->netns_name)
			continue;
		name = look_netns_name(look, (__u32)row->netns);
		if (name)
			row->netns_name = arena_printf(&report->arena, "%s", name);
	}
}

/* How many are known to wait for the end of the finding, beside the thread or process that the row is about. */
static uint64_t waiters_of(const struct row *row)
{
	int64_t waiters = row->type == ROW_CHAIN      ? row->chain.waiters
			  : row->type == ROW_LOCK     ? row->lock.waiters - 1
			  : row->type == ROW_LISTENER ? row->listener.accept_queue
						      : NOT_KNOWN;

	return waiters > 0 ? (uint64_t)waiters : 0;
}

static void weigh(struct report *report, size_t first)
{
	for (size_t i = first; i < report->count; i++) {
		struct row *row = &report->rows[i];

		if (row_is_finding(row->type))
			row->severity = severity_weighed((enum severity)row->severity, waiters_of(row), row->age_s);
	}
}

/* Whether its own process is to be mended. Where a client waits, that is the other end. */
static bool is_about_process(const struct row *row)
{
	return row_is_handshake_of(row, "server") || row->type == ROW_CHAIN || row->type == ROW_LISTENER ||
	       row->type == ROW_LOOP || row->type == ROW_CLOSING || row->type == ROW_SERVICE;
}

/* Where else to look, by what people call it; and its commands by themselves. */
static void complete_advice(struct report *report, size_t first)
{
	for (size_t i = first; i < report->count; i++) {
		struct row *row = &report->rows[i];
		/* A container's unit may be that of what runs all containers. */
		const struct names names = {row->cgroup, row->container ? NULL : row->unit, row->pod, row->namespace,
					    row->container_name};
		const char *commands = NULL;

		if (row->stuck && row->advice && is_about_process(row))
			commands = say_names(&report->arena, &names);
		row->commands = say_commands(&report->arena, row->advice);
		row->commands = say_commands_and(&report->arena, row->commands, commands);
		if (commands)
			row->advice = arena_printf(&report->arena, "%s; see also %s", row->advice, commands);
	}
}

void report_titles(struct report *report, size_t first, const struct look *look)
{
	size_t i;

	for (i = first; i < report->count; i++) {
		if (report->rows[i].host_at != look->host_at)
			continue;
		fill_title(&report->rows[i], report, look);
		fill_code(&report->rows[i], report, look);
	}
}

/* `together`: what is run on several hosts at once is left out. */
static int run_reports(struct report *report, const struct look_step *step, const struct scope *scope, bool together)
{
	int err = 0;

	for (size_t i = 0; i < report_count && !err; i++)
		if (report_is_wanted(reports[i], step->look, scope) && !(together && reports[i]->run_on_hosts))
			err = reports[i]->run(report, step->look, step->previous, scope);
	if (!err && report_is_wanted(&report_chains, step->look, scope))
		err = report_note_chains(report, step->look->host_at);
	return err;
}

/* What is found of one host is told from what is found of another by its id, too. */
static void name_hosts(struct report *report, size_t first)
{
	for (size_t i = first; i < report->count; i++) {
		struct row *row = &report->rows[i];

		/* A chain has it from the beginning: the waits that lead to it name it. */
		if (!row->with_others || !row->id || row->type == ROW_CHAIN)
			continue;
		row->id = report_id(report, row->host, row->id);
		if (row->cause)
			row->cause = report_id(report, row->host, row->cause);
	}
}

static void mark_old(struct report *report, size_t first, const struct looks *looks)
{
	for (size_t i = first; i < report->count; i++)
		report->rows[i].is_old = looks->items[report->rows[i].host_at].is_old;
}

static int complete_rows(struct report *report, size_t first, const struct look *look, const struct scope *scope)
{
	name_namespaces(report, first, look);
	report_titles(report, first, look);
	return peer_names_fill(report, first, look, scope->hosts);
}

static int run_all(struct report *report, const struct looks *looks, const struct scope *scope)
{
	int err = 0;

	for (size_t i = 0; i < looks->count && !err; i++)
		if (looks->items[i].look)
			err = run_reports(report, &looks->items[i], scope, looks->count > 1);
	for (size_t i = 0; i < report_count && looks->count > 1 && !err; i++)
		if (reports[i]->run_on_hosts)
			err = reports[i]->run_on_hosts(report, looks, scope);
	return err;
}

static int complete_all(struct report *report, size_t first, const struct looks *looks, const struct scope *scope)
{
	int err = 0;

	for (size_t i = 0; i < looks->count && !err; i++)
		if (looks->items[i].look)
			err = complete_rows(report, first, looks->items[i].look, scope);
	return err;
}

int report_run_all(struct report *report, const struct looks *looks, const struct scope *scope)
{
	size_t first = report->count;
	int err = run_all(report, looks, scope);

	if (err)
		return err;
	for (size_t i = 0; i < looks->count; i++)
		if (looks->items[i].look && scope->selection.netns_name_count)
			name_namespaces(report, first, looks->items[i].look);
	mark_old(report, first, looks);
	weigh(report, first);
	name_hosts(report, first);
	report_select(report, first, scope);
	err = complete_all(report, first, looks, scope) ?: far_names_fill(report, first, looks);
	complete_advice(report, first);
	return err ? err : causes_find(report, first);
}

int report_run(struct report *report, const struct look *look, const struct look *previous, const struct scope *scope)
{
	const struct look_step step = {.look = look, .previous = previous};
	const struct looks looks = {&step, 1};

	return report_run_all(report, &looks, scope);
}

int report_may_have_chains(const struct look *look, const struct look *previous, const struct scope *scope)
{
	struct scope unfiltered = *scope;
	struct report report = {0};
	int err = 0, found = 0;
	size_t i;

	unfiltered.selection = (struct selection){0};
	for (i = 0; i < report_count && !err; i++)
		if (reports[i] != &report_chains && report_is_wanted(reports[i], look, scope))
			err = reports[i]->run(&report, look, previous, &unfiltered);
	for (i = 0; i < report.count && !err && !found; i++)
		found = row_may_have_chain(&report.rows[i]);
	report_free(&report);
	return err ? err : found;
}
