/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/now_in.h"

#include <stdbool.h>
#include <string.h>

#include "base/wording.h"
#include "system/address.h"

static const char *say_socket(struct arena *arena, const char *name, const struct socket_record *socket)
{
	switch (socket->name.kind) {
	case SOCKET_KIND_TCP:
	case SOCKET_KIND_UDP:
		return arena_printf(arena, "%s %s", name, say_both_ends(arena, &socket->name));
	case SOCKET_KIND_UNIX:
		return arena_printf(arena, "%s unix socket", name);
	case SOCKET_KIND_PIPE:
		return arena_printf(arena, "%s pipe", name);
	}
	return arena_printf(arena, "%s", name);
}

static bool is_one_of(const char *name, const char *one, const char *other)
{
	return !strcmp(name, one) || !strcmp(name, other);
}

static const char *say_holder(struct arena *arena, const struct lock_record *lock)
{
	if (lock->readers)
		return arena_printf(arena, " held by %u reader%s", lock->readers, lock->readers == 1 ? "" : "s");
	if (!lock->holder_pid)
		return ", whose owner is not known";
	if (!lock->holder_tid)
		return arena_printf(arena, " held by %.16s (pid %u)", lock->holder_comm, lock->holder_pid);
	if (lock->holder_tid == lock->tid)
		return " held by the thread itself";
	if (lock->holder_pid == lock->pid)
		return arena_printf(arena, " held by thread %u (%.16s)", lock->holder_tid, lock->holder_comm);
	return arena_printf(arena, " held by thread %u (%.16s) of process %u", lock->holder_tid, lock->holder_comm,
			    lock->holder_pid);
}

const char *lock_kind_name(const struct lock_record *lock)
{
	static const char *const names[LOCK_KINDS] = {
		[LOCK_MUTEX] = "mutex", [LOCK_RWLOCK] = "rwlock", [LOCK_PI] = "pi",
		[LOCK_JOIN] = "join",	[LOCK_FILE] = "file",
	};

	return names[lock->kind];
}

const char *lock_kind_words(const struct lock_record *lock)
{
	return lock->kind == LOCK_PI ? "PI mutex" : lock_kind_name(lock);
}

static const char *say_futex(struct arena *arena, const char *name, const struct lock_record *lock)
{
	if (!lock)
		return arena_printf(arena, "%s: a lock or condition variable", name);
	if (lock->kind == LOCK_JOIN)
		return arena_printf(arena, "%s: the end of thread %u (%.16s)", name, lock->holder_tid,
				    lock->holder_comm);
	if (lock->kind == LOCK_NO_OWNER)
		return arena_printf(arena, "%s: a lock or condition variable without a known owner", name);
	return arena_printf(arena, "%s: %s 0x%llx%s", name, lock_kind_words(lock), lock->address,
			    say_holder(arena, lock));
}

const char *loop_now_in(struct arena *arena, const struct look *look, const struct thread_record *thread,
			const struct socket_record *socket)
{
	const struct lock_record *lock = look_lock(look, thread->tid);
	const char *name = look_syscall(thread), *where = look_note(look, thread->tid, NOTE_WHERE);

	if (!name)
		return NULL;
	if (socket)
		return say_socket(arena, name, socket);
	if (is_one_of(name, "futex", "futex_waitv"))
		return say_futex(arena, name, lock);
	if (!where && lock)
		where = lock->path;
	if (lock && lock->kind == LOCK_FILE && *lock->path && lock->holder_pid)
		return arena_printf(arena, "%s %s%s", name, where, say_holder(arena, lock));
	if (!where)
		return arena_printf(arena, "%s", name);
	if (thread->syscall_kind == SYSCALL_WAITS_EPOLL)
		return arena_printf(arena, "%s (most likely for %s)", name, where);
	/* A process is not what the syscall works on, but what it waits for. */
	return arena_printf(arena, is_one_of(name, "wait4", "waitid") ? "%s: %s" : "%s %s", name, where);
}

const char *loop_now_nested(struct arena *arena, const struct look *look, const struct thread_record *thread,
			    int epoll_fd)
{
	const char *child = look_note(look, thread->tid, NOTE_WHERE);

	if (!child)
		return arena_printf(arena, "a nested event loop (descriptor %d)", epoll_fd);
	return arena_printf(arena, "a nested event loop (descriptor %d), most likely for %s", epoll_fd, child);
}
