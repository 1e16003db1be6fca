// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* For chains: which address is whose on this machine. */
#include <errno.h>

#include "probe/internal.h"
#include "system/conntrack.h"
#include "system/interface_addresses.h"

/* What a call inside a namespace adds to. */
static struct {
	struct buffer *buffer;
	__u32 netns;
	__u64 *lost;
} target;

/* What cannot be had is not followed. */
static int add_here(void)
{
	int err = interface_addresses_add(target.buffer, target.netns);

	return err == -ENOMEM ? err : probe_conntrack_add(target.buffer, target.netns, target.lost);
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
