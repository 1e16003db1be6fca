/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "act/ask.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define PATIENCE_NS 15000000000ULL

static int send_request(struct act_asker *asker, const struct act_request *request)
{
	struct buffer bytes = {0};
	int err = act_request_pack(&bytes, request);

	if (!err && asker->helper.fd < 0)
		err = -EPIPE;
	if (!err && write(asker->helper.fd, bytes.data, bytes.size) < 0)
		err = -errno;
	buffer_free(&bytes);
	return err;
}

/* Its end is seen as an answer of no bytes. */
static int take_reply(struct act_asker *asker, struct act_answer *answer)
{
	struct buffer bytes = {0};
	void *room = buffer_reserve(&bytes, ACT_MESSAGE_MOST);
	ssize_t got = room ? read(asker->helper.fd, room, ACT_MESSAGE_MOST) : -1;
	int err = !room ? -ENOMEM : got < 0 ? -errno : got == 0 ? -EPIPE : 0;

	if (!err)
		err = act_reply_unpack(&answer->reply, &answer->arena, room, (size_t)got);
	buffer_free(&bytes);
	return err;
}

/* A probe takes 5 s there, and a journal that does not read 2 s. */
static int wait_for_reply(struct act_asker *asker, int cancel_fd)
{
	struct pollfd wakers[] = {
		{.fd = asker->helper.fd, .events = POLLIN},
		{.fd = cancel_fd, .events = POLLIN},
	};
	const struct act_request stop = {.ask = ACT_ASK_STOP,
					 .row = {.pid = NOT_KNOWN, .tid = NOT_KNOWN, .netns = NOT_KNOWN}};
	__u64 now = clock_ns(CLOCK_MONOTONIC), deadline = now + PATIENCE_NS;
	int err = 0;

	for (; !err && !wakers[0].revents; now = clock_ns(CLOCK_MONOTONIC)) {
		if (now >= deadline)
			return -ETIMEDOUT;
		if (poll(wakers, 2, (int)((deadline - now) / 1000000) + 1) < 0 && errno != EINTR)
			return -errno;
		if (!wakers[1].revents)
			continue;
		wakers[1].fd = -1;
		err = send_request(asker, &stop);
	}
	return err;
}

static int refuse(struct act_answer *answer, int err, const char *error)
{
	struct row *record = &answer->reply.record;

	answer->reply.err = err;
	row_init(record, ROW_ACTION);
	record->time_ns = clock_ns(CLOCK_REALTIME);
	record->action.result = act_result_names[ACT_FAILED];
	record->action.error = error;
	return err;
}

static void forget(struct act_asker *asker)
{
	if (asker->helper.fd >= 0)
		close(asker->helper.fd);
	asker->helper.fd = -1;
}

static int exchange(struct act_asker *asker, const struct act_request *request, int cancel_fd,
		    struct act_answer *answer)
{
	int err = send_request(asker, request);

	if (!err)
		err = wait_for_reply(asker, cancel_fd);
	if (!err)
		err = take_reply(asker, answer);
	if (err) {
		/* An answer that comes later must not be taken for another's. */
		forget(asker);
		return refuse(answer, err,
			      arena_printf(&answer->arena, "the process that ends connections does not answer: %s",
					   strerror(-err)));
	}
	asker->plan = answer->reply.plan;
	return answer->reply.err;
}

int act_ask_plan(struct act_asker *asker, const struct row *row, enum act_how how, const struct act_times *times,
		 struct act_answer *answer)
{
	struct act_request request = {
		.ask = ACT_ASK_PLAN,
		.how = how,
		.times = times ? *times : ACT_TIMES_DEFAULT,
		.row = *row,
	};

	*answer = (struct act_answer){0};
	if (!asker)
		return refuse(answer, -EPERM, "read-only: this run was started with --read-only, and ends nothing");
	return exchange(asker, &request, -1, answer);
}

int act_ask_perform(struct act_asker *asker, bool force, int cancel_fd, struct act_answer *answer)
{
	struct act_request request = {.ask = ACT_ASK_PERFORM, .force = force, .plan = asker->plan};

	row_init(&request.row, ROW_ACTION);
	act_answer_free(answer);
	return exchange(asker, &request, cancel_fd, answer);
}

void act_answer_free(struct act_answer *answer)
{
	arena_free(&answer->arena);
	*answer = (struct act_answer){0};
}
