/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/waits/far.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/sorted.h"
#include "look/places.h"
#include "reports/waits/path.h"
#include "rules/verdicts.h"

#define APART_NS (10 * NS_PER_S)

#define FAR_PID(host_at) (1u << 31 | (host_at) << 22)

_Static_assert(FAR_PID(FAR_HOSTS_MOST - 1) != FAR_PID(0), "each host has pids of its own");

/* A wait of some host. */
struct node {
	size_t host; /* WAITS_NONE: none */
	size_t at;
};

static const struct node nowhere = {WAITS_NONE, WAITS_NONE};

/* Where a chain goes on from one wait. */
struct far_step {
	size_t host; /* that has the other end; WAITS_NONE: its own, or none */
	struct wait over_there; /* the wait as that host sees it */
	size_t ends; /* the host at which the chain ends; WAITS_NONE: it goes round */
	size_t copy; /* its place among the waits of that one, where that is another */
};

/* ---- Over one connection ---- */

static const struct verdict *awaiting(void)
{
	const struct socket_record nothing = {.name.kind = SOCKET_KIND_TCP};
	const struct wait_evidence evidence = {.socket = &nothing};

	return wait_verdict(&evidence)->verdict;
}

/*
 * The wait of somebody on another host for this end: fills in who owes it an answer, and what that one waits for in
 * turn, if it is among the waits. `socket` is the end over there.
 */
static void wait_for(const struct waits *waits, struct wait *wait, const struct socket_record *socket,
		     const struct end *end)
{
	if (!wait->verdict) {
		wait->verdict = awaiting();
		wait->severity = SEVERITY_WAITING;
	}
	wait->socket = socket;
	wait->next = WAITS_NONE;
	wait->found = FOUND_NOTHING;
	wait->peer_fd = -1;
	waits_take_end(waits, wait, end);
	waits_find_next_of(waits, wait);
}

bool far_is_of_the_time(const struct look *look, __u64 realtime_ns)
{
	__u64 then = look->head->realtime_ns;

	return then > realtime_ns ? then - realtime_ns <= APART_NS : realtime_ns - then <= APART_NS;
}

/* A moment of one host on the clock of the other. */
static __u64 on_clock_of(const struct look *other, const struct look *own, __u64 moment)
{
	__u64 now = other->head->seen_ns;
	__s64 age = (__s64)(own->head->seen_ns - moment + other->head->realtime_ns - own->head->realtime_ns);

	if (!moment || age < 0)
		return moment ? now : 0;
	/* From before the other host was started: as old as can be told. */
	return (__u64)age < now ? now - (__u64)age : 1;
}

const struct end *far_find_end(const struct ends *ends, const struct socket_record *socket)
{
	const struct end *end = ends_other(ends, socket);

	return end && end->socket->flags & SOCKET_HAS_MORE ? end : NULL;
}

/* It may be on another host: nothing of it is seen here. */
static bool may_lead_away(const struct waits *waits, const struct wait *wait)
{
	const struct socket_record *socket = wait->socket;

	return (wait->found == FOUND_REMOTE || wait->found == FOUND_NOTHING) && socket->flags & SOCKET_HAS_MORE &&
	       socket->name.kind == SOCKET_KIND_TCP && !places_is_loopback(socket->name.peer_addr) &&
	       !ends_other(&waits->ends, socket);
}

/* The host that has the other end of this wait; WAITS_NONE: none has, or more than one may. */
static size_t find_host(const struct far_host *hosts, size_t count, size_t here, const struct wait *wait,
			const struct end **found)
{
	const __u64 now_ns = hosts[here].waits->look->head->realtime_ns;
	size_t there = WAITS_NONE;

	*found = NULL;
	for (size_t i = 0; i < count; i++) {
		const struct end *end = NULL;

		if (i != here && hosts[i].waits && far_is_of_the_time(hosts[i].waits->look, now_ns))
			end = far_find_end(&hosts[i].waits->ends, wait->socket);
		if (end && *found)
			return WAITS_NONE;
		if (end)
			there = i, *found = end;
	}
	return there;
}

static void take_step(const struct far_host *hosts, size_t count, size_t here, size_t at)
{
	const struct wait *wait = &hosts[here].waits->items[at];
	struct far_step *step = &hosts[here].steps[at];
	const struct end *end;

	*step = (struct far_step){.host = WAITS_NONE, .ends = here, .copy = WAITS_NONE};
	if (wait->next != WAITS_NONE || !may_lead_away(hosts[here].waits, wait))
		return;
	step->host = find_host(hosts, count, here, wait, &end);
	if (step->host == WAITS_NONE)
		return;
	step->over_there = *wait;
	step->over_there.pid |= FAR_PID((unsigned int)here);
	step->over_there.since_ns = on_clock_of(hosts[step->host].waits->look, hosts[here].waits->look, wait->since_ns);
	wait_for(hosts[step->host].waits, &step->over_there, wait->socket, end);
}

/* ---- Along the chain ---- */

static struct node node_after(const struct far_host *hosts, struct node node)
{
	const struct far_step *step = &hosts[node.host].steps[node.at];
	struct node after = node;

	after.at = hosts[node.host].waits->items[node.at].next;
	if (step->host != WAITS_NONE)
		after = (struct node){step->host, step->over_there.next};
	return after.at == WAITS_NONE ? nowhere : after;
}

/*
 * The host at which the chain from here ends. A cycle on one host is an end; one over several hosts is none, and nor is
 * a longer chain.
 */
static size_t find_last_host(const struct far_host *hosts, struct node node)
{
	size_t last = node.host, steps = 0, crossed = 0;

	for (; node.host != WAITS_NONE && steps++ < CHAIN_LINKS_MOST; node = node_after(hosts, node)) {
		const struct far_step *step = &hosts[node.host].steps[node.at];

		last = node.host;
		if (step->host != WAITS_NONE)
			last = step->host, crossed = steps;
	}
	return node.host != WAITS_NONE && crossed > CHAIN_LINKS_MOST / 2 ? WAITS_NONE : last;
}

static size_t count_waits(const struct far_host *hosts, size_t count)
{
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += hosts[i].waits ? hosts[i].waits->count : 0;
	return total;
}

/* `steps` has room for all. */
static void find_steps(struct far_host *hosts, size_t count, struct far_step *steps)
{
	for (size_t i = 0; i < count; i++) {
		hosts[i].steps = steps;
		hosts[i].count = hosts[i].waits ? hosts[i].waits->count : 0;
		steps += hosts[i].count;
	}
	for (size_t i = 0; i < count; i++)
		for (size_t at = 0; at < hosts[i].count; at++)
			take_step(hosts, count, i, at);
	for (size_t i = 0; i < count; i++)
		for (size_t at = 0; at < hosts[i].count; at++)
			hosts[i].steps[at].ends = find_last_host(hosts, (struct node){i, at});
}

/* ---- Putting them together ---- */

/* The wait as it stands among those of the host at which its chain ends; what follows it is for connect_all(). */
static struct wait copy_of(const struct far_host *hosts, size_t here, size_t at)
{
	const struct far_host *host = &hosts[here];
	const struct far_step *step = &host->steps[at];
	const struct look *own = host->waits->look, *last = hosts[step->ends].waits->look;
	struct wait wait = step->host == WAITS_NONE ? host->waits->items[at] : step->over_there;

	wait.pid = host->waits->items[at].pid | FAR_PID((unsigned int)here);
	wait.since_ns = on_clock_of(last, own, host->waits->items[at].since_ns);
	wait.seen_by = own;
	wait.peer_by = step->host == WAITS_NONE ? own : step->host == step->ends ? NULL : hosts[step->host].waits->look;
	wait.was_asked = chain_is_asked(host->asked, host->waits, at, CHAIN_LINKS_MOST);
	return wait;
}

/* In the order of their pids: hosts come in theirs, and so do the waits of each. */
static int copy_all(struct far_host *hosts, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count; i++) {
		for (size_t at = 0; at < hosts[i].count && !err; at++) {
			struct far_step *step = &hosts[i].steps[at];
			struct wait copy;

			if (step->ends == i || step->ends == WAITS_NONE)
				continue;
			copy = copy_of(hosts, i, at);
			step->copy = hosts[step->ends].waits->count;
			err = waits_add_as_it_is(hosts[step->ends].waits, &copy);
		}
	}
	return err;
}

/*
 * Where a wait stands among those of the host at which the chain ends; WAITS_NONE: it is not there, as the chain is too
 * long.
 */
static size_t place_of(const struct far_host *hosts, struct node node, size_t ends)
{
	const struct far_step *step;

	if (node.host == WAITS_NONE)
		return WAITS_NONE;
	step = &hosts[node.host].steps[node.at];
	if (step->ends != ends)
		return WAITS_NONE;
	return ends == node.host ? node.at : step->copy;
}

/* A wait that leaves its host, and comes back there in the end. */
static void come_back(const struct far_host *hosts, size_t here, size_t at)
{
	const struct far_step *step = &hosts[here].steps[at];
	struct wait *wait = &hosts[here].waits->items[at], before = *wait;

	*wait = step->over_there;
	wait->pid = before.pid;
	wait->since_ns = before.since_ns;
	wait->peer_by = hosts[step->host].waits->look;
}

static void connect_all(const struct far_host *hosts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t at = 0; at < hosts[i].count; at++) {
			const struct far_step *step = &hosts[i].steps[at];
			size_t next = place_of(hosts, node_after(hosts, (struct node){i, at}), step->ends);

			if (step->ends == WAITS_NONE)
				continue;
			if (step->ends == i && step->host != WAITS_NONE)
				come_back(hosts, i, at);
			if (step->ends == i)
				hosts[i].waits->items[at].next = next;
			else
				hosts[step->ends].waits->items[step->copy].next = next;
			hosts[i].waits->items[at].leads_away = step->ends != i;
		}
	}
}

int far_join(struct far_host *hosts, size_t count)
{
	struct far_step *steps;
	int err = 0;

	if (count < 2 || count > FAR_HOSTS_MOST)
		return 0;
	for (size_t i = 0; i < count && !err; i++)
		err = hosts[i].waits ? waits_index_ends(hosts[i].waits) ?: waits_index_next(hosts[i].waits) : 0;
	if (err)
		return err;
	steps = calloc(count_waits(hosts, count) + 1, sizeof(*steps));
	if (!steps)
		return -ENOMEM;
	find_steps(hosts, count, steps);
	err = copy_all(hosts, count);
	if (!err)
		connect_all(hosts, count);
	free(steps);
	return err;
}
