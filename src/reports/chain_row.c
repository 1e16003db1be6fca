/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/chain_row.h"

#include <math.h>

#include "base/wording.h"
#include "reports/fill.h"
#include "reports/now_in.h"
#include "rows/links.h"
#include "system/address.h"

/* ---- Links ---- */

static void fill_link_place(struct link *link, struct arena *arena, const struct socket_name *name)
{
	if (!name || name->kind != SOCKET_KIND_TCP)
		return;
	link->netns = name->netns;
	link->local_addr = say_address(arena, name->local_addr);
	link->local_port = name->local_port;
	if (!name->peer_port)
		return;
	link->peer_addr = say_address(arena, name->peer_addr);
	link->peer_port = name->peer_port;
}

/* The awaited socket: the other end, or the listener that dropped the SYN. NULL: it has no name. */
static const struct socket_name *awaited_name(const struct wait *wait)
{
	if (wait->peer)
		return &wait->peer->name;
	return wait->found == FOUND_QUEUE ? &wait->listener->name : NULL;
}

/* A connection in an accept queue has no descriptor. */
static bool has_descriptor(const struct wait *wait)
{
	return wait->peer_fd >= 0 && !(wait->found == FOUND_QUEUE && wait->peer);
}

static const char *kind_of(const struct wait *wait)
{
	if (wait->lock)
		return lock_kind_name(wait->lock);
	return wait->socket->name.kind == SOCKET_KIND_NONE ? "child" : fill_kind(wait->socket);
}

static struct link empty_link(void)
{
	return (struct link){.pid = NOT_KNOWN,
			     .tid = NOT_KNOWN,
			     .fd = NOT_KNOWN,
			     .netns = NOT_KNOWN,
			     .holders = NOT_KNOWN,
			     .local_port = NOT_KNOWN,
			     .peer_port = NOT_KNOWN,
			     .age_s = NAN};
}

const char *chain_add_wait(struct report *report, const struct look *look, const char *links, const struct wait *wait,
			   const struct wait *before)
{
	struct arena *arena = &report->arena;
	struct link link = empty_link();

	link.host = (wait->seen_by ?: look)->host;
	link.pid = wait_pid(wait);
	if (wait->tid)
		link.tid = wait->tid;
	link.comm = look_comm(arena, wait->comm);
	link.fd = wait->fd >= 0 ? wait->fd : NOT_KNOWN;
	link.kind = kind_of(wait);
	if (before && before->peer_holders)
		link.holders = before->peer_holders;
	link.in = wait->view ? look_syscall(wait->view->thread) : "event loop";
	link.verdict = wait->verdict->name;
	link.age_s = fill_since(look->head->seen_ns, wait->since_ns);
	fill_link_place(&link, arena, &wait->socket->name);
	return links_add(arena, links, &link);
}

const char *chain_add_end(struct report *report, const struct look *look, const char *links,
			  const struct chain_evidence *evidence, const struct verdict *verdict)
{
	const struct wait *last = evidence->last;
	struct arena *arena = &report->arena;
	struct link link = empty_link();

	link.host = look->host;
	link.pid = last->peer_pid;
	if (last->peer_holders)
		link.holders = last->peer_holders;
	link.comm = look_comm(arena, last->peer_comm);
	link.kind = kind_of(last);
	link.fd = has_descriptor(last) ? last->peer_fd : NOT_KNOWN;
	link.in = evidence->in;
	link.verdict = verdict->name;
	if (evidence->doing) {
		link.tid = evidence->doing->thread->tid;
		link.age_s = fill_since(look->head->seen_ns, look_asleep_since(look, evidence->doing->thread));
	}
	fill_link_place(&link, arena, awaited_name(last));
	return links_add(arena, links, &link);
}

/* ---- The end ---- */

/* The last that waits: of a deadlock, and where nobody here is waited for. */
static void fill_waiter(struct row *row, struct report *report, const struct look *look, const struct wait *last)
{
	fill_socket(row, report, &last->socket->name);
	fill_process(row, report, look, last->pid, last->comm);
	if (last->fd >= 0)
		row->fd = last->fd;
}

/* Fills in the process at the end of the chain, with its own socket. */
static void fill_awaited(struct row *row, struct report *report, const struct look *look, const struct wait *last)
{
	const struct socket_name *name = awaited_name(last);

	if (name)
		fill_socket(row, report, name);
	else if (last->socket->name.kind == SOCKET_KIND_UNIX)
		row->family = "unix";
	if (name && !name->peer_port) {
		row->peer_addr = NULL;
		row->peer_port = NOT_KNOWN;
	}
	if (!row->cookie && last->found == FOUND_PROCESS && last->peer_cookie &&
	    last->socket->name.kind != SOCKET_KIND_PIPE)
		row->cookie = last->peer_cookie;
	fill_process(row, report, look, last->peer_pid, last->peer_comm);
	row->process_start_ns = last->peer_start_ns;
	if (has_descriptor(last))
		row->fd = last->peer_fd;
}

void chain_fill_end(struct row *row, struct report *report, const struct look *look,
		    const struct chain_evidence *evidence)
{
	if (!evidence->cycle && evidence->last->peer_pid)
		fill_awaited(row, report, look, evidence->last);
	else
		fill_waiter(row, report, look, evidence->last);
	if (evidence->last->lock && evidence->last->view)
		row->netns = evidence->last->view->thread->netns;
	if (evidence->doing)
		row->tid = evidence->doing->thread->tid;
}
