/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/service_row.h"

#include <errno.h>
#include <math.h>

#include "base/sorted.h"
#include "look/unix_path.h"
#include "options/filter.h"
#include "reports/fill.h"
#include "system/address.h"

static double rate(const struct service_record *record, __u32 count)
{
	if (!record->previous_ns || record->seen_ns <= record->previous_ns)
		return NAN;
	return count / fill_seconds(record->seen_ns - record->previous_ns);
}

/* Nobody awaits an answer of a service that never sends anything (a log). */
static bool answers(const struct service_record *record)
{
	return record->answered_ns || !record->asked;
}

static void fill_queues(struct row *row, const struct service *service)
{
	row->service.accept_queue = service->accept_queue;
	row->service.accept_queue_max = service->accept_queue_max;
	if (!service->unix_one)
		row->service.syn_queue = (int64_t)service->syn_queue;
	if (!isnan(service->drops_s))
		row->service.drops_per_s = (double)service->drops / service->drops_s;
}

static void fill_counts(struct row *row, const struct service_record *record, __u64 now_ns)
{
	row->service.connections = record->connections;
	if (answers(record)) {
		row->service.pending = record->pending;
		row->service.oldest_pending_s = fill_since(now_ns, record->oldest_pending_ns);
	}
	row->service.last_answer_s = fill_since(now_ns, record->answered_ns);
	row->service.answers_per_s = rate(record, record->sent);
	row->service.requests_per_s = rate(record, record->began);
}

/* The longest lag of the loops of a process in the last interval. */
static double lag_of(const struct look *look, __u32 pid)
{
	size_t i = LOWER_BOUND(look->threads.count, at, look->threads.items[at].thread->pid < pid), j;
	__u64 longest = 0;

	for (; i < look->threads.count && look->threads.items[i].thread->pid == pid; i++)
		for (j = 0; j < look->threads.items[i].loop_count; j++)
			if (look->threads.items[i].loops[j].lag_max_ns > longest)
				longest = look->threads.items[i].loops[j].lag_max_ns;
	return longest ? fill_seconds(longest) : NAN;
}

static void fill_cause(struct row *row, const struct service_evidence *evidence)
{
	row->service.cause = service_cause_names[evidence->cause];
	if (!evidence->awaits.count)
		return;
	row->service.awaits = (int64_t)evidence->awaits.count;
	row->service.awaits_addr = evidence->awaits.addr;
	row->service.awaits_port = evidence->awaits.port;
	row->service.awaits_oldest_s = fill_since(evidence->now_ns, evidence->awaits.oldest_ns);
}

static void fill_owner(struct row *row, struct report *report, const struct look *look,
		       const struct owner_record *owner)
{
	if (!owner)
		return;
	fill_process(row, report, look, owner->pid, owner->comm);
	row->process_start_ns = owner->process_start_ns;
	row->service.lag_max_s = lag_of(look, owner->pid);
}

static unsigned int fits_of(const struct look *look, const struct scope *scope, const struct socket_name *name,
			    const struct owner_record *owner)
{
	unsigned int fits = filter_holders_of(&scope->selection, look, name->cookie);

	return owner ? fits | filter_process(&scope->selection, look, owner->pid, owner->comm) : fits;
}

/* Names of unix sockets are hostile text: the kernel's number of the socket stands for one. */
static const char *say_id(struct arena *arena, const struct service *service)
{
	const struct socket_name *name = service->name;

	if (service->unix_one)
		return arena_printf(arena, "service-%u-unix-%llx", name->netns, name->cookie);
	return arena_printf(arena, "service-%u-%s", name->netns, say_local(arena, name));
}

int service_row_add(struct report *report, const struct look *look, const struct scope *scope,
		    const struct service *service, const struct owner_record *owner,
		    const struct service_evidence *evidence)
{
	const struct service_rule *rule = service_verdict(evidence);
	struct arena *arena = &report->arena;
	const struct socket_name *name = service->name;
	struct row *row = report_add(report, look, ROW_SERVICE);

	if (!row)
		return -ENOMEM;
	fill_socket(row, report, name);
	row->peer_addr = NULL;
	row->peer_port = NOT_KNOWN;
	fill_owner(row, report, look, owner);
	row->path = service->unix_one ? unix_path(arena, service->unix_one) : NULL;
	row->fits = fits_of(look, scope, name, owner);
	fill_queues(row, service);
	if (service->record)
		fill_counts(row, service->record, evidence->now_ns);
	row->stuck = severity_is_stuck(rule->severity);
	row->verdict = rule->verdict->name;
	row->severity = rule->severity;
	row->why = rule->why(arena, evidence);
	if (!row->stuck)
		return 0;
	fill_age(row, look, evidence->now_ns, rule->since(evidence));
	fill_cause(row, evidence);
	row->recurs = true;
	row->id = say_id(arena, service);
	row->advice = rule->advice(arena, evidence);
	return 0;
}
