/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Sums over the connections of each listener: see bpf/services.bpf.h. */
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "look/suspects.h"
#include "probe/internal.h"

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

struct news {
	const struct probe *probe;
	bool any;
};

static void suspect(void *context, const struct owner_record *owner)
{
	struct news *news = context;
	int map = bpf_map__fd(news->probe->attached.skeleton->maps.suspects);
	__u64 start_ns;

	if (bpf_map_lookup_elem(map, &owner->pid, &start_ns) || start_ns != owner->process_start_ns)
		news->any |= !bpf_map_update_elem(map, &owner->pid, &owner->process_start_ns, BPF_ANY);
}

int probe_services_suspect(struct probe *probe, const struct buffer *buffer)
{
	struct news news = {.probe = probe};
	int err = suspects_find(buffer, suspect, &news);

	probe->has_news = news.any;
	return err;
}
