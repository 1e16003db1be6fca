/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Looking up in a look. Each finds the first item that is not below the key. See look.h. */
#include <stdlib.h>
#include <string.h>

#include "look.h"

static bool thread_below(const struct thread_record *thread, __u32 pid, __u32 tid)
{
	return thread->pid < pid || (thread->pid == pid && thread->tid < tid);
}

const struct thread_view *look_thread(const struct look *look, __u32 pid, __u32 tid)
{
	size_t low = 0, high = look->threads.count;
	const struct thread_view *found;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (thread_below(look->threads.items[middle].thread, pid, tid))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == look->threads.count)
		return NULL;
	found = &look->threads.items[low];
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

/* Sorted by cookie; those without are many different ones. */
static const struct owner_record *const *find_holders(const struct owner_record *const *items, size_t all, __u64 cookie,
						      size_t *count)
{
	size_t low = 0, high = all, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items[middle]->cookie < cookie)
			low = middle + 1;
		else
			high = middle;
	}
	*count = 0;
	if (!cookie)
		return NULL;
	for (end = low; end < all && items[end]->cookie == cookie; end++)
		(*count)++;
	return *count ? &items[low] : NULL;
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

#define INIT_PID 1

const struct owner_record *look_owner_of_inode(const struct look *look, __u64 inode)
{
	const struct owner_record *const *owners = look->owners_by_inode.items;
	size_t low = 0, high = look->owners_by_inode.count, count = high;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (owners[middle]->inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	if (!inode || low == count || owners[low]->inode != inode)
		return NULL;
	if (owners[low]->pid == INIT_PID && low + 1 < count && owners[low + 1]->inode == inode)
		low++;
	return owners[low];
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

const char *look_cgroup(const struct look *look, __u32 pid)
{
	size_t low = 0, high = look->processes.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (look->processes.items[middle]->pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == look->processes.count || look->processes.items[low]->pid != pid)
		return NULL;
	return look->processes.items[low]->cgroup;
}

const struct usage_record *look_usage(const struct look *look, __u32 pid)
{
	size_t low = 0, high = look->usages.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (look->usages.items[middle]->pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < look->usages.count && look->usages.items[low]->pid == pid ? look->usages.items[low] : NULL;
}

static bool note_below(const struct note_record *note, __u32 tid, __u32 kind)
{
	return note->tid < tid || (note->tid == tid && note->kind < kind);
}

const char *look_note(const struct look *look, __u32 tid, __u32 kind)
{
	size_t low = 0, high = look->notes.count;
	const struct note_record *found;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (note_below(look->notes.items[middle], tid, kind))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == look->notes.count)
		return NULL;
	found = look->notes.items[low];
	return found->tid == tid && found->kind == kind ? found->text : NULL;
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
