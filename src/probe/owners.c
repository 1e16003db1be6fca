/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Owners of sockets. Walking every descriptor of every process is the dearest scan. So it is made only if the look
 * holds something whose owner is not known, and its result is kept for a while.
 */
#include "probe/owners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "look/unserved_dates.h"
#include "probe/load/load.h"

/* After this long, what is known of owners is looked up again. */
#define OWNERS_MAX_AGE_NS 5000000000ULL

static bool inodes_are_known(const struct owner_cache *cache, const struct wanted *wanted)
{
	const __u64 *inodes = (const void *)wanted->inodes.data;
	size_t i, count = wanted->inodes.size / sizeof(*inodes);

	for (i = 0; i < count; i++)
		if (!owner_cache_knows_inode(cache, inodes[i]))
			return false;
	return true;
}

static bool pipes_are_known(const struct owner_cache *cache, const struct wanted *wanted)
{
	const struct wanted_pipe *pipes = (const void *)wanted->pipes.data;
	size_t i, count = wanted->pipes.size / sizeof(*pipes);

	for (i = 0; i < count; i++)
		if (!owner_cache_knows_pipe(cache, pipes[i].inode))
			return false;
	return true;
}

static bool scan_is_due(const struct probe *probe, const struct wanted *wanted, __u64 now)
{
	const struct owner_cache *cache = probe->owners;
	size_t i, count = wanted->cookies.size / sizeof(__u64);
	const __u64 *cookies = (const void *)wanted->cookies.data;

	if (!probe->attached.file_iter)
		return false;
	if (probe->use_chains)
		return true;
	if (!inodes_are_known(cache, wanted) || !pipes_are_known(cache, wanted) ||
	    unserved_is_due(&cache->epolls, cache->scanned_ns, now))
		return true;
	count += wanted->inodes.size / sizeof(__u64) + wanted->pipes.size / sizeof(struct wanted_pipe);
	if (wanted->sockets || wanted->epolls || (count && now - cache->scanned_ns > OWNERS_MAX_AGE_NS))
		return true;
	for (i = 0; i < wanted->cookies.size / sizeof(__u64); i++)
		if (!owner_cache_knows(cache, cookies[i]))
			return true;
	return false;
}

static bool is_suspect(const struct probe *probe, const struct epoll_record *epoll)
{
	return (epoll->unread && !epoll->waiters) || probe_is_asked_for(probe, epoll->pid);
}

/*
 * Tells the next thread scan to report all threads of processes with unread epoll events, or named with --pid. If
 * the map is full, count at least one lost thread per process. The instances of a process are adjacent.
 */
static void note_suspects(struct probe *probe)
{
	const struct bpf_map *map = probe->attached.skeleton->maps.suspects;
	const struct epoll_record *epoll = (const void *)probe->owners->epolls.data;
	size_t i, count = probe->owners->epolls.size / sizeof(*epoll);
	__u32 left_out = 0;

	probe_map_empty(map);
	for (i = 0; i < count; i++)
		if (is_suspect(probe, &epoll[i]) && epoll[i].pid != left_out &&
		    bpf_map_update_elem(bpf_map__fd(map), &epoll[i].pid, &epoll[i].process_start_ns, BPF_ANY)) {
			left_out = epoll[i].pid;
			probe->losses.count[LOST_THREADS]++;
		}
}

static int scan_files(struct probe *probe, __u64 now)
{
	struct buffer scan = {0};
	int err = probe_read_iter(probe->attached.file_iter, &scan, &probe->losses.count[LOST_OWNERS]);

	if (!err) {
		probe_cookies_of_owners(probe, &scan);
		err = owner_cache_take(probe->owners, &scan, !!probe->attached.counting_since_ns);
	}
	buffer_free(&scan);
	probe_map_empty(probe->attached.skeleton->maps.unserved_instances);
	probe->owners->scanned_ns = now;
	if (!err && probe->use_loops)
		note_suspects(probe);
	return err;
}

/* Remembers which cookies have no owner, so that they do not cause a walk at every look. */
static void remember_missed(struct owner_cache *cache, struct wanted *wanted)
{
	size_t i, count = wanted->cookies.size / sizeof(__u64);
	const __u64 *cookies = (const void *)wanted->cookies.data;
	__u64 *missed = reallocarray(cache->missed, count ? count : 1, sizeof(*missed));

	cache->missed_count = 0;
	if (!missed)
		return;
	cache->missed = missed;
	for (i = 0; i < count; i++)
		if (!owner_cache_find(cache, cookies[i]))
			missed[cache->missed_count++] = cookies[i];
}

/* Likewise of inodes; those that are known go over to the cookies. */
static int resolve_inodes(struct owner_cache *cache, struct wanted *wanted, bool scanned)
{
	const __u64 *inodes = (const void *)wanted->inodes.data;
	size_t i, count = wanted->inodes.size / sizeof(*inodes);
	__u64 *missed = scanned ? reallocarray(cache->missed_inodes, count + 1, sizeof(*missed)) : NULL;
	__u64 cookie;
	int err = 0;

	if (scanned && !missed)
		return -ENOMEM;
	if (scanned) {
		cache->missed_inodes = missed;
		cache->missed_inode_count = 0;
	}
	for (i = 0; i < count && !err; i++) {
		cookie = owner_cache_cookie(cache, inodes[i]);
		if (cookie)
			err = wanted_cookie(wanted, cookie);
		else if (missed)
			missed[cache->missed_inode_count++] = inodes[i];
	}
	return err;
}

/* The ends of awaited connections, with their owners; one that several processes share comes by more than once. */
static int add_connections(const struct owner_cache *cache, struct wanted *wanted, struct buffer *buffer)
{
	struct socket_record *sockets = (void *)cache->connections.data;
	size_t i, count = cache->connections.size / sizeof(*sockets);
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		sockets[i].name.cookie = owner_cache_cookie(cache, sockets[i].name.inode);
		err = wanted_cookie(wanted, sockets[i].name.cookie);
		if (!err)
			err = buffer_append(buffer, &sockets[i], sizeof(sockets[i]));
	}
	return err;
}

/* The walk may be this look's, or an earlier one, in which the pipes had other numbers. */
static int add_pipes(const struct owner_cache *cache, const struct wanted *wanted, bool scanned, struct buffer *buffer)
{
	if (scanned)
		return buffer_append(buffer, cache->pipes.data, cache->pipes.size);
	return owner_cache_add_pipes(cache, wanted, buffer);
}

int probe_owners_add(struct probe *probe, struct buffer *buffer)
{
	__u64 now = clock_ns(CLOCK_MONOTONIC);
	struct wanted wanted = {0};
	int err = wanted_collect(probe, buffer, &wanted);
	bool scanned = !err && scan_is_due(probe, &wanted, now);

	wanted_sort(&wanted);
	if (scanned) {
		err = scan_files(probe, now);
		remember_missed(probe->owners, &wanted);
		if (!err && wanted.sockets)
			owner_cache_patch(probe->owners, buffer);
	}
	if (wanted.marked)
		probe_map_empty(probe->attached.skeleton->maps.wanted_sockets);
	if (probe->use_chains)
		probe_map_empty(probe->attached.skeleton->maps.wanted_peers);
	if (wanted.pipes.size)
		probe_map_empty(probe->attached.skeleton->maps.wanted_pipes);
	if (!err && probe->use_chains)
		err = add_connections(probe->owners, &wanted, buffer);
	if (!err)
		err = add_pipes(probe->owners, &wanted, scanned, buffer);
	if (!err)
		err = resolve_inodes(probe->owners, &wanted, scanned);
	wanted_sort(&wanted);
	if (!err)
		err = owner_cache_add(probe->owners, &wanted, buffer);
	if (!err)
		err = buffer_append(buffer, probe->owners->epolls.data, probe->owners->epolls.size);
	wanted_free(&wanted);
	return err;
}

int probe_suspects_find(struct probe *probe)
{
	return probe->attached.file_iter ? scan_files(probe, clock_ns(CLOCK_MONOTONIC)) : 0;
}
