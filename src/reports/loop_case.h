/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* One thread as an event loop: the evidence for the rules about loops. Pure. */
#ifndef SOCKSTALL_REPORTS_LOOP_CASE_H
#define SOCKSTALL_REPORTS_LOOP_CASE_H

#include <stdbool.h>

#include "look/look.h"
#include "options/options.h"
#include "rows/report.h"
#include "rules/loop.h"

/* One thread on its way into the report. */
struct loop_case {
	struct report *report;
	const struct look *look;
	size_t at; /* in look->threads */
	const struct thread_view *view;
	const struct thread_record *thread;
	const struct loop_record *loop; /* of the interface that this is about; NULL: no wait was seen */
	__u64 start_ns; /* of the interval; 0: not known */
	__u64 since_ns; /* in its wait, or outside of it; 0: not known */
	const char *now, *now_in;
	const struct usage_record *usage; /* of its process; NULL: not known */
	struct loop_evidence evidence;
};

/* Asleep in a system call of this kind, and not frozen. */
bool is_asleep_in(const struct thread_record *thread, enum syscall_kind kind);

/*
 * Finds the evidence. `report`, `look`, `at`, `view`, `thread` and `loop` are set. False: the thread is no loop of this
 * interface.
 */
bool loop_case_find(struct loop_case *one, const struct look *previous, const struct scope *scope);

/* The row of it. Returns 0 or -ENOMEM. */
int loop_row_add(struct loop_case *one, const struct scope *scope, const struct loop_rule *rule);

#endif
