/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/lock.h"

#include "base/array.h"
#include "look/sleeping.h"

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
