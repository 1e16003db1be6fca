/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The socket scan: which network namespaces a look walks, and what it brings along. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "look/records.h"
#include "probe/load/load.h"
#include "probe/namespaces.h"
#include "system/socket_counts.h"

/* A look's budget for namespaces in which nothing has happened: ns at most, and which part of its interval. */
#define TURN_BUDGET_NS 10000000
#define TURN_SHARE     100

/* Bytes of a look up to which it takes half-open connections along. */
#define REQUESTS_MAX (LOOK_MAX / 8 * 7)

/* CPU time of a scan. */
#define DEAR_NS 20000000

/*
 * Makes the iterator inside the namespace. Returns its descriptor or a negative errno; -ENOENT also where there is
 * nothing to be scanned: most namespaces have their connections in the machine's table, and to walk that takes
 * milliseconds for each.
 */
static int make_iterator(struct probe *probe, const struct probe_namespace *namespace)
{
	int iterator = probe_namespace_enter(probe, namespace);

	if (iterator)
		return iterator;
	if (socket_counts_none_here()) {
		probe_namespace_leave(probe, namespace);
		return -ENOENT;
	}
	if (!probe_features()->local_storage)
		probe_cookies_of_listeners();
	iterator = bpf_iter_create(bpf_link__fd(probe->attached.socket_iter));
	probe_namespace_leave(probe, namespace);
	return iterator;
}

/* Whether the records say that something is pending there, so that the next look must come back. */
static bool has_activity(const struct buffer *buffer, size_t offset)
{
	const struct listener_record *listener;
	struct record_header *header;

	while ((header = record_next(buffer, &offset))) {
		if (header->type == RECORD_SERVICE && !((const struct service_record *)(const void *)header)->pending)
			continue;
		if (header->type != RECORD_LISTENER)
			return true;
		listener = (const void *)header;
		if (listener->accept_queue || listener->syn_queue)
			return true;
	}
	return false;
}

static int add_netns_record(struct buffer *buffer, const struct probe_namespace *namespace)
{
	struct netns_record record = {
		.header = {RECORD_NETNS, sizeof(record)},
		.netns = namespace->inode,
		.put_off = namespace->put_off,
	};

	memcpy(record.name, namespace->name, strnlen(namespace->name, sizeof(record.name) - 1));
	return buffer_append(buffer, &record, sizeof(record));
}

/*
 * One whose sockets cost this much, and more than half of what looks may, is not scanned at each of them: a flood in
 * one namespace is to make nothing else late. With --all, and at a single look, everything is there every time.
 */
static bool can_be_put_off(const struct probe *probe, const struct probe_namespace *namespace)
{
	return namespace->cost_ns > DEAR_NS && namespace->cost_ns * 2 * BUDGET_DIVISOR > probe->pace.interval_ns &&
	       !probe->scope.all && !probe->pace.once;
}

static bool is_put_off(const struct probe *probe, const struct probe_namespace *namespace)
{
	return can_be_put_off(probe, namespace) && !budget_is_paid(&probe->budget);
}

/* Keeps the listeners of the scan that the buffer has from offset on. */
static int keep_listeners(struct probe_namespace *namespace, const struct buffer *buffer, size_t offset)
{
	const struct record_header *header;
	int err = 0;

	buffer_reset(&namespace->listeners);
	while (!err && (header = record_next(buffer, &offset)))
		if (header->type == RECORD_LISTENER)
			err = buffer_append(&namespace->listeners, header, header->size);
	return err;
}

/* Stalls of it go on (stalls.c), and its listeners are there as they were. */
static int put_off(struct probe_namespace *namespace, struct buffer *buffer)
{
	namespace->put_off = true;
	return buffer_append(buffer, namespace->listeners.data, namespace->listeners.size);
}

/* ---- First requests without an answer ---- */

/*
 * BPF keeps the connections that were answered (held.bpf.h): a request looks its siblings up once all of them have come
 * by.
 */
static struct siblings look_up(int map, const struct held_record *held, const struct socket_record *socket)
{
	struct sibling_key key = {.instance = held->instance, .peer_port = socket->name.peer_port};
	struct siblings found;

	memcpy(key.peer_addr, socket->name.peer_addr, sizeof(key.peer_addr));
	if (bpf_map_lookup_elem(map, &key, &found))
		memset(&found, 0, sizeof(found));
	return found;
}

/* Nothing else is wrong with it, as far as one look shows: then it is one of many that only talk. */
static bool is_no_matter(const struct held_record *held, const struct socket_record *socket)
{
	return held->flags & HELD_FIRST && !held->siblings && !(held->flags & HELD_POLL_ALONE) &&
	       !socket->packets_out && !socket->unsent_bytes && !socket->probes_out && !socket->backoff;
}

static void fill(const struct probe *probe, struct held_record *held, const struct socket_record *socket)
{
	const struct sockstall_bpf *skeleton = probe->attached.skeleton;
	struct siblings siblings = look_up(bpf_map__fd(skeleton->maps.siblings_kept), held, socket);

	held->siblings = siblings.answered;
	held->siblings_slowest_ns = siblings.slowest * skeleton->rodata->cfg_tick_ns;
	held->instance = 0;
}

static void cut(struct buffer *buffer, size_t from, size_t to)
{
	memmove(buffer->data + from, buffer->data + to, buffer->size - to);
	buffer->size -= to - from;
}

static void find_siblings(const struct probe *probe, struct buffer *buffer, size_t offset)
{
	struct record_header *header;
	size_t at, end;

	for (at = end = offset; (header = record_next(buffer, &end)); at = end) {
		struct held_record *held = (void *)header;
		struct record_header *socket;

		if (header->type != RECORD_HELD || !held->instance)
			continue;
		socket = record_next(buffer, &end);
		if (!socket || socket->type != RECORD_SOCKET)
			return;
		fill(probe, held, (const void *)socket);
		if (!is_no_matter(held, (const void *)socket))
			continue;
		cut(buffer, at, end);
		end = at;
	}
}

/* ---- Each namespace ---- */

/* The room in the look that is left for requests. Other sockets are fewer, and get in even in a flood. */
static __u64 requests_room(const struct buffer *buffer)
{
	return buffer->size < REQUESTS_MAX ? (REQUESTS_MAX - buffer->size) / sizeof(struct request_record) : 0;
}

/* Returns 0 also where the namespace has vanished: that is counted, and the others go on. */
static int scan_one(struct probe *probe, struct probe_namespace *namespace, struct buffer *buffer)
{
	__u64 began_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	size_t offset = buffer->size;
	int fd, err;

	namespace->scanned = probe->looks;
	probe->attached.skeleton->bss->turns_since_ns = clock_ns(CLOCK_MONOTONIC) - namespace->scanned_ns;
	probe->attached.skeleton->bss->turns_first = !namespace->scanned_ns;
	namespace->scanned_ns = clock_ns(CLOCK_MONOTONIC);
	fd = make_iterator(probe, namespace);
	if (fd < 0) {
		namespace->active &= fd != -ENOENT;
		/* Gone meanwhile is no loss: there is nothing left to see. */
		if (fd != -ENOENT && fd != -ESTALE)
			probe->losses.count[LOST_NETNS]++;
		return 0;
	}
	probe->attached.skeleton->bss->requests_room = requests_room(buffer);
	if (probe->use_services)
		probe_services_begin(probe);
	err = probe_read_fd(fd, buffer, &probe->losses.count[LOST_SOCKETS]);
	close(fd);
	if (!err && BIT(probe->scope.command) & HELD)
		find_siblings(probe, buffer, offset);
	probe->losses.count[LOST_SOCKETS] += probe->attached.skeleton->bss->lost_requests;
	probe->attached.skeleton->bss->lost_requests = 0;
	if (!err)
		err = probe_unix_scan(probe, namespace, buffer);
	if (!err && probe->use_services)
		err = probe_services_take(probe, buffer);
	if (!err)
		err = probe_dns_scan(probe, namespace, buffer);
	if (err)
		return err;
	namespace->active = has_activity(buffer, offset);
	namespace->cost_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - began_ns;
	if (!can_be_put_off(probe, namespace))
		return 0;
	probe->did_put_off = true;
	return keep_listeners(namespace, buffer, offset);
}

static bool is_asked_for(const struct probe *probe, const struct probe_namespace *namespace)
{
	const struct selection *selection = &probe->scope.selection;
	bool wanted = !selection->netns_count;
	size_t i;

	for (i = 0; i < selection->netns_count && !wanted; i++)
		wanted = selection->netns_inodes[i] == namespace->inode;
	return wanted || probe_is_about_chains(probe);
}

/* Chains lead from one to another, and are shown if one of their links is in one that is asked for. */
static bool is_wanted(const struct probe *probe, const struct probe_namespace *namespace)
{
	return probe->use_chains || is_asked_for(probe, namespace);
}

static bool can_be_entered(const struct probe *probe, const struct probe_namespace *namespace)
{
	return !probe->namespaces->only_own || namespace->inode == probe->namespaces->own_inode;
}

/* Wanted, and can be entered. */
static bool is_scanned(const struct probe *probe, const struct probe_namespace *namespace)
{
	return is_wanted(probe, namespace) && can_be_entered(probe, namespace);
}

/* New, not quiet, or everything is asked for. */
static bool is_due(const struct probe *probe, const struct probe_namespace *namespace)
{
	return !namespace->scanned || namespace->active || probe->scope.all || probe->pace.once ||
	       probe->show_services || namespace->inode == probe->namespaces->own_inode;
}

static int scan_due(struct probe *probe, struct buffer *buffer)
{
	size_t i;
	int err = 0;

	for (i = 0; i < probe->namespaces->count && !err; i++) {
		struct probe_namespace *namespace = &probe->namespaces->items[i];

		if (is_scanned(probe, namespace) && is_due(probe, namespace))
			err = is_put_off(probe, namespace) ? put_off(namespace, buffer)
							   : scan_one(probe, namespace, buffer);
	}
	return err;
}

/* However often there are looks, a hundredth of a CPU, and no look is late for it. */
static __u64 turn_budget(const struct probe *probe)
{
	__u64 share_ns = probe->pace.interval_ns / TURN_SHARE;

	return share_ns < TURN_BUDGET_NS ? share_ns : TURN_BUDGET_NS;
}

/* The quiet ones in turn, for as long as that lasts, but one at least. */
static int scan_in_turn(struct probe *probe, struct buffer *buffer)
{
	struct probe_namespaces *namespaces = probe->namespaces;
	__u64 deadline = clock_ns(CLOCK_MONOTONIC) + turn_budget(probe);
	size_t i;
	int err = 0;

	for (i = 0; i < namespaces->count && !err && clock_ns(CLOCK_MONOTONIC) < deadline; i++) {
		struct probe_namespace *namespace = &namespaces->items[namespaces->next++ % namespaces->count];

		if (is_scanned(probe, namespace) && namespace->scanned != probe->looks && !is_put_off(probe, namespace))
			err = scan_one(probe, namespace, buffer);
	}
	return err;
}

/* Whose accept queue a connection lies in: the owner of that listener is what would be missing. */
static void settle_queued(struct probe *probe)
{
	struct sockstall_bpf__bss *bss = probe->attached.skeleton->bss;

	if (bss->noted_queued)
		probe_map_empty(probe->attached.skeleton->maps.queued_sockets);
	probe->losses.count[LOST_OWNERS] += bss->lost_queued;
	bss->noted_queued = bss->lost_queued = 0;
}

/*
 * Turns of connections that are gone stay where they are. A table that gets full begins anew: what was seen is
 * forgotten.
 */
static void settle_turns(struct probe *probe)
{
	struct sockstall_bpf__bss *bss = probe->attached.skeleton->bss;

	if (bss->turns_noted > bpf_map__max_entries(probe->attached.skeleton->maps.turns_kept) / 8 * 7) {
		probe_map_empty(probe->attached.skeleton->maps.turns_kept);
		bss->turns_noted = 0;
	}
	if (bss->siblings_noted > bpf_map__max_entries(probe->attached.skeleton->maps.siblings_kept) / 8 * 7) {
		probe_map_empty(probe->attached.skeleton->maps.siblings_kept);
		bss->siblings_noted = 0;
	}
	probe->losses.count[LOST_SOCKETS] += bss->turns_lost;
	bss->turns_lost = 0;
}

/* For a look that takes the place of this one. */
static int keep_scan(struct probe *probe, const struct buffer *buffer, size_t offset)
{
	buffer_reset(&probe->scanned);
	return buffer_append(&probe->scanned, buffer->data + offset, buffer->size - offset);
}

int probe_namespaces_scan(struct probe *probe, struct buffer *buffer)
{
	size_t offset = buffer->size;
	int err;

	/* With chains there are more namespaces than are asked for. */
	if (probe->again && !probe->scope.selection.netns_count)
		return buffer_append(buffer, probe->scanned.data, probe->scanned.size);
	err = scan_due(probe, buffer);

	if (!err)
		err = scan_in_turn(probe, buffer);
	settle_queued(probe);
	if (BIT(probe->scope.command) & HELD)
		settle_turns(probe);
	if (!err && probe_may_repeat(probe))
		err = keep_scan(probe, buffer, offset);
	return err;
}

int probe_namespaces_name(struct probe *probe, struct buffer *buffer)
{
	size_t i;
	int err = 0;

	for (i = 0; i < probe->namespaces->count && !err; i++)
		if (is_wanted(probe, &probe->namespaces->items[i]))
			err = add_netns_record(buffer, &probe->namespaces->items[i]);
	return err;
}

size_t probe_namespaces_wanted(const struct probe *probe)
{
	size_t i, count = 0;

	for (i = 0; i < probe->namespaces->count; i++)
		count += is_asked_for(probe, &probe->namespaces->items[i]) &&
			 (!probe->use_sockets || can_be_entered(probe, &probe->namespaces->items[i]));
	return count;
}

size_t probe_namespaces_put_off(const struct probe *probe)
{
	size_t i, count = 0;

	for (i = 0; i < probe->namespaces->count && probe->use_sockets; i++)
		count += is_scanned(probe, &probe->namespaces->items[i]) &&
			 can_be_put_off(probe, &probe->namespaces->items[i]);
	return count < UINT16_MAX ? count : UINT16_MAX;
}
