/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/service_cause.h"

#include "base/sorted.h"

/* The threads of one process, which stand together. */
struct threads {
	const struct thread_view *items;
	size_t count;
};

static struct threads threads_of(const struct look *look, const struct owner_record *owner)
{
	size_t first = LOWER_BOUND(look->threads.count, at, look->threads.items[at].thread->pid < owner->pid);
	struct threads threads = {.items = look->threads.items + first};

	while (first + threads.count < look->threads.count && threads.items[threads.count].thread->pid == owner->pid &&
	       threads.items[threads.count].thread->process_start_ns == owner->process_start_ns)
		threads.count++;
	return threads;
}

static size_t count_flag(const struct threads *threads, __u32 flag)
{
	size_t i, count = 0;

	for (i = 0; i < threads->count; i++)
		count += !!(threads->items[i].thread->flags & flag);
	return count;
}

static void set(struct service_evidence *evidence, enum service_cause cause, bool certain, const char *doing)
{
	evidence->cause = cause;
	evidence->certain = certain;
	evidence->doing = doing;
}

void service_cause_find(struct service_evidence *evidence, struct report *report, const struct look *look,
			const struct look *previous, const struct scope *scope, const struct owner_record *owner)
{
	struct threads threads = threads_of(look, owner);

	(void)previous;
	(void)scope;
	if (count_flag(&threads, THREAD_STOPPED))
		set(evidence, CAUSE_STOPPED, true,
		    arena_printf(&report->arena, "%s is stopped by a signal or a debugger", evidence->owner));
	else if (count_flag(&threads, THREAD_FROZEN))
		set(evidence, CAUSE_FROZEN, true,
		    arena_printf(&report->arena, "%s is frozen with its control group", evidence->owner));
}
