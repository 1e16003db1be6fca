/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * First questions without an answer: whether other connections of the same process to the same server were answered. BPF keeps
 * those (held.bpf.h); here each question looks them up, once all connections of the namespace have come by.
 */
#include <string.h>

#include <bpf/bpf.h>

#include "look/records.h"
#include "probe/internal.h"

static struct siblings look_up(int map, const struct held_record *held, const struct socket_record *socket)
{
	struct sibling_key key = {.instance = held->instance, .peer_port = socket->name.peer_port};
	struct siblings found;

	memcpy(key.peer_addr, socket->name.peer_addr, sizeof(key.peer_addr));
	return bpf_map_lookup_elem(map, &key, &found) ? (struct siblings){0} : found;
}

/* Nothing else is wrong with it, as far as one look shows: then it is one of many that only talk. */
static bool is_no_matter(const struct held_record *held, const struct socket_record *socket)
{
	return held->flags & HELD_FIRST && !held->siblings && !(held->flags & HELD_POLL_ALONE) &&
	       !socket->packets_out && !socket->unsent_bytes && !socket->probes_out && !socket->backoff;
}

static void fill(const struct probe *probe, struct held_record *held, const struct socket_record *socket)
{
	const struct sockstall_bpf *skeleton = probe->attached.skeleton;
	struct siblings siblings = look_up(bpf_map__fd(skeleton->maps.siblings_kept), held, socket);

	held->siblings = siblings.answered;
	held->siblings_slowest_ns = siblings.slowest * skeleton->rodata->cfg_tick_ns;
	held->instance = 0;
}

static void cut(struct buffer *buffer, size_t from, size_t to)
{
	memmove(buffer->data + from, buffer->data + to, buffer->size - to);
	buffer->size -= to - from;
}

void probe_siblings_find(const struct probe *probe, struct buffer *buffer, size_t offset)
{
	struct record_header *header;
	size_t at, end;

	for (at = end = offset; (header = record_next(buffer, &end)); at = end) {
		struct held_record *held = (void *)header;
		struct record_header *socket;

		if (header->type != RECORD_HELD || !held->instance)
			continue;
		socket = record_next(buffer, &end);
		if (!socket || socket->type != RECORD_SOCKET)
			return;
		fill(probe, held, (const void *)socket);
		if (!is_no_matter(held, (const void *)socket))
			continue;
		cut(buffer, at, end);
		end = at;
	}
}
