/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/rtnetlink.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "system/diag_ask.h"
#include "system/tcp_states.h"

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

/* ---- Listeners ---- */

static void take_queue(struct diag_unix *found, const struct rtattr *attribute)
{
	struct unix_diag_rqlen lengths;

	if (RTA_PAYLOAD(attribute) < sizeof(lengths))
		return;
	memcpy(&lengths, RTA_DATA(attribute), sizeof(lengths));
	found->queued = lengths.udiag_rqueue;
	found->limit = lengths.udiag_wqueue;
}

static void take_path(struct diag_unix *found, const struct rtattr *attribute)
{
	if (RTA_PAYLOAD(attribute) > sizeof(found->path))
		return;
	found->path_length = RTA_PAYLOAD(attribute);
	memcpy(found->path, RTA_DATA(attribute), found->path_length);
}

static void take_attribute(struct diag_unix *found, const struct rtattr *attribute)
{
	switch (attribute->rta_type) {
	case UNIX_DIAG_NAME:
		take_path(found, attribute);
		break;
	case UNIX_DIAG_ICONS:
		found->clients = RTA_DATA(attribute);
		found->client_count = RTA_PAYLOAD(attribute) / sizeof(*found->clients);
		break;
	case UNIX_DIAG_RQLEN:
		take_queue(found, attribute);
		break;
	}
}

bool diag_unix_take(struct diag_unix *found, const struct nlmsghdr *header)
{
	const struct unix_diag_msg *message = NLMSG_DATA(header);
	const struct rtattr *attribute = (const void *)(message + 1);
	int left = (int)(header->nlmsg_len - NLMSG_LENGTH(sizeof(*message)));

	memset(found, 0, sizeof(*found));
	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*message)))
		return false;
	found->cookie = message->udiag_cookie[0] | (__u64)message->udiag_cookie[1] << 32;
	found->inode = message->udiag_ino;
	found->type = message->udiag_type;
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
		take_attribute(found, attribute);
	return true;
}

struct walk {
	int (*each)(void *context, const struct diag_unix *found);
	void *context;
};

static int take_listener(void *context, const struct nlmsghdr *header)
{
	const struct walk *walk = context;
	struct diag_unix found;

	return diag_unix_take(&found, header) ? walk->each(walk->context, &found) : 0;
}

int diag_unix_listeners(int diag, int (*each)(void *context, const struct diag_unix *found), void *context)
{
	struct walk walk = {each, context};
	struct {
		struct nlmsghdr header;
		struct unix_diag_req body;
	} request = {
		.header = {.nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body =
			{
				.sdiag_family = AF_UNIX,
				.udiag_states = 1 << STATE_LISTEN,
				.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN,
			},
	};

	return diag_ask(diag, &request.header, sizeof(request), take_listener, &walk);
}
