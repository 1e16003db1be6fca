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
	return name;
}

static bool is_one_of(const char *name, const char *one, const char *other)
{
	return !strcmp(name, one) || !strcmp(name, other);
}

const char *loop_now_in(struct arena *arena, const struct look *look, const struct thread_record *thread,
			const struct socket_record *socket)
{
	const char *name = look_syscall(thread), *where = look_note(look, thread->tid, NOTE_WHERE);

	if (!name)
		return NULL;
	if (socket)
		return say_socket(arena, name, socket);
	if (is_one_of(name, "futex", "futex_waitv"))
		return arena_printf(arena, "%s: a lock or condition variable", name);
	if (!where)
		return name;
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
