/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Locks that threads wait for: one finding a lock, however many wait. */
#include <errno.h>
#include <stdlib.h>

#include "base/sorted.h"
#include "base/wording.h"
#include "options/ages.h"
#include "options/filter.h"
#include "reports/chain_words.h"
#include "reports/fill.h"
#include "reports/now_in.h"
#include "reports/reports.h"
#include "reports/waits/path.h"
#include "rows/report.h"
#include "rules/lock.h"

struct waiting {
	const struct lock_record *lock;
	const struct thread_view *view;
	__u64 since_ns;
};

struct scene {
	struct report *report;
	const struct look *look;
	const struct scope *scope;
	struct waits waits;
	struct chain_path *paths; /* by wait */
	struct waiting *items; /* those of one lock stand together, the longest first */
	size_t count;
};

/* ---- Who waits ---- */

static void add_waiting(struct scene *scene, const struct lock_record *lock, __u64 min_age_ns)
{
	const struct thread_view *view = look_thread(scene->look, lock->pid, lock->tid);
	__u64 since = view ? look_asleep_since(scene->look, view->thread) : 0;

	if (since && since + min_age_ns <= scene->look->head->seen_ns)
		scene->items[scene->count++] = (struct waiting){lock, view, since};
}

/* A file is the same to all; an address is of one process. */
static int compare_locks(const struct lock_record *a, const struct lock_record *b)
{
	int order = COMPARE(a->kind == LOCK_FILE, b->kind == LOCK_FILE);

	if (!order)
		order = a->kind == LOCK_FILE ? COMPARE(a->device, b->device) : COMPARE(a->pid, b->pid);
	if (!order)
		order = a->kind == LOCK_FILE ? COMPARE(a->inode, b->inode) : COMPARE(a->address, b->address);
	return order ? order : COMPARE(a->kind, b->kind);
}

static int compare_waiting(const void *left, const void *right)
{
	const struct waiting *a = left, *b = right;
	int order = compare_locks(a->lock, b->lock);

	if (!order)
		order = COMPARE(a->since_ns, b->since_ns);
	return order ? order : COMPARE(a->lock->tid, b->lock->tid);
}

static size_t group_size(const struct scene *scene, size_t first)
{
	size_t i = first;

	while (i < scene->count && !compare_locks(scene->items[i].lock, scene->items[first].lock))
		i++;
	return i - first;
}

/* ---- Who has it ---- */

static const struct thread_view *find_holder(const struct look *look, const struct lock_record *lock)
{
	const struct thread_view *view;

	if (!lock->holder_pid)
		return NULL;
	view = look_thread(look, lock->holder_pid, lock->holder_tid ? lock->holder_tid : lock->holder_pid);
	return view && (lock->holder_tid || view->thread->threads <= 1) ? view : NULL;
}

static const char *say_who(struct arena *arena, const struct look *look, const struct lock_record *lock)
{
	const char *comm = look_process_comm(look, lock->holder_pid);

	if (lock->readers)
		return arena_printf(arena, "%u reader%s", lock->readers, lock->readers == 1 ? "" : "s");
	if (!lock->holder_pid)
		return NULL;
	if (!comm)
		comm = lock->holder_comm;
	if (!lock->holder_tid)
		return arena_printf(arena, "%.16s (pid %u)", comm, lock->holder_pid);
	return arena_printf(arena, "thread %u (%.16s) of %.16s (pid %u)", lock->holder_tid, lock->holder_comm, comm,
			    lock->holder_pid);
}

static const char *say_name(struct arena *arena, const struct lock_record *lock)
{
	if (lock->kind == LOCK_FILE)
		return arena_printf(arena, "lock of %s", lock->path);
	return lock->kind == LOCK_NO_OWNER ? "futex"
					   : arena_printf(arena, "%s 0x%llx", lock_kind_words(lock), lock->address);
}

/* The path of waits that begins with this thread's, if it never ends. */
static const struct chain_path *find_cycle(const struct scene *scene, const struct lock_record *lock)
{
	size_t i;

	for (i = 0; i < scene->waits.count; i++)
		if (scene->waits.items[i].lock == lock)
			return scene->paths[i].cycle && scene->paths[i].sure ? &scene->paths[i] : NULL;
	return NULL;
}

static struct lock_evidence evidence_of(const struct scene *scene, const struct waiting *first, size_t count)
{
	struct arena *arena = &scene->report->arena;
	const struct look *look = scene->look;
	const struct chain_path *cycle = find_cycle(scene, first->lock);
	struct lock_evidence evidence = {
		.lock = first->lock,
		.holder = find_holder(look, first->lock),
		.deadlock = cycle,
		.name = say_name(arena, first->lock),
		.who = say_who(arena, look, first->lock),
	};
	const char *longest = say_since(arena, look->head->seen_ns, first->since_ns);
	__u64 since;

	if (cycle)
		evidence.chain = chain_say(arena, &scene->waits, cycle->last, cycle->depth);
	if (count == 1)
		evidence.waits = arena_printf(arena, "thread %u (%.16s) has waited for %s", first->lock->tid,
					      first->view->thread->comm, longest);
	else
		evidence.waits = arena_printf(arena, "%zu threads have waited, the longest for %s", count, longest);
	if (!evidence.holder)
		return evidence;
	evidence.in = loop_now_in(arena, look, evidence.holder->thread, evidence.holder->socket);
	since = look_asleep_since(look, evidence.holder->thread);
	if (since)
		evidence.in_for = say_since(arena, look->head->seen_ns, since);
	return evidence;
}

/* ---- Rows ---- */

static void fill_lock(struct row *row, struct arena *arena, const struct lock_evidence *evidence)
{
	const struct lock_record *lock = evidence->lock;

	row->lock.kind = lock_kind_name(lock);
	if (lock->kind == LOCK_FILE)
		row->lock.path = arena_printf(arena, "%s", lock->path);
	else
		row->lock.address = arena_printf(arena, "0x%llx", lock->address);
	if (lock->holder_pid) {
		row->lock.holder_pid = lock->holder_pid;
		row->lock.holder_comm = look_comm(arena, lock->holder_comm);
	}
	if (lock->holder_tid)
		row->lock.holder_tid = lock->holder_tid;
	row->lock.holder_in = evidence->in ? arena_printf(arena, "%s", evidence->in) : NULL;
}

static const char *make_id(struct arena *arena, const struct lock_record *lock)
{
	if (lock->kind == LOCK_FILE)
		return arena_printf(arena, "lock-%x-%llu", lock->device, lock->inode);
	return arena_printf(arena, "lock-%u-%llx", lock->pid, lock->address);
}

static unsigned int fits_of(const struct scene *scene, const struct waiting *first, size_t count,
			    const struct thread_view *holder)
{
	const struct selection *selection = &scene->scope->selection;
	unsigned int fits = 0;
	size_t i;

	if (!filter_asked(selection))
		return 0;
	for (i = 0; i < count; i++)
		fits |= filter_thread(selection, scene->look, first[i].view->thread);
	if (first->lock->holder_pid)
		fits |= filter_process(selection, scene->look, first->lock->holder_pid, first->lock->holder_comm);
	return holder ? fits | filter_thread(selection, scene->look, holder->thread) : fits;
}

static int add_row(struct scene *scene, const struct waiting *first, size_t count)
{
	struct lock_evidence evidence = evidence_of(scene, first, count);
	const struct lock_rule *rule = lock_verdict(&evidence);
	struct row *row = report_add(scene->report, scene->look, ROW_LOCK);
	struct arena *arena = &scene->report->arena;

	if (!row)
		return -ENOMEM;
	fill_thread(row, scene->report, scene->look, first->view->thread);
	fill_age(row, scene->look, scene->look->head->seen_ns, first->since_ns);
	fill_lock(row, arena, &evidence);
	if (first->lock->kind == LOCK_FILE)
		row->fd = first->view->thread->fd;
	row->fits = fits_of(scene, first, count, evidence.holder);
	row->lock.waiters = (int64_t)count;
	row->id = make_id(arena, first->lock);
	row->recurs = true;
	row->verdict = rule->verdict->name;
	row->severity = rule->severity;
	row->stuck = severity_is_stuck(rule->severity);
	row->change_key = (int64_t)count;
	row->why = rule->why(arena, &evidence);
	row->advice = rule->advice ? rule->advice(arena, &evidence) : NULL;
	return 0;
}

static int run(struct report *report, const struct look *look, const struct look *previous, const struct scope *scope)
{
	struct scene scene = {.report = report, .look = look, .scope = scope};
	__u64 min_age_ns = min_age_of(scope, ROW_LOCK);
	int err = waits_collect(&scene.waits, look, previous, min_age_ns);
	size_t i, size;

	if (!err)
		err = chain_find_paths(&scene.waits, &scene.paths);
	scene.items = calloc(look->locks.count + 1, sizeof(*scene.items));
	if (!scene.items)
		err = -ENOMEM;
	for (i = 0; i < look->locks.count && !err; i++)
		add_waiting(&scene, look->locks.items[i], min_age_ns);
	if (scene.items && scene.count)
		qsort(scene.items, scene.count, sizeof(*scene.items), compare_waiting);
	for (i = 0; i < scene.count && !err; i += size) {
		size = group_size(&scene, i);
		err = add_row(&scene, &scene.items[i], size);
	}
	waits_free(&scene.waits);
	free(scene.paths);
	free(scene.items);
	return err;
}

const struct report_kind report_locks = {
	.name = "locks",
	.commands = 1u << COMMAND_LOCKS,
	.run = run,
};
