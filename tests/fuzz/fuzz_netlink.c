/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Answers over netlink: sock_diag's, conntrack's and of addresses. The first byte chooses which; the rest is a
 * datagram. With an even first byte its messages are made to answer the question, which no fuzzer would guess.
 */
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "system/interface_addresses.h"
#include "system/netlink_answer.h"
#include "system/conntrack.h"
#include "system/diag.h"

#define PORT 4711
#define SEQ  815

static const char *end;
static struct buffer records;

static void check_inside(const struct nlmsghdr *header)
{
	if (header->nlmsg_pid != PORT || header->nlmsg_seq != SEQ || header->nlmsg_len < sizeof(*header) ||
	    (const char *)header + header->nlmsg_len > end)
		abort();
}

static int take_socket(void *context, const struct nlmsghdr *header)
{
	struct diag_socket socket;

	(void)context;
	check_inside(header);
	return diag_take(&socket, header) && socket.name.kind != SOCKET_KIND_TCP;
}

static int take_translation(void *context, const struct nlmsghdr *header)
{
	(void)context;
	check_inside(header);
	return probe_conntrack_entry(&records, 1, header);
}

static int take_address(void *context, const struct nlmsghdr *header)
{
	(void)context;
	check_inside(header);
	return interface_addresses_entry(&records, 1, header);
}

static void answer_the_question(char *bytes, size_t size, __u16 type)
{
	struct nlmsghdr *header = (void *)bytes;
	size_t left = size;

	while (left >= sizeof(*header)) {
		header->nlmsg_pid = PORT;
		header->nlmsg_seq = SEQ;
		header->nlmsg_type = header->nlmsg_type % 8 ? type : header->nlmsg_type % 16;
		header->nlmsg_flags |= NLM_F_MULTI;
		if (header->nlmsg_len < sizeof(*header) || header->nlmsg_len > left ||
		    NLMSG_ALIGN(header->nlmsg_len) >= left)
			return;
		left -= NLMSG_ALIGN(header->nlmsg_len);
		header = (void *)((char *)header + NLMSG_ALIGN(header->nlmsg_len));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const takers[])(void *, const struct nlmsghdr *) = {take_socket, take_translation, take_address};
	static const __u16 types[] = {20, 0x100, RTM_NEWADDR};
	struct netlink_answer answer = {.port = PORT, .seq = SEQ};
	char *bytes = malloc(size + 1);
	size_t which;
	int err;

	if (size) {
		which = data[0] / 2 % 3;
		memcpy(bytes, data + 1, size - 1);
		end = bytes + size - 1;
		answer.each = takers[which];
		answer.type = types[which];
		if (!(data[0] & 1))
			answer_the_question(bytes, size - 1, answer.type);
		err = netlink_answer_take(&answer, bytes, size - 1);
		if (err > 1)
			abort();
	}
	buffer_reset(&records);
	free(bytes);
	return 0;
}
