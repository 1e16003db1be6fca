/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Reports: pure functions from looks to rows. No syscalls, no clock, no /proc here. Each kind is one file of this
 * folder and stands in reports[].
 */
#ifndef SOCKSTALL_REPORTS_REPORTS_H
#define SOCKSTALL_REPORTS_REPORTS_H

#include "options/options.h"
#include "rows/report.h"

/*
 * One kind of report. `previous` is the look before, or NULL at the first. Returns 0 or -ENOMEM.
 * A new report is one file, one line in `reports` and its columns.
 */
struct report_kind {
	const char *name;
	unsigned int commands; /* bits by enum command that show it */
	int (*run)(struct report *report, const struct look *look, const struct look *previous,
		   const struct scope *scope);
	/*
	 * The same for several hosts at once: NULL: each is run by itself. It leaves out looks for which it is not
	 * wanted.
	 */
	int (*run_on_hosts)(struct report *report, const struct looks *looks, const struct scope *scope);
	/*
	 * How a stall of this kind ended, where the look that has it no more tells: a sentence in the
	 * arena or constant; else NULL. May itself be NULL.
	 */
	const char *(*why_closed)(struct arena *arena, const struct row *row, const struct look *look);
};

extern const struct report_kind *const reports[];
extern const size_t report_count;

/* Whether this look is to have reports of this kind. */
bool report_is_wanted(const struct report_kind *kind, const struct look *look, const struct scope *scope);

/* Asks the kinds how a stall ended; NULL where none can tell. */
const char *report_why_closed(struct arena *arena, const struct row *row, const struct look *look);

/*
 * Keeps the rows from `first` on that match the filters, and without --all only those that are stuck (threads are
 * always kept). Sorts them, the worst first.
 */
void report_select(struct report *report, size_t first, const struct scope *scope);

/* Fills in the command lines that a look has by now. */
void report_titles(struct report *report, size_t first, const struct look *look);

/*
 * Runs all reports of scope->command and what is wanted beside, and selects from the rows that they add. Returns 0 or
 * -ENOMEM.
 */
int report_run(struct report *report, const struct look *look, const struct look *previous, const struct scope *scope);

/* The same for the looks of several hosts: ids begin with the name of their host. */
int report_run_all(struct report *report, const struct looks *looks, const struct scope *scope);

/*
 * Whether something in a look without chains is stuck that may be part of one, whatever the filters: 1, 0, or -ENOMEM.
 * report_run() makes chains of the overview's looks that have them.
 */
int report_may_have_chains(const struct look *look, const struct look *previous, const struct scope *scope);

extern const struct report_kind report_handshakes;
extern const struct report_kind report_readers;
extern const struct report_kind report_held;
extern const struct report_kind report_loops;
extern const struct report_kind report_writers;
extern const struct report_kind report_closing;
extern const struct report_kind report_chains;
extern const struct report_kind report_threads;
extern const struct report_kind report_watches;
extern const struct report_kind report_processes;
extern const struct report_kind report_services;
extern const struct report_kind report_locks;

#endif
