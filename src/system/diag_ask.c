/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/diag_ask.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY_SIZE 32768

struct answer {
	int (*each)(void *context, const struct nlmsghdr *header);
	void *context;
	bool done;
};

int diag_open_here(void)
{
	int diag = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	return diag < 0 ? -errno : diag;
}

static int take_message(struct answer *answer, const struct nlmsghdr *header)
{
	if (header->nlmsg_type == NLMSG_DONE) {
		answer->done = true;
		return 0;
	}
	if (header->nlmsg_type == NLMSG_ERROR) {
		answer->done = true;
		return ((const struct nlmsgerr *)NLMSG_DATA(header))->error;
	}
	if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return 0;
	answer->done |= !(header->nlmsg_flags & NLM_F_MULTI);
	return answer->each ? answer->each(answer->context, header) : 0;
}

static int take_answer(int diag, struct answer *answer)
{
	_Alignas(struct nlmsghdr) char bytes[REPLY_SIZE];
	const struct nlmsghdr *header;
	ssize_t got;
	int err = 0;

	while (!answer->done && !err) {
		got = recv(diag, bytes, sizeof(bytes), MSG_TRUNC);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got > (ssize_t)sizeof(bytes))
			return -EMSGSIZE;
		for (header = (const void *)bytes; NLMSG_OK(header, got) && !err; header = NLMSG_NEXT(header, got))
			err = take_message(answer, header);
	}
	return err;
}

int diag_ask(int diag, struct nlmsghdr *request, size_t size,
	     int (*each)(void *context, const struct nlmsghdr *header), void *context)
{
	struct answer answer = { .each = each, .context = context };

	request->nlmsg_len = (__u32)size;
	if (send(diag, request, size, 0) < 0)
		return -errno;
	return take_answer(diag, &answer);
}
