/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "act/helper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "rights/privileges.h"

struct helper {
	int requests;
	struct act act;
	bool planned; /* act may be performed, once */
	uint64_t plan;
};

static bool reply(struct helper *helper, int err)
{
	struct act_reply answer = {.plan = helper->plan, .err = err, .unlogged = helper->act.unlogged};
	struct buffer bytes = {0};
	bool sent;

	act_fill(&helper->act, &answer.record);
	sent = !act_reply_pack(&bytes, &answer) && send(helper->requests, bytes.data, bytes.size, MSG_NOSIGNAL) >= 0;
	buffer_free(&bytes);
	return sent;
}

static bool plan(struct helper *helper, const struct act_request *request)
{
	int err;

	act_close(&helper->act);
	err = act_plan(&helper->act, &request->row, request->how, &request->times);
	helper->act.cancel_fd = helper->requests;
	helper->planned = !err;
	helper->plan++;
	return reply(helper, err);
}

static int perform_planned(struct helper *helper, const struct act_request *request)
{
	struct act *act = &helper->act;

	if (!helper->planned || request->plan != helper->plan)
		return act_fail(act, ACT_FAILED, -ESTALE, "that is not what was planned last");
	helper->planned = false;
	if (act->warning && !request->force)
		return act_fail(act, ACT_FAILED, -EPERM, "%s; to do it anyway: --force", act->warning);
	return act_perform(act);
}

static bool answer(struct helper *helper, const struct act_request *request)
{
	switch (request->ask) {
	case ACT_ASK_PLAN:
		return plan(helper, request);
	case ACT_ASK_PERFORM:
		return reply(helper, perform_planned(helper, request));
	default:
		return true; /* too late to stop anything */
	}
}

/* false: sockstall has ended, or does not speak as it should. */
static bool serve_one(struct helper *helper)
{
	static char bytes[ACT_MESSAGE_MOST];
	ssize_t size = recv(helper->requests, bytes, sizeof(bytes), MSG_TRUNC);
	struct act_request request;
	struct arena arena = {0};
	bool go_on = false;

	if (size <= 0)
		return size < 0 && errno == EINTR;
	if (size <= (ssize_t)sizeof(bytes) && !act_request_unpack(&request, &arena, bytes, (size_t)size))
		go_on = answer(helper, &request);
	arena_free(&arena);
	return go_on;
}

static void serve(int requests, void *context)
{
	struct helper helper = {.requests = requests, .act = {.pidfd = -1, .diag = -1, .copy = -1}};

	(void)context;
	privileges_drop(PRIVILEGE_ACT);
	while (serve_one(&helper))
		;
	act_close(&helper.act);
}

int act_helper_open(struct act_asker *asker)
{
	asker->plan = 0;
	return apart_start(&asker->helper, "sockstall-end", serve, NULL);
}

void act_helper_close(struct act_asker *asker)
{
	apart_end(&asker->helper);
}
