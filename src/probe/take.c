/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Taking looks: see probe.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "code/unwinder.h"
#include "look/records.h"
#include "probe/internal.h"
#include "probe/maps.h"
#include "system/syscalls.h"

/* How often the first look tries to read two clocks at one moment. */
#define CLOCK_TRIES 10

static int add_lost(struct buffer *buffer, __u32 where, __u64 count)
{
	struct lost_record record = {.header = {RECORD_LOST, sizeof(record)}, .where = where, .count = count};

	return count ? buffer_append(buffer, &record, sizeof(record)) : 0;
}

/* Takes BPF's counts since the start. Their growth since the look before is lost in this look. */
static void take_counted(struct probe *probe)
{
	const struct sockstall_bpf__bss *bss = probe->attached.skeleton->bss;
	__u64 events = bss->lost_events, loops = bss->lost_loops;

	probe->losses.count[LOST_EVENTS] = events - probe->told_events;
	probe->losses.count[LOST_LOOPS] = loops - probe->told_loops;
	probe->told_events = events;
	probe->told_loops = loops;
}

static int add_losses(struct probe *probe, struct buffer *buffer)
{
	__u32 where;
	int err = 0;

	take_counted(probe);
	for (where = 0; where < LOST_KINDS && !err; where++)
		err = add_lost(buffer, where, probe->losses.count[where]);
	if (!err)
		err = probe_add_lost_processes(probe, buffer);
	memset(&probe->losses, 0, sizeof(probe->losses));
	return err;
}

/* Called by the ring buffer for each event; what happened marks its namespace for the socket scan. */
int probe_on_event(void *context, void *data, size_t size)
{
	struct probe *probe = context;
	const struct event_record *event = data;

	probe_namespace_mark(probe, event->name.netns);
	return buffer_append(&probe->look->bytes, data, size);
}

static int add_events(struct probe *probe)
{
	int got = probe->events ? ring_buffer__consume(probe->events) : 0;

	return got < 0 ? got : 0;
}

/* The head is written first, so that it is the first record, and completed at the end. */
static int begin_look(struct probe *probe, struct look *look)
{
	struct look_record head = {
		.header = {RECORD_LOOK, sizeof(head)},
		.number = ++probe->looks - probe->repeated,
		.seen_ns = clock_ns(CLOCK_MONOTONIC),
		.realtime_ns = clock_ns(CLOCK_REALTIME),
		.boottime_ns = clock_ns(CLOCK_BOOTTIME),
		.previous_ns = probe->previous_ns,
		.tick_ns = probe->attached.skeleton->rodata->cfg_tick_ns,
		.interval_ns = probe->pace.interval_ns,
		.stretched_ns = probe->stretched_ns,
		.cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID),
	};

	probe->look_before_ns = probe->previous_ns;
	probe->previous_ns = head.seen_ns;
	probe->look = look;
	look_reset(look);
	return buffer_append(&look->bytes, &head, sizeof(head));
}

static void finish_head(struct probe *probe, struct look *look)
{
	struct look_record *head = (void *)look->bytes.data;

	head->sched_offset_ns = probe->clock.offset_ns;
	head->sched_offset_valid = probe->clock.valid;
	head->long_idle_ns = probe->long_idle_ns;
	head->namespaces = (__u32)probe_namespaces_wanted(probe);
	head->put_off = (__u16)probe_namespaces_put_off(probe);
	head->has_chains = probe->use_chains;
	if (!probe->use_loops)
		return;
	head->watch_limit = probe_watch_limit();
	probe_open_files(&head->open_files, &head->file_limit);
}

/*
 * After a signal the kernel may go on with a poll as restart_syscall, which is on no tracepoint of ours. Only
 * where the thread sleeps tells; and where it does not, the moment of its return is not known.
 */
static void settle_wait(struct loop_record *loop, const struct thread_record *thread)
{
	if (loop->waiting != LOOP_INTERRUPTED)
		return;
	if (thread->flags & THREAD_SLEEPING && !strcmp(thread->syscall_name, "restart_syscall")) {
		loop->waiting = LOOP_WAITING;
		loop->entered_ns = loop->returned_ns;
	} else {
		loop->waiting = LOOP_OUTSIDE;
		loop->returned_ns = 0;
	}
}

static void describe_syscalls(struct buffer *buffer, size_t offset)
{
	struct thread_record *thread = NULL;
	struct record_header *header;

	while ((header = record_next(buffer, &offset))) {
		if (header->type == RECORD_THREAD) {
			thread = (void *)header;
			syscall_describe(thread);
		} else if (header->type == RECORD_LOOP && thread) {
			settle_wait((void *)header, thread);
		}
	}
}

/* The iterator is made before the nap: as little as can be lies between waking up and the first record. */
static int scan_threads_once(struct probe *probe, struct buffer *buffer)
{
	int err, fd = bpf_iter_create(bpf_link__fd(probe->attached.thread_iter));

	if (fd < 0)
		return fd;
	probe_clock_prepare(&probe->clock);
	err = probe_read_fd(fd, buffer, &probe->losses.count[LOST_THREADS]);
	close(fd);
	probe_clock_finish(&probe->clock, probe->attached.skeleton);
	return err;
}

/* Without CONFIG_SCHED_INFO. Then no clock of the scheduler's is in the records. */
static int date_sleeps(struct probe *probe, struct buffer *buffer, size_t offset)
{
	if (probe_is_first(probe) && !probe->again)
		fprintf(stderr,
			"sockstall: this kernel does not record when threads fall asleep (CONFIG_SCHED_INFO is off): "
			"ages count from the first look that sees them, and the true ages may be longer\n");
	probe->clock.offset_ns = 0;
	probe->clock.valid = true;
	return sleeps_date(&probe->sleeps, buffer, offset);
}

/*
 * On a busy machine sockstall may be switched out just when it reads the clocks. Later looks then go on
 * with what an earlier one found out; the first has to try again, for without it no sleep has an age.
 */
static int scan_threads(struct probe *probe, struct buffer *buffer)
{
	size_t offset = buffer->size;
	int err, tries = 0;

	do {
		buffer->size = offset;
		err = scan_threads_once(probe, buffer);
	} while (!err && !probe->clock.valid && probe_is_first(probe) &&
		 probe->attached.skeleton->bss->self_last_arrival && ++tries < CLOCK_TRIES);
	if (!err && !probe->attached.skeleton->bss->self_last_arrival)
		err = date_sleeps(probe, buffer, offset);
	describe_syscalls(buffer, offset);
	if (!probe_may_repeat(probe)) /* else the maxima that it counts are kept until the look is over */
		probe->attached.skeleton->bss->look_epoch++;
	if (!err && probe->scope.command == COMMAND_THREADS)
		err = probe_space_add(probe, buffer, offset, probe->scope.selection.pids,
				      probe->scope.selection.pid_count);
	else if (!err && probe->wants.threads_of)
		err = probe_space_add(probe, buffer, offset, &probe->wants.threads_of, 1);
	return err;
}

/* What is known of the threads and sockets that were found. */
static int add_facts(struct probe *probe, struct buffer *buffer)
{
	const struct scan scan = probe_scan(probe);
	int err = probe_owners_add(probe, buffer);

	if (!err && probe->use_services)
		err = probe_services_suspect(probe, buffer);
	if (!err)
		err = spoken_write(&probe->spoken, buffer, probe->attached.skeleton->rodata->cfg_tick_ns);
	if (!err && probe->use_chains)
		err = probe_addresses_add(probe, buffer);
	if (!err && probe->use_sockets)
		err = probe_connects_note(probe->connects, probe->owners, &scan, buffer);
	if (!err && probe->use_loops)
		err = probe_usage_add(probe->usage, &scan, buffer);
	if (!err && (probe->use_loops || probe->attached.stack_iter || probe->scope.command == COMMAND_THREADS))
		err = probe_notes_add(probe, buffer);
	if (!err && probe->attached.thread_iter)
		err = probe_locks_add(probe, buffer);
	if (!err)
		err = probe_unread_add(probe->unread, &scan, buffer);
	if (!err)
		err = probe_processes_add(probe->processes, &scan, buffer);
	if (!err)
		err = probe_titles_add(probe->titles, &scan, buffer);
	return err;
}

static int fill(struct probe *probe, struct look *look)
{
	struct buffer *buffer = &look->bytes;
	int err = 0;

	if (probe->use_loops && probe_is_first(probe) && !probe->again)
		err = probe_suspects_find(probe);
	if (!err && probe->attached.thread_iter)
		err = scan_threads(probe, buffer);
	if (!err && probe->attached.use_watches)
		err = probe_watches_add(probe, buffer);
	if (!err)
		err = probe_namespaces_find(probe);
	if (!err)
		err = add_events(probe);
	if (!err && probe->use_sockets)
		err = probe_namespaces_scan(probe, buffer);
	probe_cookies_draw(probe, buffer);
	if (!err)
		err = probe_namespaces_name(probe, buffer);
	if (!err && probe->use_sockets)
		err = full_dates_write(&probe->full, buffer);
	if (!err && probe->use_sockets)
		err = queue_dates_write(&probe->queued, buffer, probe->previous_ns);
	if (!err && probe->use_services)
		err = service_history_write(&probe->services, buffer);
	return err ?: add_facts(probe, buffer);
}

/* All that was spent since the last time: what is made of a look, too. */
static void account(struct probe *probe)
{
	budget_spend(&probe->budget, clock_ns(CLOCK_THREAD_CPUTIME_ID), clock_ns(CLOCK_MONOTONIC), probe->did_put_off);
}

/* The two looks may have lost the same. */
static void keep_larger(struct losses *losses, const struct losses *before)
{
	for (size_t i = 0; i < LOST_KINDS; i++)
		if (losses->count[i] < before->count[i])
			losses->count[i] = before->count[i];
}

/* Reads of processes that failed are not tried again, and stay lost. */
static int take_again(struct probe *probe, struct look *look)
{
	struct losses before = probe->losses;
	int err;

	memset(&probe->losses, 0, sizeof(probe->losses));
	probe->repeated++;
	probe->previous_ns = probe->look_before_ns;
	probe->again = true;
	err = begin_look(probe, look);
	if (!err)
		err = fill(probe, look);
	probe->again = false;
	keep_larger(&probe->losses, &before);
	return err;
}

/* Something may be part of a chain: the same look with chains. */
static int take_with_chains(struct probe *probe, struct look *look)
{
	int err, found;

	if (!probe->causes.may_have || probe->use_chains || probe->causes.no_room || !probe_may_repeat(probe))
		return 0;
	finish_head(probe, look);
	err = look_index(look);
	found = err ? 0 : probe->causes.may_have(probe->causes.context, look);
	if (err || found <= 0)
		return err ? err : found;
	probe_chains_set(probe, true);
	return take_again(probe, look);
}

/* Chains bring all threads. If they leave no room for other records, those are worth more. */
static int take_without_chains(struct probe *probe, struct look *look)
{
	if (!probe->use_chains || probe_is_about_chains(probe) || look->bytes.size < LOOK_MAX / 8 * 7)
		return 0;
	probe->causes.no_room = true;
	probe_chains_set(probe, false);
	memset(&probe->losses, 0, sizeof(probe->losses));
	return take_again(probe, look);
}

void probe_replace(struct probe *probe, const struct look *look)
{
	size_t i;

	for (i = 0; i < look->lost.count; i++) {
		const struct lost_record *lost = look->lost.items[i];

		if (lost->where == LOST_EVENTS)
			probe->told_events -= lost->count;
		else if (lost->where == LOST_LOOPS)
			probe->told_loops -= lost->count;
		else if (lost->where == LOST_PROCESSES)
			foreign_return_loss(probe->foreign, lost->pid, lost->count);
	}
}

int probe_look(struct probe *probe, struct look *look)
{
	int err;

	foreign_begin(probe->foreign);
	unwinder_begin(probe->unwinder);
	probe_clock_begin(probe->attached.skeleton);
	err = begin_look(probe, look);
	account(probe);
	budget_next_look(&probe->budget);
	probe->did_put_off = false;
	if (!err)
		err = fill(probe, look);
	/* The first look, and with --once the only one: it has to have the threads that it made suspicious. */
	if (!err && probe->has_news && probe_is_first(probe))
		err = take_again(probe, look);
	if (!err)
		err = take_with_chains(probe, look);
	if (!err)
		err = take_without_chains(probe, look);
	if (probe_may_repeat(probe))
		probe->attached.skeleton->bss->look_epoch++;
	buffer_free(&probe->scanned);
	probe->causes.looks_ago = probe->use_chains ? 0 : probe->causes.looks_ago + 1;
	if (!err)
		err = add_losses(probe, &look->bytes); /* of both, where there were two */
	probe_maps_forget(probe->maps);
	if (!err && probe_is_asked_to_end())
		err = -ECANCELED; /* some part may have been left out */
	if (err)
		return err;
	finish_head(probe, look);
	return look_index(look);
}

__u64 probe_interval(struct probe *probe)
{
	__u64 wait_ns;

	account(probe);
	wait_ns = budget_wait(&probe->budget);
	probe->stretched_ns = wait_ns > probe->pace.interval_ns ? wait_ns : 0;
	return probe->stretched_ns ? probe->stretched_ns : probe->pace.interval_ns;
}

const char *probe_used(const struct probe *probe)
{
	return probe->attached.used;
}

const char *probe_missing(const struct probe *probe)
{
	return probe->attached.missing;
}

void probe_missed(struct probe *probe, __u64 looks)
{
	probe->losses.count[LOST_LOOKS] += looks;
}
