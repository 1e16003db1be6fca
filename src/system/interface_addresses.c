/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/interface_addresses.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "look_record.h"
#include "system/netlink.h"

#define MAX_ADDRESSES 65536

struct taker {
	struct buffer *buffer;
	__u32 netns;
	size_t left; /* of MAX_ADDRESSES */
};

static bool take_address(__u8 to[16], const struct rtattr *attribute, __u8 family)
{
	if (family == AF_INET && RTA_PAYLOAD(attribute) == 4) {
		to[10] = to[11] = 0xff;
		memcpy(to + 12, RTA_DATA(attribute), 4);
		return true;
	}
	if (family == AF_INET6 && RTA_PAYLOAD(attribute) == 16) {
		memcpy(to, RTA_DATA(attribute), 16);
		return true;
	}
	return false;
}

int interface_addresses_entry(struct buffer *buffer, __u32 netns, const struct nlmsghdr *header)
{
	struct address_record record = {.header = {RECORD_ADDRESS, sizeof(record)}, .netns = netns};
	const struct ifaddrmsg *message = NLMSG_DATA(header);
	const struct rtattr *attribute = (const void *)(message + 1);
	bool found = false;
	int left;

	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*message)))
		return 0;
	left = (int)(header->nlmsg_len - NLMSG_LENGTH(sizeof(*message)));
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		/* Between two points IFA_ADDRESS is the other one's, and IFA_LOCAL our own: rtnetlink(7). */
		if (attribute->rta_type == IFA_LOCAL || (attribute->rta_type == IFA_ADDRESS && !found))
			found |= take_address(record.address, attribute, message->ifa_family);
	}
	return found ? buffer_append(buffer, &record, sizeof(record)) : 0;
}

static int take_entry(void *context, const struct nlmsghdr *header)
{
	struct taker *taker = context;

	if (!taker->left)
		return -E2BIG;
	taker->left--;
	return interface_addresses_entry(taker->buffer, taker->netns, header);
}

int interface_addresses_add(struct buffer *buffer, __u32 netns)
{
	struct taker taker = {.buffer = buffer, .netns = netns, .left = MAX_ADDRESSES};
	struct {
		struct nlmsghdr header;
		struct ifaddrmsg message;
	} request = {
		.header = {.nlmsg_type = RTM_GETADDR, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.message = {.ifa_family = AF_UNSPEC},
	};
	int fd = netlink_open(NETLINK_ROUTE), err;

	if (fd < 0)
		return fd;
	err = netlink_ask(fd, &request.header, sizeof(request), RTM_NEWADDR, take_entry, &taker);
	close(fd);
	return err;
}
