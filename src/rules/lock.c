/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/lock.h"

#include "base/array.h"
#include "look/sleeping.h"
#include "rules/verdicts.h"

/* poll() of one descriptor is a read of it with a limit, as database drivers do it under a lock. */
static bool polls_one(const struct thread_record *thread)
{
	static const char *const calls[] = {"poll", "ppoll"};

	return thread_asleep_in(thread, calls, COUNT_OF(calls)) && thread->args[1] == 1;
}

/* Datagrams come from anybody: whoever reads them may wait for the next for as long as it likes. */
static bool reads_datagrams(const struct thread_view *holder)
{
	return holder->thread->syscall_kind == SYSCALL_READS && holder->socket &&
	       holder->socket->name.kind == SOCKET_KIND_UDP;
}

bool lock_takes_turns(const struct lock_record *lock, const struct thread_view *holder)
{
	if (!holder || lock->kind == LOCK_JOIN || lock->kind == LOCK_FILE || !(holder->thread->flags & THREAD_SLEEPING))
		return false;
	return (thread_in_loop(holder->thread) && !polls_one(holder->thread)) || reads_datagrams(holder) ||
	       holder->thread->syscall_kind == SYSCALL_ACCEPTS;
}

/* ---- Evidence ---- */

static bool has_no_owner(const struct lock_evidence *evidence)
{
	return evidence->lock->kind == LOCK_NO_OWNER;
}

static bool is_deadlocked(const struct lock_evidence *evidence)
{
	return evidence->deadlock;
}

static bool is_join(const struct lock_evidence *evidence)
{
	return evidence->lock->kind == LOCK_JOIN;
}

static bool is_stopped(const struct lock_evidence *evidence)
{
	return evidence->holder && evidence->holder->thread->flags & (THREAD_STOPPED | THREAD_FROZEN);
}

static bool takes_turns(const struct lock_evidence *evidence)
{
	return lock_takes_turns(evidence->lock, evidence->holder);
}

static bool is_blocked(const struct lock_evidence *evidence)
{
	return evidence->holder && evidence->holder->thread->flags & THREAD_SLEEPING;
}

static bool is_running(const struct lock_evidence *evidence)
{
	return evidence->holder;
}

static bool always(const struct lock_evidence *evidence)
{
	(void)evidence;
	return true;
}

/* ---- Why ---- */

static const char *why_deadlock(struct arena *arena, const struct lock_evidence *evidence)
{
	return arena_printf(arena, "%s: none of them can continue", evidence->chain);
}

static const char *why_stopped(struct arena *arena, const struct lock_evidence *evidence)
{
	return arena_printf(arena, "%s; %s has the %s, and is stopped or frozen", evidence->waits, evidence->who,
			    evidence->name);
}

static const char *why_blocked(struct arena *arena, const struct lock_evidence *evidence)
{
	if (!evidence->in || !evidence->in_for)
		return arena_printf(arena, "%s; %s has the %s, and is asleep", evidence->waits, evidence->who,
				    evidence->name);
	return arena_printf(arena, "%s; %s has the %s, and has been in %s for %s", evidence->waits, evidence->who,
			    evidence->name, evidence->in, evidence->in_for);
}

static const char *why_running(struct arena *arena, const struct lock_evidence *evidence)
{
	return arena_printf(arena, "%s; %s has the %s, and runs or waits for a CPU", evidence->waits, evidence->who,
			    evidence->name);
}

static const char *why_held(struct arena *arena, const struct lock_evidence *evidence)
{
	if (!evidence->who)
		return arena_printf(arena, "%s for the %s; who has it is not known", evidence->waits, evidence->name);
	return arena_printf(arena, "%s; %s has the %s", evidence->waits, evidence->who, evidence->name);
}

static const char *why_turns(struct arena *arena, const struct lock_evidence *evidence)
{
	return arena_printf(arena, "%s for its turn: %s has the %s, and waits for the next event or connection",
			    evidence->waits, evidence->who, evidence->name);
}

static const char *why_join(struct arena *arena, const struct lock_evidence *evidence)
{
	return arena_printf(arena, "%s for the end of %s", evidence->waits, evidence->who);
}

static const char *why_no_owner(struct arena *arena, const struct lock_evidence *evidence)
{
	return arena_printf(
		arena,
		"%s; the futex 0x%llx has no known owner: a condition variable, a semaphore, or a lock of another library",
		evidence->waits, evidence->lock->address);
}

/* ---- Advice ---- */

static const char *advise_end(struct arena *arena, const struct lock_evidence *evidence)
{
	return arena_printf(arena,
			    "it does not end by itself: see the threads with sockstall threads -p %u, and restart it",
			    evidence->lock->pid);
}

static const char *advise_continue(struct arena *arena, const struct lock_evidence *evidence)
{
	return arena_printf(arena, "resume it: kill -CONT %u, detach the tracer, or thaw its control group",
			    evidence->lock->holder_pid);
}

static const char *advise_holder(struct arena *arena, const struct lock_evidence *evidence)
{
	return arena_printf(arena, "see what its holder is doing: sockstall threads -p %u",
			    evidence->lock->holder_pid ? evidence->lock->holder_pid : evidence->lock->pid);
}

/* ---- The table ---- */

LOCK_VERDICTS(VERDICT_OF_RULE)

/* clang-format off */
const struct lock_rule lock_rules[] = {
	/* evidence       verdict    how bad            why            advice */
	{ has_no_owner,   &no_owner, SEVERITY_NONE,     why_no_owner,  NULL },
	{ is_deadlocked,  &deadlock, SEVERITY_DEADLOCK, why_deadlock,  advise_end },
	{ is_join,        &join,     SEVERITY_NONE,     why_join,      NULL },
	{ is_stopped,     &stopped,  SEVERITY_WAITING,  why_stopped,   advise_continue },
	{ takes_turns,    &turns,    SEVERITY_NONE,     why_turns,     NULL },
	{ is_blocked,     &blocked,  SEVERITY_WAITING,  why_blocked,   advise_holder },
	{ is_running,     &running,  SEVERITY_WAITING,  why_running,   advise_holder },
	{ always,         &held,     SEVERITY_WAITING,  why_held,      advise_holder },
};
/* clang-format on */

const size_t lock_rule_count = COUNT_OF(lock_rules);

const struct lock_rule *lock_verdict(const struct lock_evidence *evidence)
{
	const struct lock_rule *rule = lock_rules;

	while (!rule->applies(evidence))
		rule++;
	return rule;
}
