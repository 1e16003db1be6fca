/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/diag_ask.h"

#include <linux/sock_diag.h>

#include "system/netlink.h"

int diag_open_here(void)
{
	return netlink_open(NETLINK_SOCK_DIAG);
}

int diag_ask(int diag, struct nlmsghdr *request, size_t size, int (*each)(void *context, const struct nlmsghdr *header),
	     void *context)
{
	return netlink_ask(diag, request, size, SOCK_DIAG_BY_FAMILY, each, context);
}
