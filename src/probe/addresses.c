/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* For chains: which address is whose on this machine, as the process says that may ask (address_helper.h). */
#include <errno.h>
#include <unistd.h>

#include "apart/address_helper.h"
#include "probe/namespaces.h"

/* One that has vanished, or cannot be entered, is as good as another machine. */
static int add_one(struct probe *probe, __u32 netns, struct buffer *buffer)
{
	int fd = probe_namespace_open(probe, netns), err;

	if (fd < 0)
		return 0;
	err = address_helper_ask(probe->addresses, fd, netns, buffer, &probe->losses.count[LOST_OWNERS]);
	close(fd);
	return err;
}

int probe_addresses_add(struct probe *probe, struct buffer *buffer)
{
	size_t i;
	int err = 0;

	for (i = 0; probe->addresses && i < probe->namespaces->count && !err; i++) {
		__u32 netns = probe->namespaces->items[i].inode;

		/* With --netns self there is no right to enter another. */
		if (netns == probe->namespaces->own_inode ||
		    (!probe->namespaces->only_own &&
		     !(probe->scope.selection.netns_self && probe->scope.selection.netns_count == 1)))
			err = add_one(probe, netns, buffer);
	}
	return err;
}
