/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/untaken.h"

#include "base/clock.h"
#include "look/records.h"

/* A shorter sleep is no news yet. */
#define SLEPT_NS NS_PER_S

__u64 untaken_since(const struct socket_record *socket, __u64 slept_ns)
{
	return socket->untaken_since_ns > slept_ns ? socket->untaken_since_ns : socket->untaken_since_ns ? slept_ns : 0;
}

static bool is_open(const struct thread_record *thread, const struct socket_record *socket, __s64 sched_offset_ns)
{
	__u64 slept_ns = thread->last_arrival + (__u64)sched_offset_ns;

	return thread->last_arrival && socket->untaken_since_ns && slept_ns + SLEPT_NS <= thread->seen_ns &&
	       untaken_since(socket, slept_ns) + UNTAKEN_NS > socket->seen_ns;
}

bool untaken_is_open(const struct buffer *look, __s64 sched_offset_ns)
{
	const struct thread_record *thread = NULL;
	struct record_header *header;
	size_t offset = 0;

	while ((header = record_next(look, &offset))) {
		if (header->type == RECORD_SOCKET && thread && thread->flags & THREAD_HAS_SOCKET &&
		    is_open(thread, (const void *)header, sched_offset_ns))
			return true;
		thread = header->type == RECORD_THREAD ? (const void *)header : NULL;
	}
	return false;
}

const struct owner_record *untaken_reader(const struct look *look, const struct socket_record *socket, __u32 pid)
{
	const struct owner_record *const *owners;
	size_t i, count;

	if (socket->name.kind == SOCKET_KIND_UNIX)
		return look_owner_of_inode(look, socket->peer_inode);
	if (socket->name.kind != SOCKET_KIND_PIPE)
		return NULL;
	owners = look_pipe_ends(look, socket->peer_inode, false, &count);
	for (i = 0; i < count; i++)
		if (owners[i]->pid != pid)
			return owners[i];
	return NULL;
}
