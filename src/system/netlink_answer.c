/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/netlink_answer.h"

#include <errno.h>
#include <string.h>

/* The error of NLMSG_ERROR (struct nlmsgerr) and of NLMSG_DONE (netlink_dump_done()) stands first in both. */
static int error_of(const struct nlmsghdr *header, size_t least)
{
	int error;

	if (header->nlmsg_len < NLMSG_LENGTH(least))
		return -EBADMSG;
	memcpy(&error, NLMSG_DATA(header), sizeof(error));
	return error > 0 ? -EBADMSG : error;
}

static int take_message(struct netlink_answer *answer, const struct nlmsghdr *header)
{
	if (header->nlmsg_pid != answer->port || header->nlmsg_seq != answer->seq)
		return 0;
	if (header->nlmsg_type == NLMSG_ERROR) {
		answer->done = true;
		return error_of(header, sizeof(struct nlmsgerr));
	}
	if (header->nlmsg_type == NLMSG_DONE) {
		answer->done = true;
		return header->nlmsg_len < NLMSG_LENGTH(sizeof(int)) ? 0 : error_of(header, sizeof(int));
	}
	if (header->nlmsg_type != answer->type)
		return 0;
	answer->done |= !(header->nlmsg_flags & NLM_F_MULTI);
	return answer->each ? answer->each(answer->context, header) : 0;
}

int netlink_answer_take(struct netlink_answer *answer, const void *bytes, size_t size)
{
	const char *at = bytes;
	size_t step;
	int err = 0;

	while (size && !err && !answer->done) {
		const struct nlmsghdr *header = (const void *)at;

		if (size < sizeof(*header) || header->nlmsg_len < sizeof(*header) || header->nlmsg_len > size)
			return -EBADMSG;
		err = take_message(answer, header);
		/* The last one need not be padded. */
		step = NLMSG_ALIGN((size_t)header->nlmsg_len);
		step = step < size ? step : size;
		at += step;
		size -= step;
	}
	return err;
}
