/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/causes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"

#define NONE SIZE_MAX

/* A cause of a cause of a cause …: no more are followed. */
#define STEPS_MOST 16

/* One key of a wait; the waits stand in as many orders as they have keys. */
struct entry {
	unsigned int host_at;
	uint64_t key;
	const struct report_wait *wait;
};

struct index {
	struct entry *entries; /* sorted by host and key */
	size_t count;
};

struct scene {
	struct row *rows;
	size_t count;
	struct index cookies, tids, pids, listeners;
	struct row **by_id; /* those that are stuck */
	size_t id_count;
	size_t *cause; /* for each row the one that it hangs on, or NONE */
};

/* ---- Indexes ---- */

static int compare_entries(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = COMPARE(a->host_at, b->host_at);

	if (!order)
		order = COMPARE(a->key, b->key);
	return order ? order : COMPARE(a->wait, b->wait);
}

static void add(struct index *index, unsigned int host_at, uint64_t key, const struct report_wait *wait)
{
	if (key)
		index->entries[index->count++] = (struct entry){host_at, key, wait};
}

static int make_index(struct index *index, size_t room)
{
	index->entries = calloc(room + 1, sizeof(*index->entries));
	return index->entries ? 0 : -ENOMEM;
}

static void sort(struct index *index)
{
	qsort(index->entries, index->count, sizeof(*index->entries), compare_entries);
}

static bool is_before(const struct entry *entry, unsigned int host_at, uint64_t key)
{
	return entry->host_at < host_at || (entry->host_at == host_at && entry->key < key);
}

static bool is_at(const struct index *index, size_t at, unsigned int host_at, uint64_t key)
{
	return at < index->count && index->entries[at].host_at == host_at && index->entries[at].key == key;
}

/* Where the waits with this key begin that are of this host. */
static size_t begin(const struct index *index, unsigned int host_at, uint64_t key)
{
	return LOWER_BOUND(index->count, at, is_before(&index->entries[at], host_at, key));
}

static const struct report_wait *find(const struct index *index, const struct row *row, uint64_t key)
{
	size_t at = key ? begin(index, row->host_at, key) : index->count;

	return is_at(index, at, row->host_at, key) ? index->entries[at].wait : NULL;
}

static int index_waits(struct scene *scene, const struct report *report)
{
	size_t count = report->wait_count;

	if (make_index(&scene->cookies, 2 * count) || make_index(&scene->tids, count) ||
	    make_index(&scene->pids, count) || make_index(&scene->listeners, count))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct report_wait *wait = &report->waits[i];

		add(&scene->cookies, wait->host_at, wait->cookie, wait);
		add(&scene->cookies, wait->peer_host_at, wait->peer_cookie, wait);
		add(&scene->tids, wait->host_at, wait->tid, wait);
		add(&scene->pids, wait->host_at, wait->pid, wait);
		add(&scene->listeners, wait->peer_host_at, wait->listener, wait);
	}
	sort(&scene->cookies);
	sort(&scene->tids);
	sort(&scene->pids);
	sort(&scene->listeners);
	return 0;
}

static int compare_ids(const void *left, const void *right)
{
	return strcmp((*(struct row *const *)left)->id, (*(struct row *const *)right)->id);
}

static int compare_with_id(const void *id, const void *item)
{
	return strcmp(id, (*(struct row *const *)item)->id);
}

static int index_rows(struct scene *scene)
{
	scene->by_id = calloc(scene->count + 1, sizeof(*scene->by_id));
	scene->cause = calloc(scene->count + 1, sizeof(*scene->cause));
	if (!scene->by_id || !scene->cause)
		return -ENOMEM;
	for (size_t i = 0; i < scene->count; i++) {
		scene->cause[i] = NONE;
		if (scene->rows[i].stuck && scene->rows[i].id)
			scene->by_id[scene->id_count++] = &scene->rows[i];
	}
	qsort(scene->by_id, scene->id_count, sizeof(*scene->by_id), compare_ids);
	return 0;
}

static size_t find_row(const struct scene *scene, const char *id)
{
	struct row **found = NULL;

	if (id && scene->id_count)
		found = bsearch(id, scene->by_id, scene->id_count, sizeof(*found), compare_with_id);
	return found ? (size_t)(*found - scene->rows) : NONE;
}

/* ---- What a row hangs on by itself ---- */

static size_t chain_of(const struct scene *scene, const struct report_wait *wait)
{
	return wait ? find_row(scene, wait->chain) : NONE;
}

static bool same_process(const struct row *a, const struct row *b)
{
	return a->host_at == b->host_at && a->pid == b->pid;
}

/* A chain that ends at the process itself is no cause of what is found there. */
static size_t chain_elsewhere(const struct scene *scene, const struct row *row, const struct report_wait *wait)
{
	size_t at = chain_of(scene, wait);

	return at != NONE && !scene->rows[at].chain.cycle && same_process(&scene->rows[at], row) ? NONE : at;
}

static size_t chain_of_wait(const struct scene *scene, const struct row *row)
{
	const struct report_wait *wait = find(&scene->cookies, row, row->cookie);

	if (!wait && row->tid != NOT_KNOWN)
		wait = find(&scene->tids, row, (uint64_t)row->tid);
	return chain_of(scene, wait);
}

/* Its silence comes from another service that does not answer, or from a deadlock that it is in. */
static size_t chain_of_service(const struct scene *scene, const struct row *row)
{
	bool awaits = row->service.cause && !strcmp(row->service.cause, "peer");
	size_t i = row->pid == NOT_KNOWN ? scene->pids.count : begin(&scene->pids, row->host_at, (uint64_t)row->pid);

	for (; is_at(&scene->pids, i, row->host_at, (uint64_t)row->pid); i++) {
		size_t at = chain_elsewhere(scene, row, scene->pids.entries[i].wait);

		if (at != NONE && (awaits || scene->rows[at].chain.cycle))
			return at;
	}
	return NONE;
}

/*
 * It waits for a process of another host. The only thread there sleeps in a wait that leads to the end of a chain. A
 * wait of an event loop keeps nobody else waiting.
 */
static size_t chain_of_far(const struct scene *scene, const struct row *row)
{
	size_t i = row->far_pid ? begin(&scene->pids, row->far_host_at, row->far_pid) : scene->pids.count;

	if (!is_at(&scene->pids, i, row->far_host_at, row->far_pid) ||
	    is_at(&scene->pids, i + 1, row->far_host_at, row->far_pid) || !scene->pids.entries[i].wait->tid)
		return NONE;
	return chain_of(scene, scene->pids.entries[i].wait);
}

static bool is_of_client(const struct row *row)
{
	return row->reader.role && !strcmp(row->reader.role, "client");
}

static size_t own_cause(const struct scene *scene, const struct row *row)
{
	size_t far;

	switch (row->type) {
	case ROW_CHAIN:
		return row->chain.cycle ? NONE : chain_of_far(scene, row);
	case ROW_HANDSHAKE:
		return row->cause ? find_row(scene, row->cause) : chain_of_wait(scene, row);
	case ROW_READER:
		far = is_of_client(row) ? chain_of_far(scene, row) : NONE;
		return far == NONE ? chain_of_wait(scene, row) : far;
	case ROW_WRITER:
		return chain_of_wait(scene, row);
	case ROW_LOOP:
		return row->tid == NOT_KNOWN ? NONE
					     : chain_elsewhere(scene, row, find(&scene->tids, row, (uint64_t)row->tid));
	case ROW_LISTENER:
		return chain_elsewhere(scene, row, find(&scene->listeners, row, row->cookie));
	case ROW_SERVICE:
		return chain_of_service(scene, row);
	default:
		return NONE;
	}
}

/* ---- What is found of one process ---- */

/* Its process is to blame. A flood is not its fault. */
static bool is_about_process(const struct row *row)
{
	if (!row->stuck || !row->id || row->pid == NOT_KNOWN)
		return false;
	switch (row->type) {
	case ROW_CHAIN:
		return !row->chain.cycle;
	case ROW_LISTENER:
		return !row->listener.attacked;
	case ROW_SERVICE:
	case ROW_LOOP:
		return true;
	default:
		return false;
	}
}

static int compare_processes(const void *left, const void *right)
{
	const struct row *a = *(struct row *const *)left, *b = *(struct row *const *)right;
	int order = COMPARE(a->host_at, b->host_at);

	if (!order)
		order = COMPARE(a->pid, b->pid);
	return order ? order : COMPARE(a, b);
}

/* It says what its process is in; that nobody accepts comes of that. A chain that ends at the queue says no more. */
static bool explains_listener(const struct row *row)
{
	return row->type == ROW_CHAIN && !row->chain.queue;
}

/* The worst of them that hangs on nothing else; if all do, the worst. */
static size_t head_of(const struct scene *scene, struct row *const *rows, size_t count)
{
	size_t found = NONE;

	for (size_t i = 0; i < count; i++) {
		size_t at = (size_t)(rows[i] - scene->rows);

		if (scene->cause[at] != NONE)
			continue;
		if (found == NONE || (scene->rows[found].type == ROW_LISTENER && explains_listener(rows[i])))
			found = at;
	}
	return found == NONE ? (size_t)(rows[0] - scene->rows) : found;
}

/* A loop that waits for another process is why its process accepts and answers nothing. */
static size_t head_that_waits(const struct scene *scene, struct row *const *rows, size_t count)
{
	size_t found = NONE;

	for (size_t i = 0; i < count; i++) {
		size_t at = (size_t)(rows[i] - scene->rows);

		if (rows[i]->type == ROW_CHAIN)
			return NONE;
		if (found == NONE && rows[i]->type == ROW_LOOP && scene->cause[at] != NONE)
			found = at;
	}
	return found;
}

static void join_process(struct scene *scene, struct row *const *rows, size_t count)
{
	size_t head = head_that_waits(scene, rows, count);

	if (head == NONE)
		head = head_of(scene, rows, count);
	for (size_t i = 0; i < count; i++) {
		size_t at = (size_t)(rows[i] - scene->rows);

		if (at != head && scene->cause[at] == NONE)
			scene->cause[at] = head;
	}
}

static int join_processes(struct scene *scene)
{
	struct row **rows = calloc(scene->count + 1, sizeof(*rows));
	size_t count = 0;

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < scene->count; i++)
		if (is_about_process(&scene->rows[i]))
			rows[count++] = &scene->rows[i];
	qsort(rows, count, sizeof(*rows), compare_processes);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && same_process(rows[end], rows[i]); end++)
			;
		join_process(scene, &rows[i], end - i);
	}
	free(rows);
	return 0;
}

/* ---- All ---- */

/* The cause at the end; NONE: there is none, or they lead in a circle. */
static size_t last_cause(const struct scene *scene, size_t at)
{
	size_t steps = 0;

	while (scene->cause[at] != NONE && steps++ < STEPS_MOST)
		at = scene->cause[at];
	return steps > STEPS_MOST ? NONE : at;
}

static int find_all(struct scene *scene)
{
	for (size_t i = 0; i < scene->count; i++) {
		if (!scene->rows[i].stuck || !scene->rows[i].id)
			continue;
		scene->cause[i] = own_cause(scene, &scene->rows[i]);
		if (scene->cause[i] == i)
			scene->cause[i] = NONE;
	}
	if (join_processes(scene))
		return -ENOMEM;
	for (size_t i = 0; i < scene->count; i++) {
		size_t last = last_cause(scene, i);

		scene->rows[i].cause = last == NONE || last == i ? NULL : scene->rows[last].id;
	}
	return 0;
}

int causes_find(struct report *report, size_t first)
{
	struct scene scene = {.count = report->count - first};
	int err = 0;

	/* Without any there may be no array. */
	if (!scene.count)
		return 0;
	scene.rows = report->rows + first;
	if (index_waits(&scene, report) || index_rows(&scene) || find_all(&scene))
		err = -ENOMEM;
	free(scene.cookies.entries);
	free(scene.tids.entries);
	free(scene.pids.entries);
	free(scene.listeners.entries);
	free(scene.by_id);
	free(scene.cause);
	return err;
}
