/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/chain_case.h"

#include <stdlib.h>

#include "look/sleeping.h"
#include "options/ages.h"

/* A process takes up a question within this time. */
#define TAKEN_UP_NS NS_PER_S

/* Without the cycle that the chain may be. */
static struct chain_evidence facts_of_end(const struct chain_scene *scene, const struct wait *last)
{
	const struct process_view *process = waits_process(&scene->waits, last);
	const struct thread_view *doing = waits_doing(&scene->waits, last);
	bool one = last->lock && last->lock->holder_tid; /* whatever other threads there are */

	return (struct chain_evidence){
		.last = last,
		.doing = doing,
		.unread = doing && chain_is_unread(&scene->waits, last),
		.polls = doing && chain_slept_unread(&scene->waits, last, doing->thread),
		.in_loop = one ? last->holder && thread_in_loop(last->holder->thread) : process && process->in_loop,
		.sure = true,
	};
}

struct chain_evidence chain_facts(const struct chain_scene *scene, size_t from)
{
	const struct chain_path *path = &scene->paths[from];
	const struct wait *last = &scene->waits.items[path->last];
	struct chain_evidence evidence = {.cycle = true, .limited = path->limited, .last = last};

	if (!path->cycle)
		evidence = facts_of_end(scene, last);
	evidence.sure = path->sure;
	return evidence;
}

/* It has been asleep since about when it was asked: it did nothing for others meanwhile. */
static bool has_slept_since(const struct chain_scene *scene, const struct chain_evidence *evidence)
{
	const struct wait *last = evidence->last;

	return evidence->doing && last->since_ns &&
	       look_asleep_since(scene->look, evidence->doing->thread) <= last->since_ns + TAKEN_UP_NS;
}

static bool has_been_blocked_since(const struct chain_scene *scene, const struct chain_evidence *evidence,
				   const struct verdict *verdict)
{
	return verdict->is & END_IS_BLOCKED && evidence->doing &&
	       (evidence->doing->thread->threads <= 1 || evidence->last->holder) && has_slept_since(scene, evidence);
}

/* It has not slept since the look before: it computes, and is not just at work on something else. */
static bool has_run_since(const struct chain_scene *scene, const struct chain_evidence *evidence)
{
	const struct thread_record *now = evidence->doing ? evidence->doing->thread : NULL;
	const struct thread_view *before =
		scene->previous && now ? look_thread(scene->previous, now->pid, now->tid) : NULL;

	return !scene->previous ||
	       (before && before->thread->start_ns == now->start_ns && before->thread->voluntary == now->voluntary);
}

/* A thread waits for who goes on serving others by design as well: for work (BLPOP), for news. */
static bool may_be_by_design(const struct chain_scene *scene, const struct chain_evidence *evidence,
			     const struct verdict *verdict)
{
	if (verdict->is & END_IS_IDLE)
		return !has_slept_since(scene, evidence);
	return verdict->is & END_IS_RUNNING && !has_run_since(scene, evidence);
}

/*
 * Whether something is due at the end of a chain. It is if the request was made on behalf of another, or is still
 * unread. Otherwise a thread's request counts. The last bytes that an event loop sent may be no request: an answer to a
 * ping, or a line of a log. They count if the process that got them has not moved since. Its state at this moment is a
 * sample, and no evidence.
 */
static bool is_asked(const struct chain_scene *scene, size_t from, const struct chain_evidence *evidence,
		     const struct verdict *verdict)
{
	const struct chain_path *path = &scene->paths[from];

	if ((path->asked && path->blocked) || chain_was_asked(&scene->asked, &scene->waits, from, path->depth) ||
	    chain_is_unread(&scene->waits, evidence->last))
		return true;
	if (path->blocked)
		return !may_be_by_design(scene, evidence, verdict);
	return has_been_blocked_since(scene, evidence, verdict);
}

/*
 * A chain has at least two members. Whatever the process at its end does, it is at fault only if it owes something: to
 * the last that waits, or through that one to another (a database sends a few bytes before it computes: the rest is
 * owed only where somebody waits for it).
 */
static bool is_finding(const struct chain_scene *scene, size_t from, const struct chain_evidence *evidence,
		       const struct verdict *verdict)
{
	const struct chain_path *path = &scene->paths[from];
	const struct wait *last = evidence->last;

	if (!path->cycle && path->depth < 2 && !last->peer_pid)
		return false;
	if (verdict->is & (END_IS_DEADLOCK | END_IS_STUCK | END_IS_QUEUE))
		return true;
	if (!path->evident || !is_asked(scene, from, evidence, verdict))
		return false;
	return path->asked || last->verdict->is & IS_OWED;
}

bool chain_is_finding(const struct chain_scene *scene, size_t from)
{
	struct chain_evidence evidence = chain_facts(scene, from);

	return is_finding(scene, from, &evidence, chain_verdict(&evidence)->verdict);
}

int chain_collect(struct chain_scene *scene)
{
	int err = waits_collect(&scene->waits, scene->look, scene->previous, min_age_of(scene->scope, ROW_CHAIN));

	return err ?: chain_asked_collect(&scene->asked, scene->look);
}

void chain_free(struct chain_scene *scene)
{
	waits_free(&scene->waits);
	chain_asked_free(&scene->asked);
	free(scene->paths);
	free(scene->order);
}
