/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/waits/far_names.h"

#include <errno.h>
#include <stdlib.h>

#include "base/sorted.h"
#include "look/places.h"
#include "reports/waits/connections.h"
#include "reports/waits/far.h"

/*
 * The connections of one host, by its last look with all of them: hosts do not have such looks at the same time. A
 * connection is the same in a look without as long as its cookie is.
 */
struct host {
	const struct look *look; /* NULL: there is none yet */
	struct ends ends; /* with their processes */
	const struct socket_record **by_cookie;
	size_t count;
};

/* ---- Collecting ---- */

static int compare_cookies(const void *left, const void *right)
{
	const struct socket_record *a = *(const struct socket_record *const *)left;
	const struct socket_record *b = *(const struct socket_record *const *)right;
	int order = COMPARE(a->name.cookie, b->name.cookie);

	return order ? order : COMPARE(a, b);
}

static void add(struct host *host, const struct socket_record *socket)
{
	if (socket && socket->name.cookie && socket->name.kind == SOCKET_KIND_TCP && socket->flags & SOCKET_HAS_MORE)
		host->by_cookie[host->count++] = socket;
}

static int collect(struct host *host, const struct look *look)
{
	size_t most = look->sockets.count + look->connections.count + look->threads.count + look->held.count;

	host->look = look;
	host->by_cookie = calloc(most + 1, sizeof(*host->by_cookie));
	if (!host->by_cookie)
		return -ENOMEM;
	for (size_t i = 0; i < look->sockets.count; i++)
		add(host, look->sockets.items[i]);
	for (size_t i = 0; i < look->connections.count; i++)
		add(host, look->connections.items[i]);
	for (size_t i = 0; i < look->threads.count; i++)
		add(host, look->threads.items[i].socket);
	for (size_t i = 0; i < look->held.count; i++)
		add(host, look->held.items[i].socket);
	qsort(host->by_cookie, host->count, sizeof(*host->by_cookie), compare_cookies);
	return ends_collect(&host->ends, look);
}

static const struct socket_record *find_socket(const struct host *host, uint64_t cookie)
{
	size_t i = LOWER_BOUND(host->count, at, host->by_cookie[at]->name.cookie < cookie);

	return i < host->count && host->by_cookie[i]->name.cookie == cookie ? host->by_cookie[i] : NULL;
}

/* ---- Finding ---- */

/* The other end, if it is on this host and a process holds it. */
static const struct end *find_end(const struct host *host, const struct socket_record *socket)
{
	const struct end *end = far_find_end(&host->ends, socket);

	return end && end->pid ? end : NULL;
}

/* The host with the other end; NULL: none has it, or more than one may. */
static const struct host *find_host(const struct host *hosts, size_t count, const struct host *here,
				    const struct socket_record *socket, __u64 time_ns, const struct end **found)
{
	const struct host *there = NULL;

	*found = NULL;
	if (places_is_loopback(socket->name.peer_addr) || ends_other(&here->ends, socket))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const struct host *host = &hosts[i];
		const struct end *end = NULL;

		if (host != here && host->look && far_is_of_the_time(host->look, time_ns))
			end = find_end(host, socket);
		if (end && *found)
			return NULL;
		if (end)
			there = host, *found = end;
	}
	return there;
}

/* What one thread is in, its process is in. */
static bool has_one_thread(const struct look *look, __u32 pid)
{
	const struct thread_view *view = look_thread(look, pid, pid);

	return view && view->thread->threads == 1;
}

static void name_row(struct row *row, struct arena *arena, const struct host *there, const struct end *end)
{
	if (has_one_thread(there->look, end->pid)) {
		row->far_host_at = there->look->host_at;
		row->far_pid = end->pid;
	}
	if (!row->peer_name)
		row->peer_name = arena_printf(arena, "%s:%s/%u", there->look->host ? there->look->host : "?",
					      look_comm(arena, end->comm), end->pid);
}

static void name_rows(struct report *report, size_t first, const struct host *hosts, size_t count)
{
	for (size_t i = first; i < report->count; i++) {
		struct row *row = &report->rows[i];
		const struct host *here = &hosts[row->host_at];
		const struct socket_record *socket = NULL;
		const struct host *there = NULL;
		const struct end *end;

		if (row->peer_addr && row->cookie && here->look && far_is_of_the_time(here->look, row->time_ns))
			socket = find_socket(here, row->cookie);
		if (socket)
			there = find_host(hosts, count, here, socket, row->time_ns, &end);
		if (there)
			name_row(row, &report->arena, there, end);
	}
}

int far_names_fill(struct report *report, size_t first, const struct looks *looks)
{
	struct host *hosts;
	int err = 0;

	if (looks->count < 2 || report->count == first)
		return 0;
	hosts = calloc(looks->count, sizeof(*hosts));
	if (!hosts)
		return -ENOMEM;
	for (size_t i = 0; i < looks->count && !err; i++)
		if (looks->items[i].look)
			err = collect(&hosts[i], looks->items[i].chained ?: looks->items[i].look);
	if (!err)
		name_rows(report, first, hosts, looks->count);
	for (size_t i = 0; i < looks->count; i++) {
		ends_free(&hosts[i].ends);
		free(hosts[i].by_cookie);
	}
	free(hosts);
	return err;
}
