/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/unwinder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apart/apart.h"
#include "apart/foreign_held.h"
#include "apart/foreign_spawner.h"
#include "apart/waiting.h"
#include "base/clock.h"
#include "code/worker.h"
#include "rights/foreign_rights.h"

/*
 * How long one wait may sleep, all of a look, and how long it may compute for a look: reading a program's tables anew
 * takes time.
 */
#define WAIT_NS (250 * NS_PER_MS)
#define LOOK_NS (500 * NS_PER_MS)
#define BUSY_NS (2000 * NS_PER_MS)

/*
 * How long a process's memory is read for one stack. Waits below 5 ms are counted by nobody (apart/waiting.h), and
 * there may be hundreds of them: so this is by the clock, as is the end of a conversation, BUSY_NS later.
 */
#define MEMORY_NS (500 * NS_PER_MS)

#define AGAIN_NS (60 * 1000 * NS_PER_MS)

struct unwinder {
	struct apart_wait wait;
	struct spawned spawned;
	__u64 ended_ns; /* when one was lost; 0: none was */
	const char *end; /* what is to be said of that */
	__u32 sequence;
	struct held_processes held;
	_Alignas(8) char answer[sizeof(struct code_answer) + CODE_ANSWER_MAX];
	struct {
		struct code_memory_reply head;
		char bytes[CODE_CHUNKS * CODE_CHUNK];
	} memory;
};

static const struct spawner_kind unwinds = {
	.spawner_name = "sockstall-codes",
	.worker_name = "sockstall-code",
	.spawner_rights = foreign_rights_unwinder_spawner,
	.worker_rights = foreign_rights_unwinder,
	.serve = code_worker_serve,
};

/* ---- Workers ---- */

/* Returns 0, -EAGAIN: there is none; or -ECANCELED. */
static int need_worker(struct unwinder *unwinder)
{
	__u64 now = clock_ns(CLOCK_MONOTONIC);
	int came;

	if (unwinder->spawned.socket >= 0)
		return 0;
	if (unwinder->ended_ns && now - unwinder->ended_ns < AGAIN_NS)
		return -EAGAIN;
	spawned_order(&unwinder->spawned);
	came = unwinder->spawned.ordered
		       ? apart_wait_for(&unwinder->wait, unwinder->spawned.control, unwinder->spawned.spawner)
		       : 0;
	if (came < 0)
		return came;
	return came && spawned_receive(&unwinder->spawned) ? 0 : -EAGAIN;
}

/* The spawner ends it when the next one is ordered, or with sockstall. */
static void give_up(struct unwinder *unwinder, const struct code_request *request, const char *end)
{
	apart_close(&unwinder->spawned.socket);
	unwinder->spawned.worker = 0;
	unwinder->ended_ns = clock_ns(CLOCK_MONOTONIC);
	unwinder->end = end;
	held_note(&unwinder->held, request->pid, request->process_start_ns, unwinder->ended_ns, 0, true);
}

const char *unwinder_take_end(struct unwinder *unwinder)
{
	const char *end = unwinder->end;

	unwinder->end = NULL;
	return end;
}

/* ---- One stack ---- */

static int send_request(struct unwinder *unwinder, const struct code_request *request,
			const struct code_module *modules, const void *stack)
{
	struct iovec parts[] = {
		{(void *)request, sizeof(*request)},
		{(void *)modules, request->modules * sizeof(*modules)},
		{(void *)stack, request->stack_size},
	};
	size_t size = parts[0].iov_len + parts[1].iov_len + parts[2].iov_len;

	return writev(unwinder->spawned.socket, parts, 3) == (ssize_t)size ? 0 : -EPIPE;
}

static int reply(struct unwinder *unwinder, const struct code_request *request, const struct code_answer *need,
		 const struct code_supply *supply)
{
	struct code_reply reply = {.sequence = request->sequence};
	int fd, err;

	/* They are of this moment, as memory is. */
	if (need->kind == CODE_NEEDS_NAMES && !supply->memory)
		return -EPIPE;
	fd = supply->file(supply->context, need, (const __u8 *)unwinder->answer + sizeof(*need));
	if (fd == -ENOMEM || fd == -ECANCELED)
		return fd;
	reply.status = fd < 0 ? fd : 0;
	if (fd < 0)
		return write(unwinder->spawned.socket, &reply, sizeof(reply)) == sizeof(reply) ? 0 : -EPIPE;
	err = apart_send(unwinder->spawned.socket, &reply, sizeof(reply), fd);
	close(fd);
	return err ? -EPIPE : 0;
}

/* *left: chunks that this stack may still ask for. After until_ns none of them can be read. */
static int reply_memory(struct unwinder *unwinder, const struct code_request *request, const struct code_answer *need,
			const struct code_supply *supply, __u64 until_ns, size_t *left)
{
	__u64 addresses[CODE_CHUNKS];
	size_t size;
	int err = 0;

	if (!supply->memory || need->count > *left)
		return -EPIPE;
	*left -= need->count;
	memcpy(addresses, unwinder->answer + sizeof(*need), need->count * sizeof(*addresses));
	unwinder->memory.head = (struct code_memory_reply){.head = {.sequence = request->sequence}};
	if (clock_ns(CLOCK_MONOTONIC) < until_ns)
		err = supply->memory(supply->context, addresses, need->count, &unwinder->memory.head.read,
				     unwinder->memory.bytes);
	if (err)
		return err;
	size = sizeof(unwinder->memory.head) + (size_t)__builtin_popcountll(unwinder->memory.head.read) * CODE_CHUNK;
	return write(unwinder->spawned.socket, &unwinder->memory, size) == (ssize_t)size ? 0 : -EPIPE;
}

/* Returns the size of the answer; -EPIPE: the worker has ended, or says what no worker does; -ETIMEDOUT; -ECANCELED. */
static ssize_t take_answer(struct unwinder *unwinder, const struct code_request *request, struct code_answer *head)
{
	int came = apart_wait_for(&unwinder->wait, unwinder->spawned.socket, unwinder->spawned.worker);
	ssize_t got;

	if (came <= 0)
		return came ? came : -ETIMEDOUT;
	got = read(unwinder->spawned.socket, unwinder->answer, sizeof(unwinder->answer));
	if (got <= 0 || !code_answer_check(unwinder->answer, (size_t)got, request->sequence, request->modules, head))
		return -EPIPE;
	return got;
}

static int converse(struct unwinder *unwinder, const struct code_request *request, const struct code_supply *supply,
		    struct buffer *frames)
{
	/* The files that frames are in, and their debug files, and memory, and then it must have done. */
	size_t needs = 2 * CODE_FRAMES + 2 + (supply->memory ? CODE_MEMORY_NEEDS : 0);
	const __u64 until = clock_ns(CLOCK_MONOTONIC) + MEMORY_NS;
	size_t chunks = CODE_CHUNKS_MOST;
	struct code_answer head;
	ssize_t got;
	int err;

	while (needs--) {
		if (unwinder->wait.asked_to_end())
			return -ECANCELED;
		if (clock_ns(CLOCK_MONOTONIC) > until + BUSY_NS)
			return -ETIMEDOUT;
		got = take_answer(unwinder, request, &head);
		if (got < 0)
			return (int)got;
		if (head.kind == CODE_DONE)
			return buffer_append(frames, unwinder->answer + sizeof(head), (size_t)got - sizeof(head));
		err = head.kind == CODE_NEEDS_MEMORY ? reply_memory(unwinder, request, &head, supply, until, &chunks)
						     : reply(unwinder, request, &head, supply);
		if (err)
			return err;
	}
	return -EPIPE;
}

/* Short waits are none that apart_wait_for() counts: many of them are time all the same. */
static void spend(struct unwinder *unwinder, __u64 began_ns, __u64 counted_ns)
{
	__u64 took = clock_ns(CLOCK_MONOTONIC) - began_ns;
	__u64 counted = unwinder->wait.slept_ns + unwinder->wait.busy_ns - counted_ns;

	if (took > counted)
		unwinder->wait.busy_ns += took - counted;
}

/* Whether to begin with one more thread. Half of the time is kept for those that are begun with. */
static bool has_time(const struct unwinder *unwinder)
{
	return unwinder->wait.slept_ns < LOOK_NS / 2 && unwinder->wait.busy_ns < BUSY_NS / 2;
}

static int ask(struct unwinder *unwinder, struct code_request *request, const struct code_module *modules,
	       const void *stack, const struct code_supply *supply, struct buffer *frames)
{
	int err;

	if (held_is(&unwinder->held, request->pid, request->process_start_ns, clock_ns(CLOCK_MONOTONIC)) ||
	    !has_time(unwinder))
		return -EAGAIN;
	err = need_worker(unwinder);
	if (err)
		return err;
	request->sequence = ++unwinder->sequence;
	request->memory = supply->memory ? 1 : 0;
	err = send_request(unwinder, request, modules, stack);
	if (!err)
		err = converse(unwinder, request, supply, frames);
	if (err == -EPIPE)
		give_up(unwinder, request, "the process that unwinds stacks ended");
	else if (err == -ETIMEDOUT)
		give_up(unwinder, request, "the process that unwinds stacks did not answer");
	else if (err)
		apart_close(&unwinder->spawned.socket); /* it is in the middle of an answer */
	return err == -EPIPE || err == -ETIMEDOUT ? -EAGAIN : err;
}

int unwinder_ask(struct unwinder *unwinder, struct code_request *request, const struct code_module *modules,
		 const void *stack, const struct code_supply *supply, struct buffer *frames)
{
	__u64 began = clock_ns(CLOCK_MONOTONIC), counted = unwinder->wait.slept_ns + unwinder->wait.busy_ns;
	int err = ask(unwinder, request, modules, stack, supply, frames);

	spend(unwinder, began, counted);
	return err;
}

/* ---- The begin and the end ---- */

void unwinder_begin(struct unwinder *unwinder)
{
	unwinder->wait.slept_ns = unwinder->wait.busy_ns = 0;
	held_begin(&unwinder->held, clock_ns(CLOCK_MONOTONIC));
}

int unwinder_open(struct unwinder **out, bool (*asked_to_end)(void))
{
	struct unwinder *unwinder = calloc(1, sizeof(*unwinder));

	*out = unwinder;
	if (!unwinder)
		return -ENOMEM;
	unwinder->wait = (struct apart_wait){
		.asked_to_end = asked_to_end, .once_ns = WAIT_NS, .all_ns = LOOK_NS, .most_busy_ns = BUSY_NS};
	unwinder->spawned.control = unwinder->spawned.socket = -1;
	return foreign_spawner_start(&unwinds, &unwinder->spawned.spawner, &unwinder->spawned.control);
}

void unwinder_close(struct unwinder *unwinder)
{
	if (!unwinder)
		return;
	apart_close(&unwinder->spawned.socket);
	apart_close(&unwinder->spawned.control);
	/* It ends when its socket is closed, or with sockstall. */
	if (unwinder->spawned.spawner > 0)
		waitpid(unwinder->spawned.spawner, NULL, WNOHANG);
	free(unwinder);
}
