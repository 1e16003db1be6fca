/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What was found out about watches, as records of a look. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "look/unserved_dates.h"
#include "look/watch_facts.h"
#include "probe/internal.h"
#include "probe/owners.h"
#include "probe/watches.h"

/* Watches that one look brings along with --watches; the rest are counted as lost. */
#define WATCHES_PER_LOOK WATCH_FILES_MAX

/* Two scans of the same unread bytes tell that nobody reads them; this far apart. */
#define UNDECIDED_NS NS_PER_S

/* What the instance's facts come to. */
static void judge(struct watched_instance *instance, __u64 tick_ns, __u64 long_idle, struct instance_record *record)
{
	size_t offset = 0, roles[WATCH_ROLES] = {0};
	struct socket_record *socket;
	struct watch_record *watch;

	instance->missed = false;
	while ((watch = watch_next(&instance->facts, &offset, &socket))) {
		const char *kind = watch_kind(watch, socket);

		roles[watch_role(watch, socket)]++;
		watch->flags &= ~(__u32)WATCH_IDLE_UNBOUNDED;
		if (kind && !strcmp(kind, "timerfd"))
			record->flags |= INSTANCE_TIMER;
		if (!socket)
			continue;
		if (socket->unsent_bytes || socket->unacked_bytes)
			record->flags |= INSTANCE_SENDING;
		instance->missed |= watch_is_missed(watch, socket);
		if (!watch_is_idle_unbounded(socket, tick_ns, long_idle))
			continue;
		watch->flags |= WATCH_IDLE_UNBOUNDED;
		record->idle_unbounded++;
	}
	if (record->flags & INSTANCE_SCANNED && roles[WATCH_CONNECTION] == 1 && !roles[WATCH_UNKNOWN])
		record->flags |= INSTANCE_ONE_CONNECTION;
}

static int add_watch(struct buffer *buffer, const struct watch_record *watch, const struct socket_record *socket)
{
	int err = watch ? buffer_append(buffer, watch, sizeof(*watch)) : 0;

	return err || !socket ? err : buffer_append(buffer, socket, sizeof(*socket));
}

static int add_all_watches(struct probe *probe, struct buffer *buffer, const struct watched_instance *instance,
			   struct instance_record *record, size_t *room)
{
	struct socket_record *socket;
	struct watch_record *watch;
	size_t offset = 0;
	int err = 0;

	while (!err && record->listed < *room && (watch = watch_next(&instance->facts, &offset, &socket))) {
		err = add_watch(buffer, watch, socket);
		record->listed++;
	}
	*room -= record->listed;
	probe->losses.count[LOST_WATCHES] += instance->watches - record->listed;
	return err;
}

/* What a verdict would quote: what has been unread for longest, and what has been idle for longest. */
static int add_telling(struct buffer *buffer, const struct watched_instance *instance, struct instance_record *record)
{
	const struct watch_record *unread = NULL, *idle = NULL;
	const struct socket_record *unread_socket = NULL, *idle_socket = NULL;
	struct socket_record *socket;
	struct watch_record *watch;
	size_t offset = 0;
	int err;

	while ((watch = watch_next(&instance->facts, &offset, &socket))) {
		if (watch_is_missed(watch, socket) && (!unread || watch->unread_since_ns < unread->unread_since_ns)) {
			unread = watch;
			unread_socket = socket;
		}
		if (watch->flags & WATCH_IDLE_UNBOUNDED &&
		    (!idle || watch_idle_ns(socket) > watch_idle_ns(idle_socket))) {
			idle = watch;
			idle_socket = socket;
		}
	}
	if (idle == unread)
		idle = NULL, idle_socket = NULL;
	record->listed = !!unread + !!idle;
	err = add_watch(buffer, unread, unread_socket);
	return err ? err : add_watch(buffer, idle, idle_socket);
}

static int add_instance_record(struct probe *probe, struct buffer *buffer, struct watched_instance *instance,
			       size_t *room)
{
	struct instance_record record = {
		.header = {RECORD_INSTANCE, sizeof(record)},
		.process_start_ns = instance->process_start_ns,
		.seen_ns = instance->scanned_ns,
		.pid = instance->pid,
		.fd = instance->fd,
		.flags = instance->flags,
		.watches = instance->watches,
		.edge = instance->edge,
		.oneshot = instance->oneshot,
	};
	size_t at = buffer->size;
	int err = buffer_append(buffer, &record, sizeof(record));

	judge(instance, probe->attached.skeleton->rodata->cfg_tick_ns, probe->long_idle_ns, &record);
	if (!err)
		err = probe->scope.watches ? add_all_watches(probe, buffer, instance, &record, room)
					   : add_telling(buffer, instance, &record);
	if (!err)
		memcpy(buffer->data + at, &record, sizeof(record));
	return err;
}

int probe_watches_add_records(struct probe *probe, struct buffer *buffer)
{
	size_t i, room = WATCHES_PER_LOOK;
	int err = 0;

	for (i = 0; i < probe->watches->count && !err; i++)
		if (probe->watches->items[i].scanned_ns)
			err = add_instance_record(probe, buffer, &probe->watches->items[i], &room);
	return err;
}

__u64 probe_undecided(const struct probe *probe)
{
	size_t i;

	for (i = 0; i < probe->watches->count; i++)
		if (probe->watches->items[i].missed)
			return UNDECIDED_NS;
	return unserved_is_open(&probe->owners->epolls, &probe->look->bytes) ? UNDECIDED_NS : 0;
}

struct watch_cache *probe_watches_new(void)
{
	return calloc(1, sizeof(struct watch_cache));
}

/* They sleep on, and are left out at each look: it is told once, and again when they become more. */
