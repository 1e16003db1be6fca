/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

#include "system/diag_ask.h"

struct search {
	__u32 inode;
	__u64 cookie;
};

static int take_cookie(void *context, const struct nlmsghdr *header)
{
	const struct unix_diag_msg *message = NLMSG_DATA(header);
	struct search *search = context;

	if (header->nlmsg_len >= NLMSG_LENGTH(sizeof(*message)) && message->udiag_ino == search->inode)
		search->cookie = message->udiag_cookie[0] | (__u64)message->udiag_cookie[1] << 32;
	return 0;
}

/* unix_diag_get_exact() */
__u64 diag_unix_cookie(int diag, __u64 inode)
{
	struct search search = {.inode = (__u32)inode};
	struct {
		struct nlmsghdr header;
		struct unix_diag_req body;
	} request = {
		.header = {.nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
		.body =
			{
				.sdiag_family = AF_UNIX,
				.udiag_states = ~0u,
				.udiag_ino = (__u32)inode,
				.udiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE},
			},
	};

	return diag_ask(diag, &request.header, sizeof(request), take_cookie, &search) ? 0 : search.cookie;
}
