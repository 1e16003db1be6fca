/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The waits of one look, and whether the process at the end of a chain of them is at fault. Pure. */
#ifndef SOCKSTALL_REPORTS_CHAIN_CASE_H
#define SOCKSTALL_REPORTS_CHAIN_CASE_H

#include "options/options.h"
#include "reports/waits/asked.h"
#include "reports/waits/path.h"
#include "rows/report.h"
#include "rules/chain.h"

struct chain_scene {
	struct report *report;
	const struct look *look, *previous; /* previous: or NULL */
	const struct scope *scope;
	struct waits waits;
	struct chain_asked asked;
	struct chain_path *paths; /* by wait */
	size_t *order; /* of the waits: those with one end stand together, the longest path first */
};

/* Fills waits and asked from the look; paths and order are for the caller to fill. Returns 0 or -ENOMEM. */
int chain_collect(struct chain_scene *scene);
void chain_free(struct chain_scene *scene);

/* The facts that the verdict on the chain from this wait uses. */
struct chain_evidence chain_facts(const struct chain_scene *scene, size_t from);

/* Whether that chain is to be reported: something is due at its end. */
bool chain_is_finding(const struct chain_scene *scene, size_t from);

#endif
