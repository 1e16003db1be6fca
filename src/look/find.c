/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Looking up in a look. Each finds the first item that is not below the key. See look.h. */
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "look/look.h"

static bool thread_below(const struct thread_record *thread, __u32 pid, __u32 tid)
{
	return thread->pid < pid || (thread->pid == pid && thread->tid < tid);
}

const struct thread_view *look_thread(const struct look *look, __u32 pid, __u32 tid)
{
	size_t i = LOWER_BOUND(look->threads.count, at, thread_below(look->threads.items[at].thread, pid, tid));
	const struct thread_view *found;

	if (i == look->threads.count)
		return NULL;
	found = &look->threads.items[i];
	return found->thread->pid == pid && found->thread->tid == tid ? found : NULL;
}

const struct loop_record *look_loop(const struct thread_view *view, __u32 interface)
{
	size_t i;

	for (i = 0; i < view->loop_count; i++) {
		if (view->loops[i].interface == interface)
			return &view->loops[i];
	}
	return NULL;
}

const struct epoll_record *const *look_epolls(const struct look *look, __u32 pid, size_t *count)
{
	size_t first = LOWER_BOUND(look->epolls.count, at, look->epolls.items[at]->pid < pid), end;

	for (end = first; end < look->epolls.count && look->epolls.items[end]->pid == pid; end++)
		;
	*count = end - first;
	return *count ? look->epolls.items + first : NULL;
}

/* Sorted by cookie; those without are many different ones. */
static const struct owner_record *const *find_holders(const struct owner_record *const *items, size_t all, __u64 cookie,
						      size_t *count)
{
	size_t first = LOWER_BOUND(all, at, items[at]->cookie < cookie), end;

	*count = 0;
	if (!cookie)
		return NULL;
	for (end = first; end < all && items[end]->cookie == cookie; end++)
		(*count)++;
	return *count ? &items[first] : NULL;
}

const struct owner_record *const *look_owners(const struct look *look, __u64 cookie, size_t *count)
{
	return find_holders(look->owners.items, look->owners.count, cookie, count);
}

const struct owner_record *const *look_pipe_ends(const struct look *look, __u64 number, bool writers, size_t *count)
{
	if (writers)
		return find_holders(look->pipe_writers.items, look->pipe_writers.count, number, count);
	return find_holders(look->pipe_readers.items, look->pipe_readers.count, number, count);
}

const struct owner_record *const *look_owners_of_inode(const struct look *look, __u64 inode, size_t *count)
{
	const struct owner_record **items = look->owners_by_inode.items;
	size_t first = LOWER_BOUND(look->owners_by_inode.count, at, items[at]->inode < inode), end;

	for (end = first; end < look->owners_by_inode.count && items[end]->inode == inode; end++)
		;
	*count = inode ? end - first : 0;
	return *count ? &items[first] : NULL;
}

#define INIT_PID 1

const struct owner_record *look_owner_of_inode(const struct look *look, __u64 inode)
{
	size_t count;
	const struct owner_record *const *owners = look_owners_of_inode(look, inode, &count);

	if (!owners)
		return NULL;
	return owners[count > 1 && owners[0]->pid == INIT_PID];
}

const char *look_netns_name(const struct look *look, __u32 netns)
{
	size_t i;

	for (i = 0; i < look->namespaces.count; i++)
		if (look->namespaces.items[i]->netns == netns && look->namespaces.items[i]->name[0])
			return look->namespaces.items[i]->name;
	return NULL;
}

bool look_is_put_off(const struct look *look, __u32 netns)
{
	size_t i;

	for (i = 0; i < look->namespaces.count && look->head->put_off; i++)
		if (look->namespaces.items[i]->netns == netns)
			return look->namespaces.items[i]->put_off;
	return false;
}

const struct process_record *look_process(const struct look *look, __u32 pid)
{
	size_t i = LOWER_BOUND(look->processes.count, at, look->processes.items[at]->pid < pid);

	return i < look->processes.count && look->processes.items[i]->pid == pid ? look->processes.items[i] : NULL;
}

const char *look_cgroup(const struct look *look, __u32 pid)
{
	const struct process_record *process = look_process(look, pid);

	return process ? process->cgroup : NULL;
}

/* The record may end anywhere behind the cgroup. */
const char *look_process_name(const struct look *look, __u32 pid, enum process_name name)
{
	const struct process_record *process = look_process(look, pid);
	const char *text = process ? process->cgroup + process->cgroup_length + 1 : NULL,
		   *end = process ? (const char *)process + process->header.size : NULL, *stop;
	unsigned int i;

	for (i = 0; text < end && (stop = memchr(text, '\0', (size_t)(end - text))); i++, text = stop + 1)
		if (i == name)
			return *text ? text : NULL;
	return NULL;
}

const struct usage_record *look_usage(const struct look *look, __u32 pid)
{
	size_t i = LOWER_BOUND(look->usages.count, at, look->usages.items[at]->pid < pid);

	return i < look->usages.count && look->usages.items[i]->pid == pid ? look->usages.items[i] : NULL;
}

static bool note_below(const struct note_record *note, __u32 tid, __u32 kind)
{
	return note->tid < tid || (note->tid == tid && note->kind < kind);
}

const char *look_note(const struct look *look, __u32 tid, __u32 kind)
{
	size_t i = LOWER_BOUND(look->notes.count, at, note_below(look->notes.items[at], tid, kind));
	const struct note_record *found;

	if (i == look->notes.count)
		return NULL;
	found = look->notes.items[i];
	return found->tid == tid && found->kind == kind ? found->text : NULL;
}

const struct lock_record *look_lock(const struct look *look, __u32 tid)
{
	size_t i = LOWER_BOUND(look->locks.count, at, look->locks.items[at]->tid < tid);

	return i < look->locks.count && look->locks.items[i]->tid == tid ? look->locks.items[i] : NULL;
}

const struct unread_record *look_unread(const struct look *look, __u32 pid)
{
	size_t i;

	for (i = 0; i < look->unread.count; i++)
		if (look->unread.items[i]->pid == pid)
			return look->unread.items[i];
	return NULL;
}

const struct held_view *look_held(const struct look *look, __u64 cookie)
{
	size_t i = LOWER_BOUND(look->held.count, at, look->held.items[at].socket->name.cookie < cookie);

	return i < look->held.count && look->held.items[i].socket->name.cookie == cookie ? &look->held.items[i] : NULL;
}

bool look_is_other_end(const struct socket_name *a, const struct socket_name *b)
{
	return a->local_port == b->peer_port && a->peer_port == b->local_port &&
	       !memcmp(a->local_addr, b->peer_addr, sizeof(a->local_addr)) &&
	       !memcmp(a->peer_addr, b->local_addr, sizeof(a->peer_addr));
}

bool look_is_unread_there(const struct look *look, const struct socket_name *name)
{
	size_t i;

	for (i = 0; i < look->held.count; i++) {
		const struct socket_record *other = look->held.items[i].socket;

		if (other->unread_bytes && look_is_other_end(name, &other->name))
			return true;
	}
	return false;
}

const char *look_process_comm(const struct look *look, __u32 pid)
{
	size_t i = LOWER_BOUND(look->threads.count, at, look->threads.items[at].thread->pid < pid);

	const struct unread_record *unread;

	if (i < look->threads.count && look->threads.items[i].thread->pid == pid)
		return look->threads.items[i].thread->process_comm;
	unread = look_unread(look, pid);
	return unread ? unread->comm : NULL;
}

const char *look_comm(struct arena *arena, const char comm[16])
{
	return arena_printf(arena, "%.16s", comm);
}

__u64 look_realtime(const struct look *look, __u64 monotonic_ns)
{
	if (!monotonic_ns)
		return 0;
	return look->head->realtime_ns + (monotonic_ns - look->head->seen_ns);
}

__u64 look_asleep_since(const struct look *look, const struct thread_record *thread)
{
	__u64 since = thread->last_arrival;

	if (!(thread->flags & (THREAD_SLEEPING | THREAD_STOPPED)) || !since || !look->head->sched_offset_valid)
		return 0;
	if (thread->flags & THREAD_FAIR && __builtin_add_overflow(since, thread->slice_ns, &since))
		return 0;
	if (__builtin_add_overflow(since, look->head->sched_offset_ns, &since))
		return 0;
	return since < thread->seen_ns ? since : thread->seen_ns;
}
