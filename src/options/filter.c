/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "options/filter.h"

#include <string.h>

#include "system/cgroup.h"
#include "system/unit.h"

#define COMM_LENGTH 15 /* the kernel keeps no more of a name */

enum {
	BY_PID = 1,
	BY_COMM = 2,
	BY_PORT = 4,
	BY_PEER = 8,
	BY_NETNS = 16,
	BY_CGROUP = 32,
	BY_UNIT = 64,
	BY_POD = 128,
	BY_CONTAINER = 256,
	OF_PLACE = BY_CGROUP | BY_UNIT | BY_POD | BY_CONTAINER,
};

static bool asks_for_netns(const struct selection *selection)
{
	return selection->netns_self || selection->netns_count || selection->netns_name_count;
}

unsigned int filter_asked(const struct selection *selection)
{
	return (selection->pid_count ? BY_PID : 0) | (selection->comm_count ? BY_COMM : 0) |
	       (selection->port_count ? BY_PORT : 0) | (selection->peer_given ? BY_PEER : 0) |
	       (asks_for_netns(selection) ? BY_NETNS : 0) | (selection->cgroup ? BY_CGROUP : 0) |
	       (selection->unit ? BY_UNIT : 0) | (selection->pod ? BY_POD : 0) |
	       (selection->container ? BY_CONTAINER : 0);
}

bool filter_is_met(const struct selection *selection, unsigned int fits)
{
	return !(filter_asked(selection) & ~fits);
}

/* ---- One value ---- */

bool filter_is_pid(const struct selection *selection, int64_t pid)
{
	size_t i;

	for (i = 0; i < selection->pid_count; i++) {
		if (selection->pids[i] == pid)
			return true;
	}
	return !selection->pid_count;
}

bool filter_is_comm(const struct selection *selection, const char *comm)
{
	size_t i;

	for (i = 0; comm && i < selection->comm_count; i++) {
		if (!strncmp(selection->comms[i], comm, COMM_LENGTH))
			return true;
	}
	return !selection->comm_count;
}

bool filter_is_port(const struct selection *selection, int64_t port)
{
	size_t i;

	for (i = 0; i < selection->port_count; i++) {
		if (port >= selection->ports[i].first && port <= selection->ports[i].last)
			return true;
	}
	return !selection->port_count;
}

static bool in_network(const struct in6_addr *address, const struct in6_addr *network, unsigned int bits)
{
	unsigned int rest = bits % 8;
	unsigned int mask = 0xff & (0xff00 >> rest);

	if (memcmp(address, network, bits / 8))
		return false;
	return !rest || !((address->s6_addr[bits / 8] ^ network->s6_addr[bits / 8]) & mask);
}

static bool is_peer(const struct selection *selection, const struct in6_addr *address)
{
	bool inet = selection->peer_bits >= 96 && IN6_IS_ADDR_V4MAPPED(&selection->peer);

	/* ::/0 is all of IPv6, and none of IPv4, however that is kept. */
	if (inet != !!IN6_IS_ADDR_V4MAPPED(address))
		return false;
	return in_network(address, &selection->peer, selection->peer_bits);
}

static bool is_netns(const struct selection *selection, int64_t inode, const char *name)
{
	size_t i;

	for (i = 0; i < selection->netns_count; i++) {
		if (selection->netns_inodes[i] == inode)
			return true;
	}
	for (i = 0; name && i < selection->netns_name_count; i++) {
		if (!strcmp(selection->netns_names[i], name))
			return true;
	}
	return false;
}

bool filter_is_in_cgroup(const struct selection *selection, const char *cgroup)
{
	size_t length;

	if (!selection->cgroup || !strcmp(selection->cgroup, "/"))
		return true;
	if (!cgroup)
		return false;
	length = strlen(selection->cgroup);
	if (strncmp(cgroup, selection->cgroup, length))
		return false;
	return !cgroup[length] || cgroup[length] == '/';
}

/* A number that is long enough for docker ps to show names the container as well. */
#define CONTAINER_ID_LEAST 12

static bool is_container(const char *wanted, const char *name, const char *id)
{
	if (name && !strcmp(wanted, name))
		return true;
	return id && strlen(wanted) >= CONTAINER_ID_LEAST && !strncmp(wanted, id, strlen(wanted));
}

/* The names of the container and pod that it runs in; each may be NULL. */
struct place {
	const char *cgroup, *pod, *container, *id;
};

static unsigned int fits_place(const struct selection *selection, const struct place *place)
{
	bool unit = selection->unit && place->cgroup && unit_is(selection->unit, place->cgroup);
	bool pod = selection->pod && place->pod && !strcmp(selection->pod, place->pod);
	bool container = selection->container && is_container(selection->container, place->container, place->id);

	return (filter_is_in_cgroup(selection, place->cgroup) ? BY_CGROUP : 0) | (unit ? BY_UNIT : 0) |
	       (pod ? BY_POD : 0) | (container ? BY_CONTAINER : 0);
}

static unsigned int fits_place_of(const struct selection *selection, const struct look *look, __u32 pid)
{
	char id[CONTAINER_ID_SIZE];
	struct place place = {.cgroup = look_cgroup(look, pid), .id = id};

	if (!(filter_asked(selection) & OF_PLACE))
		return 0;
	container_id_copy(id, place.cgroup);
	place.pod = look_process_name(look, pid, PROCESS_POD);
	place.container = look_process_name(look, pid, PROCESS_CONTAINER);
	return fits_place(selection, &place);
}

/* ---- A row by its own fields ---- */

static bool fits_peer(const struct selection *selection, const struct row *row)
{
	return selection->peer_given && row->peer_addr && row->has_peer && is_peer(selection, &row->peer);
}

/* A thread may have a name of its own; people know the process by the leader's. */
static unsigned int fits_of(const struct selection *selection, const struct row *row)
{
	bool comm = filter_is_comm(selection, row->comm) || filter_is_comm(selection, row->process_comm);
	bool port = filter_is_port(selection, row->local_port) || filter_is_port(selection, row->peer_port);
	struct place place = {row->cgroup, row->pod, row->container_name, row->container};

	return (filter_is_pid(selection, row->pid) ? BY_PID : 0) | (comm ? BY_COMM : 0) | (port ? BY_PORT : 0) |
	       (fits_peer(selection, row) ? BY_PEER : 0) |
	       (is_netns(selection, row->netns, row->netns_name) ? BY_NETNS : 0) | fits_place(selection, &place);
}

bool filter_matches(const struct selection *selection, const struct row *row)
{
	if (row->type == ROW_START || row->type == ROW_LOST || row->type == ROW_END || !filter_asked(selection))
		return true;
	return filter_is_met(selection, row->fits | fits_of(selection, row));
}

/* ---- What else a row is about ---- */

/* The name may lack its NUL: filter_is_comm() reads no more than 15 bytes. */
unsigned int filter_process(const struct selection *selection, const struct look *look, __u32 pid, const char comm[16])
{
	if (!filter_asked(selection) || !pid)
		return 0;
	return (filter_is_pid(selection, pid) ? BY_PID : 0) | (filter_is_comm(selection, comm) ? BY_COMM : 0) |
	       fits_place_of(selection, look, pid);
}

static unsigned int filter_netns(const struct selection *selection, const struct look *look, __u32 netns)
{
	if (!asks_for_netns(selection))
		return 0;
	return is_netns(selection, netns, selection->netns_name_count ? look_netns_name(look, netns) : NULL) ? BY_NETNS
													     : 0;
}

unsigned int filter_thread(const struct selection *selection, const struct look *look,
			   const struct thread_record *thread)
{
	if (!filter_asked(selection))
		return 0;
	return filter_process(selection, look, thread->pid, thread->process_comm) |
	       (filter_is_comm(selection, thread->comm) ? BY_COMM : 0) | filter_netns(selection, look, thread->netns);
}

unsigned int filter_socket(const struct selection *selection, const struct look *look, const struct socket_name *name)
{
	struct in6_addr peer;
	unsigned int fits;

	if (!filter_asked(selection))
		return 0;
	fits = filter_netns(selection, look, name->netns);
	if (name->family != AF_INET && name->family != AF_INET6)
		return fits;
	memcpy(&peer, name->peer_addr, sizeof(peer));
	if (selection->peer_given && name->peer_port && is_peer(selection, &peer))
		fits |= BY_PEER;
	return fits |
	       (filter_is_port(selection, name->local_port) || filter_is_port(selection, name->peer_port) ? BY_PORT
													  : 0);
}

unsigned int filter_holders(const struct selection *selection, const struct look *look,
			    const struct owner_record *const *owners, size_t count)
{
	unsigned int fits = 0;
	size_t i;

	for (i = 0; filter_asked(selection) && i < count; i++)
		fits |= filter_process(selection, look, owners[i]->pid, owners[i]->comm);
	return fits;
}

unsigned int filter_holders_of(const struct selection *selection, const struct look *look, __u64 cookie)
{
	size_t count = 0;
	const struct owner_record *const *owners = NULL;

	if (filter_asked(selection) && cookie)
		owners = look_owners(look, cookie, &count);
	return filter_holders(selection, look, owners, count);
}

/* ---- Whether anybody is meant ---- */

#define OF_PROCESS (BY_PID | BY_COMM | OF_PLACE)

static bool is_process(const struct selection *selection, unsigned int fits)
{
	return !(filter_asked(selection) & OF_PROCESS & ~fits);
}

bool filter_is_by_link(const struct scope *scope)
{
	return scope->command == COMMAND_CHAINS || scope->command == COMMAND_LOCKS;
}

/* One process for all filters; with chains, one for each. */
static void take_process(const struct scope *scope, unsigned int *met, unsigned int fits)
{
	if (filter_is_by_link(scope) || is_process(&scope->selection, fits))
		*met |= fits;
}

static void take_holders(const struct scope *scope, unsigned int *met, const struct look *look,
			 const struct owner_record *const *owners, size_t count)
{
	size_t i;

	for (i = 0; i < count && !is_process(&scope->selection, *met); i++)
		take_process(scope, met, filter_holders(&scope->selection, look, &owners[i], 1));
}

static bool any_process(const struct scope *scope, const struct look *look)
{
	unsigned int met = 0;
	size_t i;

	for (i = 0; i < look->threads.count && !is_process(&scope->selection, met); i++)
		take_process(scope, &met, filter_thread(&scope->selection, look, look->threads.items[i].thread));
	take_holders(scope, &met, look, look->owners.items, look->owners.count);
	take_holders(scope, &met, look, look->pipe_readers.items, look->pipe_readers.count);
	take_holders(scope, &met, look, look->pipe_writers.items, look->pipe_writers.count);
	return is_process(&scope->selection, met);
}

static bool any_netns(const struct selection *selection, const struct look *look)
{
	size_t i;

	for (i = 0; i < look->namespaces.count; i++)
		if (filter_netns(selection, look, look->namespaces.items[i]->netns))
			return true;
	for (i = 0; i < look->threads.count; i++)
		if (filter_netns(selection, look, look->threads.items[i].thread->netns))
			return true;
	return !asks_for_netns(selection);
}

/* ---- What was lost ---- */

/* What it may fit: what is not known of it may. */
static unsigned int may_fit(const struct selection *selection, const struct look *look, __u32 pid)
{
	static const char none[16];
	const struct unread_record *unread = look_unread(look, pid);
	const char *comm = look_process_comm(look, pid);
	unsigned int fits = BY_PORT | BY_PEER;

	fits |= comm ? 0 : BY_COMM;
	fits |= look_cgroup(look, pid) ? 0 : OF_PLACE;
	fits |= unread && unread->netns ? filter_netns(selection, look, unread->netns) : BY_NETNS;
	return fits | filter_process(selection, look, pid, comm ? comm : none);
}

bool filter_tells_lost(const struct scope *scope, const struct look *look, const struct lost_record *lost)
{
	if (lost->where != LOST_PROCESSES || !lost->pid || filter_is_by_link(scope))
		return true;
	return filter_is_met(&scope->selection, may_fit(&scope->selection, look, lost->pid));
}

bool filter_fits_look(const struct scope *scope, const struct look *look)
{
	return any_process(scope, look) && any_netns(&scope->selection, look);
}
