/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the connections of each listener come to: see bpf/services.bpf.h. */
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "probe/internal.h"

void probe_services_begin(struct probe *probe)
{
	struct sockstall_bpf__bss *bss = probe->attached.skeleton->bss;

	bss->service_count = 0;
	bss->service_last_place.port = 0; /* no connection's */
	bss->service_last_socket = 0;
	bss->services_previous_ns = probe->looks > 1 ? probe->look_before_ns : 0;
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
