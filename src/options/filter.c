/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "options/filter.h"

#include <string.h>

#include "system/address.h"

#define COMM_LENGTH 15 /* the kernel keeps no more of a name */

static bool pid_matches(const struct options *options, const struct row *row)
{
	size_t i;

	for (i = 0; i < options->pid_count; i++) {
		if (options->pids[i] == row->pid)
			return true;
	}
	return !options->pid_count;
}

bool filter_is_comm(const struct options *options, const char *comm)
{
	return !options->comm || (comm && !strncmp(options->comm, comm, COMM_LENGTH));
}

/* A thread may have a name of its own; people know the process by the leader's. */
static bool comm_matches(const struct options *options, const struct row *row)
{
	return filter_is_comm(options, row->comm) || filter_is_comm(options, row->process_comm);
}

static bool port_matches(const struct options *options, const struct row *row)
{
	size_t i;

	for (i = 0; i < options->port_count; i++) {
		if (options->ports[i] == row->local_port || options->ports[i] == row->peer_port)
			return true;
	}
	return !options->port_count;
}

static bool in_network(const struct in6_addr *address, const struct in6_addr *network, unsigned int bits)
{
	unsigned int rest = bits % 8;
	unsigned int mask = 0xff & (0xff00 >> rest);

	if (memcmp(address, network, bits / 8))
		return false;
	return !rest || !((address->s6_addr[bits / 8] ^ network->s6_addr[bits / 8]) & mask);
}

static bool peer_matches(const struct options *options, const struct row *row)
{
	bool inet = options->peer_bits >= 96 && IN6_IS_ADDR_V4MAPPED(&options->peer);
	struct in6_addr address;

	if (!options->peer_given)
		return true;
	if (!row->peer_addr || !address_parse(row->peer_addr, &address))
		return false;
	/* ::/0 is all of IPv6, and none of IPv4, however that is kept. */
	if (inet != !!IN6_IS_ADDR_V4MAPPED(&address))
		return false;
	return in_network(&address, &options->peer, options->peer_bits);
}

static bool netns_matches(const struct options *options, const struct row *row)
{
	if (options->netns == NETNS_NAME)
		return row->netns_name && !strcmp(row->netns_name, options->netns_name);
	return options->netns == NETNS_ALL || row->netns == options->netns_inode;
}

bool filter_is_in_cgroup(const struct options *options, const char *cgroup)
{
	size_t length;

	if (!options->cgroup || !strcmp(options->cgroup, "/"))
		return true;
	if (!cgroup)
		return false;
	length = strlen(options->cgroup);
	if (strncmp(cgroup, options->cgroup, length))
		return false;
	return !cgroup[length] || cgroup[length] == '/';
}

bool filter_matches(const struct options *options, const struct row *row)
{
	if (row->type == ROW_START || row->type == ROW_LOST || row->type == ROW_END)
		return true;
	return pid_matches(options, row) && comm_matches(options, row) && port_matches(options, row) &&
	       peer_matches(options, row) && netns_matches(options, row) && filter_is_in_cgroup(options, row->cgroup);
}
