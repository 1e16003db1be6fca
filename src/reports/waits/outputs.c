/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Threads of a process with several that read from a pipe. Most collect what a child writes for as long as it lives:
 * nobody else waits for them. One that serves a request may run a program for that. Then the program is younger than
 * the request.
 */
#include "reports/waits/outputs.h"

#include <errno.h>
#include <stdlib.h>

static __u64 boottime_of(const struct look_record *head, __u64 when_ns)
{
	return when_ns < head->seen_ns ? head->boottime_ns - (head->seen_ns - when_ns) : head->boottime_ns;
}

bool wait_is_for_output(const struct waits *waits, const struct wait *wait)
{
	return wait->socket->name.kind == SOCKET_KIND_PIPE && wait->view &&
	       wait->view->thread->syscall_kind == SYSCALL_READS &&
	       !processes_has_one_thread(&waits->processes, wait->pid);
}

bool wait_is_output_since(const struct waits *waits, const struct wait *wait, __u64 asked_ns)
{
	return asked_ns && wait_is_for_output(waits, wait) && wait->found == FOUND_PROCESS &&
	       wait->peer_start_ns >= boottime_of(waits->look->head, asked_ns);
}

int waits_index_outputs(struct waits *waits)
{
	waits->outputs = calloc(waits->count + 1, sizeof(*waits->outputs));
	if (!waits->outputs)
		return -ENOMEM;
	for (size_t i = 0; i < waits->count; i++)
		if (wait_is_for_output(waits, &waits->items[i]))
			waits->outputs[waits->output_count++] = i;
	return 0;
}

/* The places that waits have once those are gone that are awaited by nobody and for output. Returns how many stay. */
static size_t find_places(const struct waits *waits, size_t *places)
{
	size_t i, next, kept = 0;

	for (i = 0; i < waits->count; i++)
		places[i] = wait_is_for_output(waits, &waits->items[i]) ? WAITS_NONE : 0;
	for (i = 0; i < waits->count; i++) {
		next = waits->items[i].next;
		if (next != WAITS_NONE)
			places[next] = 0;
	}
	for (i = 0; i < waits->count; i++)
		if (places[i] != WAITS_NONE)
			places[i] = kept++;
	return kept;
}

int waits_drop_collectors(struct waits *waits)
{
	size_t *places = calloc(waits->count + 1, sizeof(*places)), i, count;

	if (!places)
		return -ENOMEM;
	count = find_places(waits, places);
	for (i = 0; i < waits->count; i++) {
		struct wait *wait = &waits->items[i];

		if (places[i] == WAITS_NONE)
			continue;
		if (wait->next != WAITS_NONE)
			wait->next = places[wait->next];
		waits->items[places[i]] = *wait;
	}
	waits->count = count;
	free(places);
	return 0;
}
