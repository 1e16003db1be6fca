/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/loop.h"

#include "base/array.h"
#include "base/clock.h"
#include "look/loop_rates.h"
#include "look/watch_facts.h"
#include "rules/loop_words.h"
#include "rules/verdicts.h"

/* Spinning: this often, for nothing, without sleeping, and without much work between. */
#define SPIN_WAITS	 100
#define SPIN_WAITS_PER_S 1000
#define SPIN_EMPTY	 95 /* percent */
#define SPIN_WAIT_NS	 50000
#define SPIN_IN_WAIT	 5 /* percent of the time */

/*
 * Of an event: each wait returns one, hardly one sleeps, and nothing is read or written, as looks this far apart found.
 */
#define SPIN_SELDOM	      1 /* percent of the waits */
#define SPIN_IN_WAIT_OF_EVENT 2 /* percent of the time */
#define SPIN_SEEN_NS	      (NS_PER_S * 9 / 10)

/* near_limit: percent of the limit. */
#define NEAR_LIMIT 90

#define SATURATED_WAITS 10
#define SATURATED_FULL	99 /* percent */

/*
 * A stall from before the start has no history: it has to be as plain as this. Looks this far apart found the same.
 */
#define UNSEEN_MIN_AGE_NS NS_PER_S
#define UNSEEN_SEEN_NS	  (NS_PER_S * 9 / 10)

/* Events that several workers share and leave unread are not one worker's fault; any of them may be about to come. */
#define SHARED_MIN_AGE_NS NS_PER_S

/*
 * Unread for this long: where other threads could still come to it, much longer. And looks this far apart found the
 * same bytes.
 */
#define MISSED_MIN_AGE_NS	 NS_PER_S
#define MISSED_MIN_AGE_SHARED_NS (10 * NS_PER_S)
#define MISSED_SEEN_NS		 (NS_PER_S * 9 / 10)

/* ---- Evidence ---- */

static bool has_one_connection(const struct loop_evidence *evidence)
{
	const struct instance_record *instance = evidence->watches.instance;

	if (evidence->loop->interface == LOOP_POLL)
		return evidence->loop->one_connection;
	return instance && instance->flags & INSTANCE_ONE_CONNECTION && !(instance->flags & INSTANCE_UNREAD);
}

static bool is_in_read(const struct loop_evidence *evidence)
{
	return evidence->socket && evidence->thread->flags & THREAD_SLEEPING &&
	       !(evidence->thread->flags & THREAD_FROZEN) && evidence->thread->syscall_kind == SYSCALL_READS;
}

/*
 * A loop that watches a single connection (a database backend) and is not waiting is working on that client's request.
 * Only that client is affected, so it is not stalled. With epoll we can see unread data there; then somebody waits. A
 * blocking read of another connection is not such work.
 */
bool loop_serves_one(const struct loop_evidence *evidence)
{
	return evidence->loop && !evidence->waiting && !evidence->abandoned && !evidence->has_runtime &&
	       has_one_connection(evidence) &&
	       !(is_in_read(evidence) && evidence->socket->name.kind == SOCKET_KIND_TCP);
}

/*
 * A worker that shares all that it watches (mostly a listener) is away to serve what it took, and others are there for
 * the next. An event that nobody takes for a while is late all the same.
 */
bool loop_shares_all(const struct loop_evidence *evidence)
{
	const struct instance_record *instance = evidence->watches.instance;

	return evidence->loop && !evidence->waiting && !evidence->abandoned && instance &&
	       instance->flags & INSTANCE_SHARED &&
	       (!(instance->flags & INSTANCE_UNREAD) || evidence->outside_ns < SHARED_MIN_AGE_NS);
}

/* It used to come back often, and has not come back. */
static bool does_not_come_back(const struct loop_evidence *evidence)
{
	return evidence->loop && !evidence->waiting && !evidence->abandoned && evidence->loop->returned_ns &&
	       loop_was_looping(evidence->loop) && evidence->outside_ns >= evidence->min_age_ns &&
	       !evidence->taken_over && !evidence->waits_elsewhere && !evidence->ended && !loop_serves_one(evidence) &&
	       !loop_shares_all(evidence);
}

static __u64 unseen_min_age(const struct loop_evidence *evidence)
{
	return evidence->min_age_ns > UNSEEN_MIN_AGE_NS ? evidence->min_age_ns : UNSEEN_MIN_AGE_NS;
}

/*
 * No wait was ever seen, or too few: that its events lie there and nobody else could fetch them has to do. Two looks
 * say that for certain, whatever the thread does. One look says it of a thread that sleeps where no event wakes it.
 */
static bool leaves_events(const struct loop_evidence *evidence)
{
	if (evidence->waiting || evidence->unserved_fd < 0)
		return false;
	if (evidence->loop && !evidence->abandoned && loop_was_looping(evidence->loop))
		return false;
	if (evidence->unserved_ns)
		return evidence->unserved_ns >= UNSEEN_SEEN_NS && evidence->outside_ns >= evidence->min_age_ns;
	return evidence->thread->flags & (THREAD_SLEEPING | THREAD_STOPPED) &&
	       evidence->outside_ns >= unseen_min_age(evidence);
}

static bool is_reading_seen(const struct loop_evidence *evidence)
{
	return does_not_come_back(evidence) && is_in_read(evidence);
}

static bool is_reading_unseen(const struct loop_evidence *evidence)
{
	return leaves_events(evidence) && is_in_read(evidence);
}

/* A scheduler that has work looks for events in passing, and often: most of its time goes by between the waits. */
static bool works_between(const struct loop_rates *rates, __u64 percent_in_wait)
{
	__u64 in_wait_ns = rates->in_wait_ns - rates->wait_runqueue_ns;

	return in_wait_ns * 100 < (in_wait_ns + rates->lag_ns - rates->lag_runqueue_ns) * percent_in_wait;
}

static bool waits_fast(const struct loop_rates *rates)
{
	return rates->interval_ns && rates->waits >= SPIN_WAITS &&
	       rates->waits * NS_PER_S >= SPIN_WAITS_PER_S * rates->interval_ns && rates->mean_wait_ns < SPIN_WAIT_NS;
}

static bool is_spinning(const struct loop_evidence *evidence)
{
	const struct loop_rates *rates = &evidence->rates;

	return waits_fast(rates) && rates->empty * 100 >= rates->waits * SPIN_EMPTY &&
	       !works_between(rates, SPIN_IN_WAIT);
}

/* Against the waits of the same time; ~0 is not known. */
static bool is_seldom(__u64 count, __u64 ns, const struct loop_rates *rates)
{
	return count != ~0ULL &&
	       (double)count * 100 / (double)ns <= (double)rates->waits * SPIN_SELDOM / (double)rates->interval_ns;
}

/* For long enough nothing came or went on what it watches, and it did not read, write or sleep. */
static bool is_still(const struct loop_evidence *evidence)
{
	const struct instance_record *instance = evidence->watches.instance;
	__u64 ns = instance->seen_ns - instance->still_since_ns;

	return instance->still_since_ns && instance->still_tid == evidence->thread->tid && ns >= SPIN_SEEN_NS &&
	       is_seldom(instance->still_io_calls, ns, &evidence->rates) &&
	       is_seldom(instance->still_sleeps, ns, &evidence->rates);
}

/* Consuming an event leaves a trace: a read, bytes of a connection, or time. */
static bool spins_on_event(const struct loop_evidence *evidence)
{
	const struct loop_rates *rates = &evidence->rates;
	const struct watch_view *ready = evidence->watches.ready;

	return waits_fast(rates) && rates->empty * 100 <= rates->waits * SPIN_SELDOM &&
	       !works_between(rates, SPIN_IN_WAIT_OF_EVENT) && ready && watch_repeats(ready->watch, ready->socket) &&
	       is_still(evidence);
}

/* Ready to run, and not let run: not the loop's fault. A busy machine without a quota is none of this. */
static bool is_throttled(const struct loop_evidence *evidence)
{
	const struct loop_rates *rates = &evidence->rates;

	return rates->has_quota && rates->interval_ns >= THROTTLED_SEEN_NS && loop_was_looping(evidence->loop) &&
	       rates->throttled_ns * 100 >= rates->interval_ns * THROTTLED_PERCENT;
}

static bool is_saturated(const struct loop_evidence *evidence)
{
	const struct loop_rates *rates = &evidence->rates;

	return evidence->loop && evidence->loop->max_events > 1 && rates->interval_ns &&
	       rates->waits >= SATURATED_WAITS && rates->full * 100 >= rates->waits * SATURATED_FULL;
}

static __u64 missed_min_age(const struct loop_evidence *evidence)
{
	__u64 least = evidence->thread->threads > 1 ? MISSED_MIN_AGE_SHARED_NS : MISSED_MIN_AGE_NS;

	return evidence->min_age_ns > least ? evidence->min_age_ns : least;
}

/*
 * It waits, nothing is on its ready list, and data lies in a socket that it has been told of. One that does not read on
 * purpose waits for something: mostly until it can send what it has read.
 */
static bool lost_wake_up(const struct loop_evidence *evidence)
{
	const struct loop_watches *watches = &evidence->watches;
	const struct watch_record *watch;
	const struct socket_record *socket;

	if (!evidence->waiting || !watches->missed || watches->busy_elsewhere ||
	    watches->instance->flags & (INSTANCE_READY | INSTANCE_SENDING))
		return false;
	watch = watches->missed->watch;
	socket = watches->missed->socket;
	return socket->seen_ns >= watch_missed_since(watch, socket) + missed_min_age(evidence) &&
	       socket->seen_ns >= watch->unread_since_ns + MISSED_SEEN_NS;
}

/* A timer among what it watches may well be what looks after them. */
static bool has_dead_watches(const struct loop_evidence *evidence)
{
	const struct loop_watches *watches = &evidence->watches;

	return watches->idle && watches->endless && !(watches->instance->flags & INSTANCE_TIMER) &&
	       !loop_serves_one(evidence) && watch_idle_ns(watches->idle->socket) >= evidence->min_age_ns;
}

static bool is_near(__u64 used, __u64 limit)
{
	return limit && (double)used * 100 >= (double)limit * NEAR_LIMIT;
}

static bool lacks_descriptors(const struct loop_evidence *evidence)
{
	return evidence->open_fds >= 0 && is_near((__u64)evidence->open_fds, evidence->fd_limit);
}

static bool lacks_watches(const struct loop_evidence *evidence)
{
	return evidence->user_watches >= 0 && is_near((__u64)evidence->user_watches, evidence->watch_limit);
}

static bool lacks_files(const struct loop_evidence *evidence)
{
	return is_near(evidence->open_files, evidence->file_limit);
}

/* The highest of the set: what the wait says, but no higher than what is open. */
__s64 loop_highest_selected(const struct loop_evidence *evidence)
{
	__s64 named = (__s64)evidence->loop->descriptors - 1;

	return evidence->highest_fd >= 0 && evidence->highest_fd < named ? evidence->highest_fd : named;
}

static bool is_beyond_select(const struct loop_evidence *evidence)
{
	return evidence->loop && evidence->loop->interface == LOOP_SELECT &&
	       loop_highest_selected(evidence) >= SELECT_LIMIT;
}

static bool always(const struct loop_evidence *evidence)
{
	(void)evidence;
	return true;
}

bool loop_is_stalled(const struct loop_evidence *evidence)
{
	return does_not_come_back(evidence) || leaves_events(evidence);
}

/* ---- The table ---- */

LOOP_VERDICTS(VERDICT_OF_RULE)

/* clang-format off */
const struct loop_rule loop_rules[] = {
	/* evidence           verdict           how bad           why                    advice */
	{ is_reading_seen,    &blocked_in_read, SEVERITY_STALLED, loop_why_stalled,      loop_advise_read },
	{ does_not_come_back, &stalled,         SEVERITY_STALLED, loop_why_stalled,      loop_advise_stalled },
	{ is_reading_unseen,  &blocked_in_read, SEVERITY_STALLED, loop_why_unseen,       loop_advise_read },
	{ leaves_events,      &stalled,         SEVERITY_STALLED, loop_why_unseen,       loop_advise_stalled },
	{ is_spinning,        &spinning,        SEVERITY_STARVED, loop_why_spinning,     loop_advise_spinning },
	{ spins_on_event,     &spinning,        SEVERITY_STARVED, loop_why_spins_on,     loop_advise_spins_on },
	{ is_throttled,       &throttled,       SEVERITY_STARVED, loop_why_throttled,    loop_advise_throttled },
	{ lost_wake_up,       &edge_stall,      SEVERITY_STARVED, loop_why_lost,         loop_advise_lost },
	{ is_beyond_select,   &select_limit,    SEVERITY_SUSPECT, loop_why_select,       loop_advise_select },
	{ lacks_descriptors,  &near_limit,      SEVERITY_SUSPECT, loop_why_near_limit,   loop_advise_near_limit },
	{ lacks_watches,      &near_limit,      SEVERITY_SUSPECT, loop_why_near_watches, loop_advise_near_watches },
	{ lacks_files,        &near_limit,      SEVERITY_SUSPECT, loop_why_near_files,   loop_advise_near_files },
	{ is_saturated,       &saturated,       SEVERITY_SUSPECT, loop_why_saturated,    loop_advise_saturated },
	{ has_dead_watches,   &dead_watches,    SEVERITY_SUSPECT, loop_why_dead,         loop_advise_dead },
	{ always,             &ok,              SEVERITY_NONE,    loop_why_ok,           NULL },
};
/* clang-format on */

const size_t loop_rule_count = COUNT_OF(loop_rules);

const struct loop_rule *loop_verdict(const struct loop_evidence *evidence)
{
	const struct loop_rule *rule = loop_rules;

	while (!rule->applies(evidence))
		rule++;
	return rule;
}

__u64 loop_watches_since(const struct loop_evidence *evidence, const struct loop_rule *rule)
{
	const struct socket_record *socket;

	if (rule->applies == spins_on_event)
		return evidence->watches.instance->still_since_ns;
	if (rule->applies == lost_wake_up)
		return watch_missed_since(evidence->watches.missed->watch, evidence->watches.missed->socket);
	if (rule->applies != has_dead_watches)
		return 0;
	socket = evidence->watches.idle->socket;
	return socket->seen_ns - watch_idle_ns(socket);
}
