/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "options/filter.h"

#include <string.h>

#include "system/address.h"

#define COMM_LENGTH 15 /* the kernel keeps no more of a name */

enum {
	BY_PID = 1,
	BY_COMM = 2,
	BY_PORT = 4,
	BY_PEER = 8,
	BY_NETNS = 16,
	BY_CGROUP = 32,
};

static bool asks_for_netns(const struct options *options)
{
	return options->selection.netns_self || options->selection.netns_count || options->selection.netns_name_count;
}

unsigned int filter_asked(const struct options *options)
{
	return (options->selection.pid_count ? BY_PID : 0) | (options->selection.comm_count ? BY_COMM : 0) |
	       (options->selection.port_count ? BY_PORT : 0) | (options->selection.peer_given ? BY_PEER : 0) |
	       (asks_for_netns(options) ? BY_NETNS : 0) | (options->selection.cgroup ? BY_CGROUP : 0);
}

bool filter_is_met(const struct options *options, unsigned int fits)
{
	return !(filter_asked(options) & ~fits);
}

/* ---- One value ---- */

bool filter_is_pid(const struct options *options, int64_t pid)
{
	size_t i;

	for (i = 0; i < options->selection.pid_count; i++) {
		if (options->selection.pids[i] == pid)
			return true;
	}
	return !options->selection.pid_count;
}

bool filter_is_comm(const struct options *options, const char *comm)
{
	size_t i;

	for (i = 0; comm && i < options->selection.comm_count; i++) {
		if (!strncmp(options->selection.comms[i], comm, COMM_LENGTH))
			return true;
	}
	return !options->selection.comm_count;
}

bool filter_is_port(const struct options *options, int64_t port)
{
	size_t i;

	for (i = 0; i < options->selection.port_count; i++) {
		if (port >= options->selection.ports[i].first && port <= options->selection.ports[i].last)
			return true;
	}
	return !options->selection.port_count;
}

static bool in_network(const struct in6_addr *address, const struct in6_addr *network, unsigned int bits)
{
	unsigned int rest = bits % 8;
	unsigned int mask = 0xff & (0xff00 >> rest);

	if (memcmp(address, network, bits / 8))
		return false;
	return !rest || !((address->s6_addr[bits / 8] ^ network->s6_addr[bits / 8]) & mask);
}

static bool is_peer(const struct options *options, const struct in6_addr *address)
{
	bool inet = options->selection.peer_bits >= 96 && IN6_IS_ADDR_V4MAPPED(&options->selection.peer);

	/* ::/0 is all of IPv6, and none of IPv4, however that is kept. */
	if (inet != !!IN6_IS_ADDR_V4MAPPED(address))
		return false;
	return in_network(address, &options->selection.peer, options->selection.peer_bits);
}

static bool is_netns(const struct options *options, int64_t inode, const char *name)
{
	size_t i;

	for (i = 0; i < options->selection.netns_count; i++) {
		if (options->selection.netns_inodes[i] == inode)
			return true;
	}
	for (i = 0; name && i < options->selection.netns_name_count; i++) {
		if (!strcmp(options->selection.netns_names[i], name))
			return true;
	}
	return false;
}

bool filter_is_in_cgroup(const struct options *options, const char *cgroup)
{
	size_t length;

	if (!options->selection.cgroup || !strcmp(options->selection.cgroup, "/"))
		return true;
	if (!cgroup)
		return false;
	length = strlen(options->selection.cgroup);
	if (strncmp(cgroup, options->selection.cgroup, length))
		return false;
	return !cgroup[length] || cgroup[length] == '/';
}

/* ---- A row by its own fields ---- */

static bool fits_peer(const struct options *options, const struct row *row)
{
	struct in6_addr address;

	return row->peer_addr && address_parse(row->peer_addr, &address) && is_peer(options, &address);
}

/* A thread may have a name of its own; people know the process by the leader's. */
static unsigned int fits_of(const struct options *options, const struct row *row)
{
	bool comm = filter_is_comm(options, row->comm) || filter_is_comm(options, row->process_comm);
	bool port = filter_is_port(options, row->local_port) || filter_is_port(options, row->peer_port);

	return (filter_is_pid(options, row->pid) ? BY_PID : 0) | (comm ? BY_COMM : 0) | (port ? BY_PORT : 0) |
	       (options->selection.peer_given && fits_peer(options, row) ? BY_PEER : 0) |
	       (is_netns(options, row->netns, row->netns_name) ? BY_NETNS : 0) |
	       (filter_is_in_cgroup(options, row->cgroup) ? BY_CGROUP : 0);
}

bool filter_matches(const struct options *options, const struct row *row)
{
	if (row->type == ROW_START || row->type == ROW_LOST || row->type == ROW_END || !filter_asked(options))
		return true;
	return filter_is_met(options, row->fits | fits_of(options, row));
}

/* ---- What else a row is about ---- */

/* The name may lack its NUL: filter_is_comm() reads no more than 15 bytes. */
unsigned int filter_process(const struct options *options, const struct look *look, __u32 pid, const char comm[16])
{
	if (!filter_asked(options) || !pid)
		return 0;
	return (filter_is_pid(options, pid) ? BY_PID : 0) | (filter_is_comm(options, comm) ? BY_COMM : 0) |
	       (options->selection.cgroup && filter_is_in_cgroup(options, look_cgroup(look, pid)) ? BY_CGROUP : 0);
}

static unsigned int filter_netns(const struct options *options, const struct look *look, __u32 netns)
{
	if (!asks_for_netns(options))
		return 0;
	return is_netns(options, netns, options->selection.netns_name_count ? look_netns_name(look, netns) : NULL)
		       ? BY_NETNS
		       : 0;
}

unsigned int filter_thread(const struct options *options, const struct look *look, const struct thread_record *thread)
{
	if (!filter_asked(options))
		return 0;
	return filter_process(options, look, thread->pid, thread->process_comm) |
	       (filter_is_comm(options, thread->comm) ? BY_COMM : 0) | filter_netns(options, look, thread->netns);
}

unsigned int filter_socket(const struct options *options, const struct look *look, const struct socket_name *name)
{
	struct in6_addr peer;
	unsigned int fits;

	if (!filter_asked(options))
		return 0;
	fits = filter_netns(options, look, name->netns);
	if (name->family != AF_INET && name->family != AF_INET6)
		return fits;
	memcpy(&peer, name->peer_addr, sizeof(peer));
	if (options->selection.peer_given && name->peer_port && is_peer(options, &peer))
		fits |= BY_PEER;
	return fits |
	       (filter_is_port(options, name->local_port) || filter_is_port(options, name->peer_port) ? BY_PORT : 0);
}

unsigned int filter_holders(const struct options *options, const struct look *look,
			    const struct owner_record *const *owners, size_t count)
{
	unsigned int fits = 0;
	size_t i;

	for (i = 0; filter_asked(options) && i < count; i++)
		fits |= filter_process(options, look, owners[i]->pid, owners[i]->comm);
	return fits;
}

unsigned int filter_holders_of(const struct options *options, const struct look *look, __u64 cookie)
{
	size_t count = 0;
	const struct owner_record *const *owners = NULL;

	if (filter_asked(options) && cookie)
		owners = look_owners(look, cookie, &count);
	return filter_holders(options, look, owners, count);
}

/* ---- Whether anybody is meant ---- */

#define OF_PROCESS (BY_PID | BY_COMM | BY_CGROUP)

static bool is_process(const struct options *options, unsigned int fits)
{
	return !(filter_asked(options) & OF_PROCESS & ~fits);
}

bool filter_is_by_link(const struct options *options)
{
	return options->scope.command == COMMAND_CHAINS;
}

/* One process for all filters; with chains, one for each. */
static void take_process(const struct options *options, unsigned int *met, unsigned int fits)
{
	if (filter_is_by_link(options) || is_process(options, fits))
		*met |= fits;
}

static void take_holders(const struct options *options, unsigned int *met, const struct look *look,
			 const struct owner_record *const *owners, size_t count)
{
	size_t i;

	for (i = 0; i < count && !is_process(options, *met); i++)
		take_process(options, met, filter_holders(options, look, &owners[i], 1));
}

static bool any_process(const struct options *options, const struct look *look)
{
	unsigned int met = 0;
	size_t i;

	for (i = 0; i < look->threads.count && !is_process(options, met); i++)
		take_process(options, &met, filter_thread(options, look, look->threads.items[i].thread));
	take_holders(options, &met, look, look->owners.items, look->owners.count);
	take_holders(options, &met, look, look->pipe_readers.items, look->pipe_readers.count);
	take_holders(options, &met, look, look->pipe_writers.items, look->pipe_writers.count);
	return is_process(options, met);
}

static bool any_netns(const struct options *options, const struct look *look)
{
	size_t i;

	for (i = 0; i < look->namespaces.count; i++)
		if (filter_netns(options, look, look->namespaces.items[i]->netns))
			return true;
	for (i = 0; i < look->threads.count; i++)
		if (filter_netns(options, look, look->threads.items[i].thread->netns))
			return true;
	return !asks_for_netns(options);
}

bool filter_fits_look(const struct options *options, const struct look *look)
{
	return any_process(options, look) && any_netns(options, look);
}
