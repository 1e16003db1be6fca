// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* For chains: which address is whose on this machine. */
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

#include "probe/internal.h"
#include "system/conntrack.h"

/* What a call inside a namespace adds to. */
static struct {
	struct buffer *buffer;
	__u32 netns;
	__u64 *lost;
} target;

static int add_address(const struct sockaddr *address)
{
	struct address_record record = { .header = { RECORD_ADDRESS, sizeof(record) }, .netns = target.netns };

	if (address->sa_family == AF_INET) {
		record.address[10] = record.address[11] = 0xff;
		memcpy(record.address + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
	} else if (address->sa_family == AF_INET6) {
		memcpy(record.address, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
	} else {
		return 0;
	}
	return buffer_append(target.buffer, &record, sizeof(record));
}

/* What cannot be had is not followed. */
static int add_here(void)
{
	struct ifaddrs *list, *item;
	int err = 0;

	if (getifaddrs(&list))
		return 0;
	for (item = list; item && !err; item = item->ifa_next)
		if (item->ifa_addr)
			err = add_address(item->ifa_addr);
	freeifaddrs(list);
	return err ? err : probe_conntrack_add(target.buffer, target.netns, target.lost);
}

int probe_addresses_add(struct probe *probe, struct buffer *buffer)
{
	size_t i;
	int err = 0;

	for (i = 0; i < probe->namespaces.count && err != -ENOMEM; i++) {
		target.buffer = buffer;
		target.lost = &probe->lost_owners;
		target.netns = probe->namespaces.items[i].inode;
		if (target.netns != probe->namespaces.own_inode && probe->namespaces.only_own)
			continue;
		/* One that has vanished, or cannot be entered, is as good as another machine. */
		err = probe_in_namespace(probe, target.netns, add_here);
	}
	return err == -ENOMEM ? err : 0;
}
