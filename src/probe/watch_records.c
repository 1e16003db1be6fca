/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Writes the facts about watches as records of a look. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "look/unserved_dates.h"
#include "look/untaken.h"
#include "look/watch_facts.h"
#include "probe/internal.h"
#include "probe/owners.h"
#include "probe/watches.h"

/* Watches that one look brings along with --watches; the rest are counted as lost. */
#define WATCHES_PER_LOOK WATCH_FILES_MAX

/* Two scans of the same unread bytes tell that nobody reads them; this far apart. */
#define UNDECIDED_NS NS_PER_S

/* The same counters as before say that nothing came or went meanwhile. */
static void note_traffic(struct watched_instance *instance, __u64 traffic)
{
	bool scanned = instance->flags & INSTANCE_SCANNED;

	if (!instance->spins)
		instance->still_since_ns = 0;
	else if (!instance->still_since_ns || instance->traffic != traffic || !scanned ||
		 instance->spinner.tid != instance->spinner_then.tid) {
		instance->traffic = traffic;
		instance->spinner_then = instance->spinner;
		instance->still_since_ns = scanned ? instance->scanned_ns : 0;
	}
}

static void fill_still(struct instance_record *record, const struct watched_instance *instance)
{
	const struct spinner *now = &instance->spinner, *then = &instance->spinner_then;

	if (!instance->still_since_ns)
		return;
	record->still_since_ns = instance->still_since_ns;
	record->still_io_calls = now->io_calls && then->io_calls ? now->io_calls - then->io_calls : ~0ULL;
	record->still_sleeps = now->sleeps - then->sleeps;
	record->still_tid = now->tid;
	record->ready = instance->ready;
}

/*
 * It brings work from outside that no other takes. A unix connection beside a shared listener is the master's, mostly.
 */
static bool is_own_work(const struct watch_record *watch, const struct socket_record *socket)
{
	if (watch->flags & WATCH_SHARED || watch_role(watch, socket) == WATCH_HELPER)
		return false;
	return watch_role(watch, socket) == WATCH_UNKNOWN || socket->name.kind != SOCKET_KIND_UNIX;
}

/* Draws conclusions from the facts of the instance. */
static void judge(struct watched_instance *instance, __u64 tick_ns, __u64 long_idle, struct instance_record *record)
{
	size_t offset = 0, roles[WATCH_ROLES] = {0}, shared = 0, own = 0;
	struct socket_record *socket;
	struct watch_record *watch;
	__u64 traffic = 0;

	instance->missed = false;
	while ((watch = watch_next(&instance->facts, &offset, &socket))) {
		const char *kind = watch_kind(watch, socket);

		roles[watch_role(watch, socket)]++;
		shared += watch->flags & WATCH_SHARED ? 1 : 0;
		own += is_own_work(watch, socket) ? 1 : 0;
		watch->flags &= ~(__u32)WATCH_IDLE_UNBOUNDED;
		if (kind && !strcmp(kind, "timerfd"))
			record->flags |= INSTANCE_TIMER;
		if (!socket)
			continue;
		traffic += socket->bytes_received + socket->bytes_sent;
		if (socket->unsent_bytes || socket->unacked_bytes)
			record->flags |= INSTANCE_SENDING;
		instance->missed |= watch_is_missed(watch, socket);
		if (!watch_is_idle_unbounded(socket, tick_ns, long_idle))
			continue;
		watch->flags |= WATCH_IDLE_UNBOUNDED;
		record->idle_unbounded++;
	}
	note_traffic(instance, traffic);
	fill_still(record, instance);
	if (record->flags & INSTANCE_SCANNED && roles[WATCH_CONNECTION] == 1 && !roles[WATCH_UNKNOWN])
		record->flags |= INSTANCE_ONE_CONNECTION;
	if (record->flags & INSTANCE_SCANNED && shared && !own)
		record->flags |= INSTANCE_SHARED;
}

static int add_watch(struct buffer *buffer, const struct watch_record *watch, const struct socket_record *socket)
{
	int err = watch ? buffer_append(buffer, watch, sizeof(*watch)) : 0;

	return err || !watch || !socket ? err : buffer_append(buffer, socket, sizeof(*socket));
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

struct picked {
	const struct watch_record *watch; /* NULL: none */
	const struct socket_record *socket;
};

/* The facts that a verdict would quote. */
struct telling {
	struct picked unread; /* for longest */
	struct picked idle; /* for longest */
	struct picked ready; /* while the loop may turn for nothing */
};

static void pick(struct telling *telling, const struct watched_instance *instance, struct picked one)
{
	if (watch_is_missed(one.watch, one.socket) &&
	    (!telling->unread.watch || one.watch->unread_since_ns < telling->unread.watch->unread_since_ns))
		telling->unread = one;
	if (one.watch->flags & WATCH_IDLE_UNBOUNDED &&
	    (!telling->idle.watch || watch_idle_ns(one.socket) > watch_idle_ns(telling->idle.socket)))
		telling->idle = one;
	if (instance->spins && instance->ready == (__u32)one.watch->fd + 1)
		telling->ready = one;
}

/* Each once. */
static int add_telling(struct buffer *buffer, const struct watched_instance *instance, struct instance_record *record)
{
	struct telling telling = {0};
	struct socket_record *socket;
	struct watch_record *watch;
	size_t offset = 0;
	int err = 0;

	while ((watch = watch_next(&instance->facts, &offset, &socket)))
		pick(&telling, instance, (struct picked){watch, socket});
	if (telling.idle.watch == telling.unread.watch)
		telling.idle.watch = NULL;
	if (telling.ready.watch == telling.unread.watch || telling.ready.watch == telling.idle.watch)
		telling.ready.watch = NULL;
	record->listed = !!telling.unread.watch + !!telling.idle.watch + !!telling.ready.watch;
	err = add_watch(buffer, telling.unread.watch, telling.unread.socket);
	if (!err)
		err = add_watch(buffer, telling.idle.watch, telling.idle.socket);
	return err ? err : add_watch(buffer, telling.ready.watch, telling.ready.socket);
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

/* Nothing has moved so far: a look later tells whether it stays so. */
static bool may_still_spin(const struct watched_instance *instance)
{
	return instance->spins && instance->ready && instance->still_since_ns == instance->scanned_ns;
}

__u64 probe_undecided(const struct probe *probe)
{
	size_t i;

	if (untaken_is_open(&probe->look->bytes, probe->clock.offset_ns))
		return UNTAKEN_NS + NS_PER_S / 10;

	for (i = 0; i < probe->watches->count; i++)
		if (probe->watches->items[i].missed)
			return UNDECIDED_NS;
	for (i = 0; i < probe->watches->count; i++)
		if (may_still_spin(&probe->watches->items[i]))
			return UNDECIDED_NS;
	return unserved_is_open(&probe->owners->epolls, &probe->look->bytes) ? UNDECIDED_NS : 0;
}

struct watch_cache *probe_watches_new(void)
{
	return calloc(1, sizeof(struct watch_cache));
}

/* They sleep on, and are left out at each look: it is told once, and again when they become more. */
