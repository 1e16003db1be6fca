/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Messages between sockstall and the process that ends connections (helper.h). Pure. */
#ifndef SOCKSTALL_ACT_MESSAGE_H
#define SOCKSTALL_ACT_MESSAGE_H

#include "act/act.h"
#include "base/buffer.h"

#define ACT_MESSAGE_MOST 65536

enum act_ask {
	ACT_ASK_PLAN, /* the row, the way, its times */
	ACT_ASK_PERFORM, /* what was planned last: its number must be that one's */
	ACT_ASK_STOP, /* waiting for what is being performed */
	ACT_ASKS,
};

struct act_request {
	enum act_ask ask;
	enum act_how how;
	struct act_times times;
	bool force; /* although act.warning says that who asks cuts himself off */
	uint64_t plan;
	struct row row; /* who and where alone */
};

struct act_reply {
	uint64_t plan;
	int err; /* as act_plan() and act_perform() return it */
	bool unlogged;
	struct row record;
};

int act_request_pack(struct buffer *out, const struct act_request *request);
int act_reply_pack(struct buffer *out, const struct act_reply *reply);

/* Texts go to the arena. Return 0, -ENOMEM, or -EBADMSG for what is no such message: nothing of it is to be used then.
 */
int act_request_unpack(struct act_request *request, struct arena *arena, const void *bytes, size_t size);
int act_reply_unpack(struct act_reply *reply, struct arena *arena, const void *bytes, size_t size);

#endif
