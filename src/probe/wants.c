/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The parts of a look beyond those that the command asks for: see probe.h. */
#include "probe/internal.h"

/* Looks of the overview, of which one at least has chains while something is stuck. */
#define CAUSES_EVERY 10

void probe_chains_set(struct probe *probe, bool on)
{
	probe->use_chains = on;
	probe->attached.skeleton->bss->chains_on = on;
}

/* Where they are dear, or are recorded, every tenth look has them. */
static bool causes_are_due(const struct probe *probe)
{
	return !probe->causes.no_room &&
	       (probe->causes.looks_ago >= CAUSES_EVERY - 1 || (!probe->is_recorded && !budget_wait(&probe->budget)));
}

void probe_want(struct probe *probe, const struct wants *wants)
{
	probe->wants.chains = wants->chains;
	probe_chains_set(probe, probe->always_chains || wants->chains || (wants->causes && causes_are_due(probe)));
	if (!probe->scope.interactive)
		return;
	probe->wants = *wants;
	probe->scope.all = probe->always_all || wants->all;
	probe->show_services = probe->always_services || wants->services;
	probe->attached.skeleton->bss->requested_pid = wants->threads_of;
}

void probe_follow(struct probe *probe, int (*may_have)(void *context, const struct look *look), void *context)
{
	probe->causes = (struct probe_causes){.may_have = may_have, .context = context};
}
