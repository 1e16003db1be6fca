/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "history/recording_fields.h"

#include <errno.h>

void fields_start(struct pack *pack, struct row *row)
{
	struct start_fields *start = &row->start;

	if (!pack->out)
		row_init(row, ROW_START);
	pack_u64(pack, &row->time_ns);
	pack_text(pack, &start->version);
	pack_text(pack, &start->kernel);
	pack_text(pack, &start->host);
	pack_text(pack, &start->command);
	pack_text(pack, &start->arguments);
	pack_text(pack, &start->probes_used);
	pack_text(pack, &start->probes_missing);
	pack_double(pack, &start->interval_s);
}

void fields_start_added(struct pack *pack, struct row *row)
{
	if (pack_more(pack))
		pack_double(pack, &row->start.flight_s);
}

void fields_end(struct pack *pack, struct row *row)
{
	struct end_fields *end = &row->end;

	if (!pack->out)
		row_init(row, ROW_END);
	pack_u64(pack, &row->time_ns);
	pack_i64(pack, &end->looks);
	pack_i64(pack, &end->records);
	pack_i64(pack, &end->lost);
	pack_double(pack, &end->cpu_s);
	if (pack_more(pack))
		pack_bool(pack, &end->nobody);
}

static void fields_output(struct pack *pack, struct options *options)
{
	options->scope.command = pack_number(pack, options->scope.command, COMMANDS - 1);
	pack_bool(pack, &options->scope.command_given);
	pack_bool(pack, &options->sinks.json);
	pack_bool(pack, &options->pace.once);
	pack_bool(pack, &options->scope.all);
	pack_bool(pack, &options->scope.watches);
	pack_bool(pack, &options->sinks.exit_code);
	pack_bool(pack, &options->sinks.no_color);
	pack_u64(pack, &options->pace.interval_ns);
	pack_u64(pack, &options->pace.duration_ns);
	pack_u64(pack, &options->scope.min_age_ns);
	pack_bool(pack, &options->pace.interval_given);
	pack_bool(pack, &options->scope.min_age_given);
	pack_bool(pack, &options->scope.verbose);
	pack_bool(pack, &options->scope.stacks);
	options->scope.interfaces = pack_number(pack, options->scope.interfaces, INTERFACES_ALL);
}

#define NETNS_INODE 2 /* 0: all; 1: the own, by its inode too */

/* 0.1.0 had room for one name, one namespace, and no ranges of ports. Written empty: fields_lists() has them all. */
struct single_filters {
	const char *comm;
	uint16_t *ports;
	size_t port_count;
	uint64_t netns, netns_inode;
};

static void fields_filters(struct pack *pack, struct selection *selection, struct single_filters *single)
{
	const char *cgroup = selection->cgroup;

	pack_list(pack, &selection->pids, &selection->pid_count, sizeof(*selection->pids));
	pack_text(pack, &single->comm);
	pack_list(pack, &single->ports, &single->port_count, sizeof(*single->ports));
	pack_bool(pack, &selection->peer_given);
	pack_bytes(pack, &selection->peer, sizeof(selection->peer));
	selection->peer_bits = pack_number(pack, selection->peer_bits, 128);
	single->netns = pack_number(pack, single->netns, NETNS_INODE);
	single->netns_inode = pack_number(pack, single->netns_inode, UINT32_MAX);
	pack_text(pack, &cgroup);
	selection->cgroup = (char *)cgroup;
}

static void *list_room(struct pack *pack, size_t count, size_t size)
{
	void *list = arena_alloc(pack->arena, count * size);

	if (!list)
		pack->error = -ENOMEM;
	return list;
}

static void take_ports(struct pack *pack, struct selection *selection, const struct single_filters *single)
{
	size_t i;

	selection->ports = list_room(pack, single->port_count, sizeof(*selection->ports));
	for (i = 0; selection->ports && i < single->port_count; i++)
		selection->ports[selection->port_count++] = (struct port_range){single->ports[i], single->ports[i]};
}

static void take_netns(struct pack *pack, struct selection *selection, const struct single_filters *single)
{
	uint32_t *inodes = list_room(pack, 1, sizeof(*inodes));

	if (inodes)
		inodes[selection->netns_count++] = single->netns_inode;
	selection->netns_inodes = inodes;
}

static void take_comm(struct pack *pack, struct selection *selection, const struct single_filters *single)
{
	const char **comms = list_room(pack, 1, sizeof(*comms));

	if (comms)
		comms[selection->comm_count++] = single->comm;
	selection->comms = comms;
}

static void take_single(struct pack *pack, struct selection *selection, const struct single_filters *single)
{
	if (single->port_count)
		take_ports(pack, selection, single);
	if (single->netns)
		take_netns(pack, selection, single);
	if (single->comm)
		take_comm(pack, selection, single);
}

/* A range as one number: the list of it is in host order, like any other. */
_Static_assert(sizeof(struct port_range) == sizeof(uint32_t), "no padding");

static void fields_lists(struct pack *pack, struct selection *selection)
{
	size_t i;

	pack_texts(pack, &selection->comms, &selection->comm_count);
	pack_list(pack, &selection->ports, &selection->port_count, sizeof(*selection->ports));
	pack_list(pack, &selection->netns_inodes, &selection->netns_count, sizeof(*selection->netns_inodes));
	for (i = 0; i < selection->comm_count; i++)
		if (!selection->comms[i])
			pack->error = -EBADMSG;
}

void fields_options(struct pack *pack, struct options *options)
{
	struct single_filters single = {.comm = NULL};

	if (!pack->out)
		*options = (struct options){.sinks.ready_fd = -1};
	fields_output(pack, options);
	fields_filters(pack, &options->scope.selection, &single);
	if (pack_more(pack))
		fields_lists(pack, &options->scope.selection);
	else if (!pack->error)
		take_single(pack, &options->scope.selection, &single);
	if (pack_more(pack))
		pack_bool(pack, &options->sinks.no_fold);
	if (pack_more(pack)) {
		pack_text(pack, &options->scope.selection.unit);
		pack_text(pack, &options->scope.selection.pod);
		pack_text(pack, &options->scope.selection.container);
	}
}
