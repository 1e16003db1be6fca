/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Reads what the kernel sends over netlink(7), datagram by datagram: only messages that answer this question, and only
 * within their bytes.
 */
#ifndef SOCKSTALL_SYSTEM_NETLINK_ANSWER_H
#define SOCKSTALL_SYSTEM_NETLINK_ANSWER_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>

struct netlink_answer {
	__u32 port, seq; /* of the question: messages with others are passed over */
	__u16 type; /* of the messages that each() takes */
	int (*each)(void *context, const struct nlmsghdr *header); /* NULL: none is looked at */
	void *context;
	bool done; /* nothing more comes */
};

/*
 * Takes one datagram, which must be aligned as a header is. Returns 0; the error that the kernel gave (negative); what
 * each() returned, if not 0; or -EBADMSG for a message that is cut off.
 */
int netlink_answer_take(struct netlink_answer *answer, const void *bytes, size_t size);

#endif
