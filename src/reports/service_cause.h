/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Finds what keeps the process of a service from answering, as far as the look shows it. Pure. */
#ifndef SOCKSTALL_REPORTS_SERVICE_CAUSE_H
#define SOCKSTALL_REPORTS_SERVICE_CAUSE_H

#include "look/far_ends.h"
#include "look/look.h"
#include "options/options.h"
#include "rows/report.h"
#include "rules/service.h"

/* What all services of a report have in common. */
struct service_scene {
	struct report *report;
	const struct look *look, *previous;
	const struct scope *scope;
	struct far_ends ends;
};

/* Writes cause, doing, certain and awaits into the evidence, from the threads and connections of this process. */
void service_cause_find(struct service_evidence *evidence, const struct service_scene *scene,
			const struct owner_record *owner);

#endif
