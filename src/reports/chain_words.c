/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/chain_words.h"

#include "reports/now_in.h"
#include "reports/waits/path.h"
#include "system/address.h"

static const char *say_process(struct arena *arena, const char *comm, __u32 pid)
{
	return arena_printf(arena, "%.16s (pid %u)", comm, pid);
}

static const char *say_holder(struct arena *arena, const struct wait *wait)
{
	const struct lock_record *lock = wait->lock;

	if (!lock->holder_tid)
		return say_process(arena, wait->peer_comm, wait->peer_pid);
	return arena_printf(arena, "thread %u (%.16s) of %s", lock->holder_tid, lock->holder_comm,
			    say_process(arena, wait->peer_comm, wait->peer_pid));
}

/* The lock, and who has it. */
static const char *say_lock(struct arena *arena, const struct wait *wait)
{
	const char *holder = say_holder(arena, wait);

	if (wait->lock->kind == LOCK_JOIN)
		return arena_printf(arena, "the end of %s", holder);
	if (wait->lock->kind == LOCK_FILE)
		return arena_printf(arena, "the lock of %s that %s has", wait->lock->path, holder);
	if (wait->lock->holder_tid == wait->tid)
		return arena_printf(arena, "the %s 0x%llx that it has itself", lock_kind_words(wait->lock),
				    wait->lock->address);
	return arena_printf(arena, "the %s 0x%llx that %s has", lock_kind_words(wait->lock), wait->lock->address,
			    holder);
}

const char *chain_say_awaited(struct arena *arena, const struct wait *wait)
{
	if (wait->lock)
		return say_holder(arena, wait);
	if (wait->peer_pid)
		return say_process(arena, wait->peer_comm, wait->peer_pid);
	if (wait->socket->name.kind != SOCKET_KIND_TCP)
		return wait->socket->name.kind == SOCKET_KIND_PIPE ? "the other end of a pipe"
								   : "the other end of a unix socket";
	return say_peer(arena, &wait->socket->name);
}

/* Where others hold it too, it is not said to be the only one. */
static const char *say_one_of(struct arena *arena, const struct wait *wait)
{
	const char *what = wait->found == FOUND_QUEUE ? "share the listener" : "hold this end";

	if (wait->peer_holders < 2)
		return "";
	return arena_printf(arena, ", one of %u that %s", wait->peer_holders, what);
}

static const char *say_awaited(struct arena *arena, const struct wait *wait)
{
	if (wait->lock)
		return say_lock(arena, wait);
	if (wait->peer_pid == wait->pid)
		return "itself";
	return arena_printf(arena, "%s%s", wait_is_for_child(wait) ? "its child " : "", chain_say_awaited(arena, wait));
}

static const char *say_host(struct arena *arena, const struct look *look)
{
	return look->host ? arena_printf(arena, " on %s", look->host) : "";
}

/* Behind the process that waits, or is waited for, if the step before was on another host. */
static const char *say_host_of_first(struct arena *arena, const struct wait *first)
{
	return first->seen_by ? say_host(arena, first->seen_by) : "";
}

static const char *say_host_of_awaited(struct arena *arena, const struct waits *waits, const struct wait *wait)
{
	return wait->peer_by != wait->seen_by ? say_host(arena, wait->peer_by ?: waits->look) : "";
}

const char *chain_say(struct arena *arena, const struct waits *waits, size_t from, size_t depth)
{
	const struct wait *first = &waits->items[from];
	const char *text = arena_printf(arena, "%s%s", say_process(arena, first->comm, wait_pid(first)),
					say_host_of_first(arena, first));
	const char *glue = " waits for ";
	size_t i, at = from;

	for (i = 0; i < depth && i < CHAIN_LINKS_MOST; i++) {
		const struct wait *wait = &waits->items[at];

		text = arena_printf(arena, "%s%s%s%s%s", text, glue, say_awaited(arena, wait),
				    say_host_of_awaited(arena, waits, wait), say_one_of(arena, wait));
		glue = ", which waits for ";
		at = wait->next;
	}
	if (depth > CHAIN_LINKS_MOST)
		text = arena_printf(arena, "%s, and so on: %zu more", text, depth - CHAIN_LINKS_MOST);
	return text;
}
