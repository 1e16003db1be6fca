/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "history/recording_fields.h"

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
}

static void fields_output(struct pack *pack, struct options *options)
{
	options->command = pack_number(pack, options->command, COMMANDS - 1);
	pack_bool(pack, &options->command_given);
	pack_bool(pack, &options->json);
	pack_bool(pack, &options->once);
	pack_bool(pack, &options->all);
	pack_bool(pack, &options->watches);
	pack_bool(pack, &options->exit_code);
	pack_bool(pack, &options->no_color);
	pack_u64(pack, &options->interval_ns);
	pack_u64(pack, &options->duration_ns);
	pack_u64(pack, &options->min_age_ns);
	pack_bool(pack, &options->interval_given);
	pack_bool(pack, &options->min_age_given);
	pack_bool(pack, &options->verbose);
	pack_bool(pack, &options->stacks);
	options->interfaces = pack_number(pack, options->interfaces, INTERFACES_ALL);
}

static void fields_filters(struct pack *pack, struct options *options)
{
	const char *cgroup = options->cgroup;

	pack_list(pack, &options->pids, &options->pid_count, sizeof(*options->pids));
	pack_text(pack, &options->comm);
	pack_list(pack, &options->ports, &options->port_count, sizeof(*options->ports));
	pack_bool(pack, &options->peer_given);
	pack_bytes(pack, &options->peer, sizeof(options->peer));
	options->peer_bits = pack_number(pack, options->peer_bits, 128);
	options->netns = pack_number(pack, options->netns, NETNS_INODE);
	options->netns_inode = pack_number(pack, options->netns_inode, UINT32_MAX);
	pack_text(pack, &cgroup);
	options->cgroup = (char *)cgroup;
}

void fields_options(struct pack *pack, struct options *options)
{
	if (!pack->out)
		*options = (struct options){.ready_fd = -1};
	fields_output(pack, options);
	fields_filters(pack, options);
}
