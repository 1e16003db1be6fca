/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Metrics of services, from the look itself: reports have rows only of those that do not answer. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "look/owners.h"
#include "options/filter.h"
#include "output/metrics/metrics.h"
#include "output/short_name.h"
#include "system/address.h"

static bool is_wanted(const struct metrics *metrics, const struct look *look, const struct socket_name *name)
{
	const struct selection *selection = metrics->selection;

	return filter_is_met(selection,
			     filter_socket(selection, look, name) | filter_holders_of(selection, look, name->cookie));
}

static double seconds_since(const struct service_record *service, __u64 then_ns)
{
	return then_ns && then_ns < service->seen_ns ? (double)(service->seen_ns - then_ns) / 1e9 : 0;
}

static void fill(struct service_state *state, const struct look *look, const struct service_record *service)
{
	const struct owner_record *owner = owners_main(look, service->name.cookie);
	struct arena arena = {0};

	*state = (struct service_state){
		.port = service->name.local_port, .netns = service->name.netns, .last_answer_s = NAN};
	snprintf(state->address, sizeof(state->address), "%s", say_address(&arena, service->name.local_addr));
	short_name(state->comm, owner ? look_comm(&arena, owner->comm) : "");
	arena_free(&arena);
	/* Nobody awaits an answer of a service that never sends anything (a log). */
	if (!service->answered_ns)
		return;
	state->pending = service->pending;
	state->oldest_s = seconds_since(service, service->oldest_pending_ns);
	state->last_answer_s = seconds_since(service, service->answered_ns);
}

/* First the one that lets somebody wait for longest; of those that nobody waits for always the same. */
static int compare(const void *left, const void *right)
{
	const struct service_state *a = left, *b = right;
	int order = COMPARE(b->oldest_s, a->oldest_s);

	if (!order)
		order = COMPARE(a->netns, b->netns);
	if (!order)
		order = COMPARE(a->port, b->port);
	return order ? order : strcmp(a->address, b->address);
}

int metrics_services(struct metrics *metrics, const struct look *look)
{
	size_t count = 0;

	free(metrics->services.items);
	metrics->services.count = 0;
	metrics->services.items = calloc(look->services.count + 1, sizeof(*metrics->services.items));
	if (!metrics->services.items)
		return -ENOMEM;
	for (size_t i = 0; i < look->services.count; i++)
		if (is_wanted(metrics, look, &look->services.items[i]->name))
			fill(&metrics->services.items[count++], look, look->services.items[i]);
	metrics->services.count = count;
	qsort(metrics->services.items, count, sizeof(*metrics->services.items), compare);
	return 0;
}
