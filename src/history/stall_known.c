/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See stall_known.h. */
#include "history/stall_known.h"

#include <string.h>

static void keep_text(const char **text, const char *known, struct arena *arena)
{
	if (!*text && known)
		*text = arena_printf(arena, "%s", known);
}

static void keep_count(int64_t *count, int64_t known)
{
	if (*count == NOT_KNOWN)
		*count = known;
}

/* Both unknown is the same, too. */
static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* ---- The process ---- */

/* If a process has exited and another has its number, the kernel's start times differ. */
static bool is_same_process(const struct row *row, const struct row *last)
{
	if (last->pid == NOT_KNOWN)
		return false;
	if (row->pid == NOT_KNOWN)
		return true;
	return row->pid == last->pid &&
	       (!row->process_start_ns || !last->process_start_ns || row->process_start_ns == last->process_start_ns);
}

static void keep_process(struct row *row, const struct row *last, struct arena *arena)
{
	keep_count(&row->pid, last->pid);
	keep_count(&row->tid, last->tid);
	keep_text(&row->comm, last->comm, arena);
	keep_text(&row->cgroup, last->cgroup, arena);
	keep_text(&row->container, last->container, arena);
	keep_text(&row->unit, last->unit, arena);
	keep_text(&row->pod, last->pod, arena);
	keep_text(&row->namespace, last->namespace, arena);
	keep_text(&row->container_name, last->container_name, arena);
	keep_text(&row->image, last->image, arena);
	keep_text(&row->title, last->title, arena);
	if (row->tid == last->tid)
		keep_text(&row->code, last->code, arena);
	if (!row->process_start_ns)
		row->process_start_ns = last->process_start_ns;
}

/* ---- The socket ---- */

static bool knows_socket(const struct row *row)
{
	return row->cookie || row->family || row->local_addr || row->peer_addr;
}

/* A cookie may come later than the addresses, or be missing in one look. */
static bool is_same_socket(const struct row *row, const struct row *last)
{
	if (row->cookie && last->cookie)
		return row->cookie == last->cookie;
	return same_text(row->family, last->family) && same_text(row->local_addr, last->local_addr) &&
	       same_text(row->peer_addr, last->peer_addr) && row->local_port == last->local_port &&
	       row->peer_port == last->peer_port;
}

static void keep_socket(struct row *row, const struct row *last, struct arena *arena)
{
	if (!row->cookie)
		row->cookie = last->cookie;
	keep_text(&row->family, last->family, arena);
	keep_text(&row->local_addr, last->local_addr, arena);
	keep_text(&row->peer_addr, last->peer_addr, arena);
	keep_count(&row->local_port, last->local_port);
	keep_count(&row->peer_port, last->peer_port);
	keep_text(&row->peer_name, last->peer_name, arena);
}

/*
 * The descriptor is the process's, and leads to that socket. A socket that the process has closed has no descriptor any
 * more.
 */
static void keep_descriptor(struct row *row, const struct row *last)
{
	bool closed = row->type == ROW_CLOSING && row->closing.orphaned == true;

	if (!closed && is_same_process(row, last))
		keep_count(&row->fd, last->fd);
}

static void keep_place(struct row *row, const struct row *last, struct arena *arena)
{
	bool known = knows_socket(row);

	if (known ? !is_same_socket(row, last) : row->fd != NOT_KNOWN && row->fd != last->fd)
		return;
	/* The socket's namespace: without one it is the thread's, which may be another. */
	if (!known && knows_socket(last))
		row->netns = last->netns;
	keep_socket(row, last, arena);
	keep_descriptor(row, last);
}

/* ---- What a loop is blocked in ---- */

/*
 * A loop that does not come back to its wait runs for a moment on its way there. Then what it was blocked in last says
 * what the stall was. Other stalls of loops recur: they are not about what the loop is blocked in.
 */
static bool runs_meanwhile(const struct row *row)
{
	return !row->recurs && !row->loop.now_in && row->loop.now && !strcmp(row->loop.now, "running");
}

static void keep_loop(struct row *row, const struct row *last, struct arena *arena)
{
	keep_text(&row->loop.runtime, last->loop.runtime, arena);
	if (runs_meanwhile(row) || knows_socket(row))
		keep_place(row, last, arena);
	if (!runs_meanwhile(row))
		return;
	keep_text(&row->loop.now_in, last->loop.now_in, arena);
	keep_text(&row->loop.kernel_stack, last->loop.kernel_stack, arena);
	keep_text(&row->user_stack, last->user_stack, arena);
}

/* ---- All of it ---- */

/* The peer's name goes with its number. */
static void keep_peer(struct peer_fields *peer, const struct peer_fields *last, struct arena *arena)
{
	if (peer->pid != NOT_KNOWN && peer->pid != last->pid)
		return;
	keep_count(&peer->pid, last->pid);
	keep_text(&peer->comm, last->comm, arena);
}

void stall_keep_known(struct row *row, const struct row *last, struct arena *arena)
{
	if (row->type != last->type)
		return;
	if (row->type == ROW_LOOP)
		keep_loop(row, last, arena);
	else
		keep_place(row, last, arena);
	if (row->type == ROW_READER)
		keep_peer(&row->reader.peer, &last->reader.peer, arena);
	if (row->type == ROW_WRITER)
		keep_peer(&row->writer.peer, &last->writer.peer, arena);
	if (is_same_process(row, last))
		keep_process(row, last, arena);
	keep_count(&row->netns, last->netns);
	if (row->netns == last->netns)
		keep_text(&row->netns_name, last->netns_name, arena);
}
