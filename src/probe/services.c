/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Sums over the connections of each listener: see bpf/services.bpf.h. */
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "look/records.h"
#include "probe/internal.h"
#include "system/tcp_states.h"

/* What lies in an accept queue for so long waits for a process that does something else. */
#define QUEUED_NS 1000000000ULL

/* The owners of so many queues are looked for at one look: a flood's connections are many. */
#define QUEUES_MOST 64

void probe_services_begin(struct probe *probe)
{
	struct sockstall_bpf__bss *bss = probe->attached.skeleton->bss;

	bss->service_count = 0;
	bss->service_last_place.port = 0; /* no connection's */
	bss->service_last_socket = 0;
	bss->services_previous_ns = probe_is_first(probe) ? 0 : probe->look_before_ns;
}

static void forget_place(struct probe *probe, const struct service_record *service)
{
	struct service_place place = {.port = service->name.local_port};

	memcpy(place.address, service->name.local_addr, sizeof(place.address));
	bpf_map_delete_elem(bpf_map__fd(probe->attached.skeleton->maps.service_places), &place);
}

int probe_services_take(struct probe *probe, struct buffer *buffer)
{
	struct sockstall_bpf__bss *bss = probe->attached.skeleton->bss;
	int err = 0, map = bpf_map__fd(probe->attached.skeleton->maps.service_counts);
	struct service_record service;
	__u32 i;

	for (i = 0; i < bss->service_count && !err; i++) {
		if (bpf_map_lookup_elem(map, &i, &service))
			continue;
		forget_place(probe, &service);
		err = buffer_append(buffer, &service, sizeof(service));
	}
	probe->losses.count[LOST_SERVICES] += bss->lost_services;
	bss->lost_services = 0;
	return err;
}

static bool suspect(struct probe *probe, const struct owner_record *owner)
{
	int map = bpf_map__fd(probe->attached.skeleton->maps.suspects);
	__u64 start_ns;

	if (!bpf_map_lookup_elem(map, &owner->pid, &start_ns) && start_ns == owner->process_start_ns)
		return false;
	return !bpf_map_update_elem(map, &owner->pid, &owner->process_start_ns, BPF_ANY);
}

/* Who holds the connection with this inode; if that is 0, the listener with this cookie. */
static bool suspect_owners(struct probe *probe, struct buffer *buffer, __u64 inode, __u64 cookie)
{
	const struct record_header *header;
	bool news = false;
	size_t offset = 0;

	while ((header = record_next(buffer, &offset))) {
		const struct owner_record *owner = (const void *)header;

		if (header->type != RECORD_OWNER)
			continue;
		if (inode ? owner->inode == inode : owner->cookie == cookie)
			news |= suspect(probe, owner);
	}
	return news;
}

/* Nobody has accepted it for a while. */
static bool lies_in_queue(const struct socket_record *socket)
{
	const struct socket_name *name = &socket->name;

	if (name->kind != SOCKET_KIND_TCP || socket->flags & (SOCKET_ACCEPTED | SOCKET_DEAD))
		return false;
	return (name->state == STATE_ESTABLISHED || name->state == STATE_CLOSE_WAIT) && socket->last_sent_ns &&
	       socket->last_sent_ns + QUEUED_NS <= socket->seen_ns;
}

static bool is_listener_of(const struct record_header *header, const struct socket_name *name)
{
	const struct socket_name *listener = &((const struct listener_record *)header)->name;

	return header->type == RECORD_LISTENER && listener->netns == name->netns && listener->kind == name->kind &&
	       listener->local_port == name->local_port;
}

static bool suspect_listeners(struct probe *probe, struct buffer *buffer, const struct socket_name *name)
{
	const struct record_header *header;
	bool news = false;
	size_t offset = 0;

	while ((header = record_next(buffer, &offset)))
		if (is_listener_of(header, name))
			news |= suspect_owners(probe, buffer, 0, ((const struct listener_record *)header)->name.cookie);
	return news;
}

bool probe_services_suspect(struct probe *probe, struct buffer *buffer)
{
	const struct record_header *header;
	bool news = false;
	size_t offset = 0;
	unsigned int queues = 0;
	__u16 port = 0;

	while ((header = record_next(buffer, &offset))) {
		const struct service_record *service = (const void *)header;
		const struct socket_record *socket = (const void *)header;

		/* Those of one queue mostly come one after another. */
		if (header->type == RECORD_SOCKET && lies_in_queue(socket) && socket->name.local_port != port &&
		    queues++ < QUEUES_MOST) {
			port = socket->name.local_port;
			news |= suspect_listeners(probe, buffer, &socket->name);
		}
		if (header->type == RECORD_SERVICE &&
		    (service->owed_since_ns || service->near_since_ns || service->oldest_unread_ns))
			news |= suspect_owners(probe, buffer, service->worst_inode, service->name.cookie);
	}
	return news;
}
