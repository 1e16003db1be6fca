/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The other end of a connection: the socket whose addresses are the same the other way round, in whatever network
 * namespace; through address translation, the one that conntrack tells of, or the one that has the same place in both
 * streams of bytes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "holders.h"
#include "owners.h"
#include "tcp_states.h"
#include "waits.h"

/* An end that was seen, and by whom it is held; pid 0: it lies in an accept queue. */
struct waits_end {
	const struct socket_record *socket;
	__u32 pid;
	__s32 fd;
	const char *comm;
};

struct place {
	const __u8 *local_addr, *peer_addr;
	__u16 local_port, peer_port;
};

static struct place place_of(const struct socket_name *name)
{
	return (struct place){name->local_addr, name->peer_addr, name->local_port, name->peer_port};
}

static int compare_places(const struct place *a, const struct place *b)
{
	int order = memcmp(a->local_addr, b->local_addr, 16);

	if (!order)
		order = memcmp(a->peer_addr, b->peer_addr, 16);
	if (!order)
		order = (a->local_port > b->local_port) - (a->local_port < b->local_port);
	return order ? order : (a->peer_port > b->peer_port) - (a->peer_port < b->peer_port);
}

static int compare_ends(const void *left, const void *right)
{
	const struct waits_end *a = left, *b = right;
	struct place at = place_of(&a->socket->name), bt = place_of(&b->socket->name);
	int order = compare_places(&at, &bt);

	if (!order)
		order = (a->socket->name.inode > b->socket->name.inode) - (a->socket->name.inode < b->socket->name.inode);
	return order ? order : (a->pid > b->pid) - (a->pid < b->pid);
}

static bool is_connection(const struct socket_record *socket)
{
	return socket->name.kind == SOCKET_KIND_TCP &&
	       (socket->name.state == STATE_ESTABLISHED || socket->name.state == STATE_CLOSE_WAIT ||
		socket->name.state == STATE_FIN_WAIT2);
}

static void add_held(struct waits *waits, const struct socket_record *socket)
{
	const struct owner_record *owner = owners_main(waits->look, socket->name.cookie);
	struct waits_end end = {.socket = socket};

	if (socket->flags & SOCKET_ACCEPTED) {
		if (!owner)
			return;
		end.pid = owner->pid;
		end.fd = owner->fd;
		end.comm = owner->comm;
	}
	waits->ends[waits->end_count++] = end;
}

static int index_ends(struct waits *waits)
{
	const struct look *look = waits->look;
	size_t i;

	waits->ends = calloc(look->sockets.count + look->connections.count + look->threads.count + 1, sizeof(*waits->ends));
	if (!waits->ends)
		return -ENOMEM;
	for (i = 0; i < look->sockets.count; i++)
		if (is_connection(look->sockets.items[i]))
			add_held(waits, look->sockets.items[i]);
	for (i = 0; i < look->connections.count; i++)
		if (is_connection(look->connections.items[i]))
			add_held(waits, look->connections.items[i]);
	for (i = 0; i < look->threads.count; i++) {
		const struct thread_view *view = &look->threads.items[i];

		if (view->socket && is_connection(view->socket))
			waits->ends[waits->end_count++] = (struct waits_end){view->socket, view->thread->pid,
									     view->thread->fd,
									     view->thread->process_comm};
	}
	qsort(waits->ends, waits->end_count, sizeof(*waits->ends), compare_ends);
	return 0;
}

/* Whether both are ends of one connection, by the bytes that each has sent and received. */
static bool streams_fit(const struct socket_record *a, const struct socket_record *b)
{
	if (!(a->flags & b->flags & SOCKET_HAS_MORE))
		return true;
	/* What is under way is sent, and not yet received. */
	return b->rcv_nxt - a->snd_una <= a->snd_nxt - a->snd_una && a->rcv_nxt - b->snd_una <= b->snd_nxt - b->snd_una;
}

/* The one end at this place; NULL: none, or more than one that may be it. */
static const struct waits_end *find_at(const struct waits *waits, const struct place *place,
				       const struct socket_record *of)
{
	const struct waits_end *found = NULL;
	size_t low = 0, high = waits->end_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct place there = place_of(&waits->ends[middle].socket->name);

		if (compare_places(&there, place) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < waits->end_count; low++) {
		const struct waits_end *end = &waits->ends[low];
		struct place there = place_of(&end->socket->name);

		if (compare_places(&there, place))
			break;
		if (!streams_fit(of, end->socket) || end->socket == of)
			continue;
		if (found && found->socket->name.inode != end->socket->name.inode)
			return NULL;
		if (!found)
			found = end;
	}
	return found;
}

/* ---- Address translation ---- */

static bool is_at(const struct socket_name *name, const __u8 local[16], __u16 local_port, const __u8 peer[16],
		  __u16 peer_port)
{
	return name->local_port == local_port && name->peer_port == peer_port && !memcmp(name->local_addr, local, 16) &&
	       !memcmp(name->peer_addr, peer, 16);
}

static const struct waits_end *find_translated(const struct waits *waits, const struct socket_record *socket)
{
	const struct look *look = waits->look;
	const struct socket_name *name = &socket->name;
	const struct waits_end *found = NULL;
	size_t i;

	for (i = 0; i < look->translations.count && !found; i++) {
		const struct translation_record *t = look->translations.items[i];
		struct place server = {t->server_addr, t->asker_addr, t->server_port, t->asker_port};
		struct place client = {t->client_addr, t->asked_addr, t->client_port, t->asked_port};

		if (is_at(name, t->client_addr, t->client_port, t->asked_addr, t->asked_port))
			found = find_at(waits, &server, socket);
		else if (is_at(name, t->server_addr, t->server_port, t->asker_addr, t->asker_port))
			found = find_at(waits, &client, socket);
	}
	return found;
}

/* Where conntrack does not know of it: 64 bits that are the same by chance are not. */
static const struct waits_end *find_by_streams(const struct waits *waits, const struct socket_record *socket)
{
	const struct waits_end *found = NULL;
	size_t i;

	if (!(socket->flags & SOCKET_HAS_MORE))
		return NULL;
	for (i = 0; i < waits->end_count; i++) {
		const struct socket_record *other = waits->ends[i].socket;

		if (!(other->flags & SOCKET_HAS_MORE) || other->snd_nxt != socket->rcv_nxt ||
		    other->rcv_nxt != socket->snd_nxt)
			continue;
		if (found && found->socket->name.inode != other->name.inode)
			return NULL;
		found = found ? found : &waits->ends[i];
	}
	return found;
}

/* ---- Where an address is ---- */

static bool is_loopback(const __u8 address[16])
{
	static const __u8 mapped[12] = {[10] = 0xff, [11] = 0xff}, one[16] = {[15] = 1};

	return (!memcmp(address, mapped, 12) && address[12] == 127) || !memcmp(address, one, 16);
}

static bool has_address(const struct look *look, __u32 netns, const __u8 address[16])
{
	size_t i;

	for (i = 0; i < look->addresses.count; i++)
		if ((!netns || look->addresses.items[i]->netns == netns) &&
		    !memcmp(look->addresses.items[i]->address, address, 16))
			return true;
	return false;
}

static bool is_any(const __u8 address[16])
{
	static const __u8 zero[16], mapped[16] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(address, zero, 16) || !memcmp(address, mapped, 16);
}

static bool listens_at(const struct look *look, const struct listener_record *listener, __u32 from, const __u8 address[16],
		       __u16 port)
{
	if (listener->name.local_port != port)
		return false;
	if (!is_any(listener->name.local_addr) && memcmp(listener->name.local_addr, address, 16))
		return false;
	if (is_loopback(address))
		return listener->name.netns == from;
	return has_address(look, listener->name.netns, address);
}

/* Whom a SYN is for, if its accept queue is full: then the SYN was dropped there. */
static const struct listener_record *full_listener(const struct look *look, __u32 from, const __u8 address[16], __u16 port)
{
	size_t i;

	for (i = 0; i < look->listeners.count; i++) {
		const struct listener_record *listener = look->listeners.items[i];

		if (listener->accept_queue > listener->accept_queue_max && listens_at(look, listener, from, address, port))
			return listener;
	}
	return NULL;
}

static const struct listener_record *asked_listener(const struct look *look, const struct socket_name *name)
{
	const struct listener_record *found = full_listener(look, name->netns, name->peer_addr, name->peer_port);
	size_t i;

	for (i = 0; i < look->translations.count && !found; i++) {
		const struct translation_record *t = look->translations.items[i];

		if (is_at(name, t->client_addr, t->client_port, t->asked_addr, t->asked_port))
			found = full_listener(look, t->netns, t->server_addr, t->server_port);
	}
	return found;
}

/* ---- Each wait ---- */

static bool set_holder(struct wait *wait, const struct look *look, const struct owner_record *const *owners, size_t count,
		       enum wait_found found)
{
	/* It may hold both ends of a pipe: it waits for another then, or for a signal. */
	__u32 itself = wait->socket->name.kind == SOCKET_KIND_PIPE ? wait->pid : 0;
	struct holder holder = holders_choose(look, owners, count, itself, found == FOUND_QUEUE);

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

static void set_queue(struct wait *wait, const struct look *look, const struct listener_record *listener)
{
	const struct owner_record *const *owners;
	size_t count;

	wait->listener = listener;
	if (!listener)
		return;
	owners = look_owners(look, listener->name.cookie, &count);
	set_holder(wait, look, owners, count, FOUND_QUEUE);
}

static const struct listener_record *queue_of(const struct waits *waits, const struct socket_record *socket)
{
	size_t at = listeners_find(&waits->listeners, socket->listener_cookie);

	return at == LISTENERS_NONE ? listeners_of(&waits->listeners, &socket->name) : waits->listeners.by_cookie[at];
}

static void find_connection(struct waits *waits, struct wait *wait)
{
	const struct socket_name *name = &wait->socket->name;
	struct place mirrored = {name->peer_addr, name->local_addr, name->peer_port, name->local_port};
	const struct waits_end *end = find_at(waits, &mirrored, wait->socket);
	const struct owner_record *const *owners;
	size_t count;

	if (!end)
		end = find_translated(waits, wait->socket);
	if (!end)
		end = find_by_streams(waits, wait->socket);
	if (!end) {
		if (!is_loopback(name->peer_addr) && !has_address(waits->look, 0, name->peer_addr))
			wait->found = FOUND_REMOTE;
		return;
	}
	wait->peer = end->socket;
	if (!end->pid) {
		set_queue(wait, waits->look, queue_of(waits, end->socket));
		return;
	}
	owners = look_owners(waits->look, end->socket->name.cookie, &count);
	if (set_holder(wait, waits->look, owners, count, FOUND_PROCESS))
		return;
	/* Only a thread that is asleep on it tells. */
	wait->found = FOUND_PROCESS;
	wait->peer_pid = end->pid;
	wait->peer_fd = end->fd;
	wait->peer_comm = end->comm;
	wait->peer_cookie = end->socket->name.cookie;
	wait->peer_alone = true;
}

static void find_pipe(struct wait *wait, const struct look *look)
{
	bool reads = wait->view->thread->syscall_kind == SYSCALL_READS;
	size_t count;
	const struct owner_record *const *owners = look_pipe_ends(look, wait->socket->peer_inode, reads, &count);

	set_holder(wait, look, owners, count, FOUND_PROCESS);
}

static void find_end(struct waits *waits, struct wait *wait)
{
	const struct owner_record *const *owners;
	size_t count;

	if (wait->socket->name.kind == SOCKET_KIND_UNIX) {
		owners = holders_of_inode(waits->look, wait->socket->peer_inode, &count);
		set_holder(wait, waits->look, owners, count, FOUND_PROCESS);
	} else if (wait->socket->name.kind == SOCKET_KIND_PIPE) {
		find_pipe(wait, waits->look);
	} else if (wait->socket->name.state == STATE_SYN_SENT) {
		set_queue(wait, waits->look, asked_listener(waits->look, &wait->socket->name));
		if (!wait->listener && !is_loopback(wait->socket->name.peer_addr) &&
		    !has_address(waits->look, 0, wait->socket->name.peer_addr))
			wait->found = FOUND_REMOTE;
	} else {
		find_connection(waits, wait);
	}
}

int waits_find_ends(struct waits *waits)
{
	int err = listeners_index(&waits->listeners, waits->look);
	size_t i;

	if (!err)
		err = index_ends(waits);
	for (i = 0; i < waits->count && !err; i++)
		find_end(waits, &waits->items[i]);
	return err;
}
