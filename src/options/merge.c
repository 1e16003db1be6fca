/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "options/merge.h"

#include "options/filter.h"

static void merge_sinks(struct options *merged, const struct options *recorded, const struct options *given)
{
	merged->sinks.json = given->sinks.json;
	merged->sinks.otlp = given->sinks.otlp;
	merged->sinks.was_folded = recorded->pace.once && !recorded->sinks.no_fold;
	merged->sinks.no_color = given->sinks.no_color;
	merged->sinks.no_fold = given->sinks.no_fold;
	merged->sinks.exit_code = given->sinks.exit_code;
	merged->sinks.record_file = NULL;
	merged->sinks.ready_fd = -1;
}

static void merge_scope(struct scope *merged, const struct scope *given)
{
	if (given->command_given)
		merged->command = given->command;
	merged->interactive = false;
	merged->hosts = given->hosts;
	merged->all |= given->all;
	merged->watches |= given->watches;
	if (given->min_age_given)
		merged->min_age_ns = given->min_age_ns, merged->min_age_given = true;
}

static void merge_sockets(struct selection *merged, const struct selection *given)
{
	if (given->port_count)
		merged->ports = given->ports, merged->port_count = given->port_count;
	if (given->peer_given)
		merged->peer_given = true, merged->peer = given->peer, merged->peer_bits = given->peer_bits;
	if (given->netns_all || given->netns_count || given->netns_name_count) {
		merged->netns_inodes = given->netns_inodes, merged->netns_count = given->netns_count;
		merged->netns_names = given->netns_names, merged->netns_name_count = given->netns_name_count;
	}
}

static void merge_processes(struct selection *merged, const struct selection *given)
{
	if (given->pid_count)
		merged->pids = given->pids, merged->pid_count = given->pid_count;
	if (given->comm_count)
		merged->comms = given->comms, merged->comm_count = given->comm_count;
	merged->cgroup = given->cgroup ?: merged->cgroup;
	merged->unit = given->unit ?: merged->unit;
	merged->pod = given->pod ?: merged->pod;
	merged->container = given->container ?: merged->container;
}

void options_merge(struct options *merged, const struct options *recorded, const struct options *given)
{
	*merged = *recorded;
	merged->replay_file = given->replay_file;
	merged->helpers.files = given->helpers.files;
	merged->pace.once = given->pace.once;
	merge_sinks(merged, recorded, given);
	merge_scope(&merged->scope, &given->scope);
	merge_sockets(&merged->scope.selection, &given->scope.selection);
	merge_processes(&merged->scope.selection, &given->scope.selection);
}

bool options_have_filters(const struct selection *selection)
{
	return filter_asked(selection) || selection->netns_all;
}
