/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Finds the process at the other end of a wait. */
#include <string.h>

#include "look/places.h"
#include "reports/waits/holders.h"
#include "reports/waits/waits.h"
#include "system/tcp_states.h"

/* The listener that a SYN is for, if its accept queue is full: then the SYN was dropped there. */
static const struct listener_record *full_listener(const struct waits *waits, __u32 from, const __u8 address[16],
						   __u16 port)
{
	struct socket_name name = {.netns = places_netns_of(waits->look, from, address), .local_port = port};

	memcpy(name.local_addr, address, sizeof(name.local_addr));
	return name.netns ? listeners_full(&waits->listeners, &name) : NULL;
}

static const struct listener_record *asked_listener(const struct waits *waits, const struct socket_name *name)
{
	const struct listener_record *found = full_listener(waits, name->netns, name->peer_addr, name->peer_port);
	const struct translation_record *t;
	size_t at = 0;

	while (!found && (t = ends_translation_of_client(&waits->ends, name, &at)))
		found = full_listener(waits, t->netns, t->server_addr, t->server_port);
	return found;
}

/* ---- Each wait ---- */

const struct owner_record *const *waits_holders(const struct waits *waits, const struct wait *wait, size_t *count)
{
	*count = 0;
	if (wait->found == FOUND_QUEUE)
		return look_owners(waits->look, wait->listener->name.cookie, count);
	if (wait->socket->name.kind == SOCKET_KIND_UNIX)
		return look_owners_of_inode(waits->look, wait->socket->peer_inode, count);
	if (wait->socket->name.kind == SOCKET_KIND_PIPE)
		return look_pipe_ends(waits->look, wait->socket->peer_inode,
				      wait->view->thread->syscall_kind == SYSCALL_READS, count);
	return wait->peer ? look_owners(waits->look, wait->peer->name.cookie, count) : NULL;
}

static bool set_holder(const struct waits *waits, struct wait *wait, const struct owner_record *const *owners,
		       size_t count, enum wait_found found)
{
	/* It may hold both ends of a pipe: it waits for another then, or for a signal. */
	__u32 itself = wait->socket->name.kind == SOCKET_KIND_PIPE ? wait->pid : 0;
	struct holder holder = holders_choose(&waits->processes, owners, count, itself, found == FOUND_QUEUE);

	if (!holder.owner)
		return false;
	wait->found = found;
	wait->peer_pid = holder.owner->pid;
	wait->peer_fd = holder.owner->fd;
	wait->peer_comm = holder.owner->comm;
	wait->peer_start_ns = holder.owner->process_start_ns;
	wait->peer_cookie = holder.owner->cookie;
	wait->peer_holders = holder.count;
	wait->peer_alone = holder.alone;
	return true;
}

static void set_queue(const struct waits *waits, struct wait *wait, const struct listener_record *listener)
{
	const struct owner_record *const *owners;
	size_t count;

	wait->listener = listener;
	if (!listener)
		return;
	owners = look_owners(waits->look, listener->name.cookie, &count);
	set_holder(waits, wait, owners, count, FOUND_QUEUE);
}

static const struct listener_record *queue_of(const struct waits *waits, const struct socket_record *socket)
{
	size_t at = listeners_find(&waits->listeners, socket->listener_cookie);

	return at == LISTENERS_NONE ? listeners_of(&waits->listeners, &socket->name) : waits->listeners.by_cookie[at];
}

void waits_take_end(const struct waits *waits, struct wait *wait, const struct end *end)
{
	const struct owner_record *const *owners;
	size_t count;

	wait->peer = end->socket;
	if (!end->pid) {
		set_queue(waits, wait, queue_of(waits, end->socket));
		return;
	}
	owners = look_owners(waits->look, end->socket->name.cookie, &count);
	if (set_holder(waits, wait, owners, count, FOUND_PROCESS))
		return;
	/* Only a thread that is asleep on it tells. */
	wait->found = FOUND_PROCESS;
	wait->peer_pid = end->pid;
	wait->peer_fd = end->fd;
	wait->peer_comm = end->comm;
	wait->peer_cookie = end->socket->name.cookie;
	wait->peer_alone = true;
}

static void find_connection(const struct waits *waits, struct wait *wait)
{
	const __u8 *peer = wait->socket->name.peer_addr;
	const struct end *end = ends_other(&waits->ends, wait->socket);

	if (end)
		waits_take_end(waits, wait, end);
	else if (!places_is_loopback(peer) && !places_has_address(waits->look, 0, peer))
		wait->found = FOUND_REMOTE;
}

/* It waits for room in an accept queue, or its connection lies in one. */
static bool find_unix_queue(const struct waits *waits, struct wait *wait)
{
	if (wait->socket->name.kind != SOCKET_KIND_UNIX || !wait->view)
		return false;
	if (wait->view->thread->syscall_kind == SYSCALL_CONNECTS)
		set_queue(waits, wait, unix_connect_listener(&waits->unix_queues, &waits->listeners, wait->view));
	else if (wait->socket->flags & SOCKET_PEER_QUEUED)
		set_queue(waits, wait, unix_queue_of(&waits->unix_queues, &waits->listeners, wait->socket->name.inode));
	else
		return false;
	return true;
}

static void find_end(const struct waits *waits, struct wait *wait)
{
	const struct owner_record *const *owners;
	size_t count;

	if (find_unix_queue(waits, wait))
		return;
	if (wait->socket->name.kind == SOCKET_KIND_UNIX || wait->socket->name.kind == SOCKET_KIND_PIPE) {
		owners = waits_holders(waits, wait, &count);
		set_holder(waits, wait, owners, count, FOUND_PROCESS);
	} else if (wait->socket->name.state == STATE_SYN_SENT) {
		set_queue(waits, wait, asked_listener(waits, &wait->socket->name));
		if (!wait->listener && !places_is_loopback(wait->socket->name.peer_addr) &&
		    !places_has_address(waits->look, 0, wait->socket->name.peer_addr))
			wait->found = FOUND_REMOTE;
	} else {
		find_connection(waits, wait);
	}
}

int waits_index_ends(struct waits *waits)
{
	int err;

	if (waits->ends.look)
		return 0;
	err = listeners_index(&waits->listeners, waits->look);
	if (!err)
		err = ends_collect(&waits->ends, waits->look);
	return err ?: unix_queues_collect(&waits->unix_queues, waits->look);
}

int waits_find_ends(struct waits *waits)
{
	int err = waits_index_ends(waits);
	size_t i;

	for (i = 0; i < waits->count && !err; i++)
		find_end(waits, &waits->items[i]);
	return err;
}
