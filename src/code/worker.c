/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/worker.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "apart/apart.h"
#include "code/unwind.h"

/* More CPU time than any stack takes: the kernel ends it then. */
#define MOST_S 2

static struct {
	int socket;
	__u32 sequence;
	_Alignas(8) char asked[CODE_REQUEST_MAX];
	struct {
		struct code_answer head;
		char bytes[CODE_ANSWER_MAX];
	} answer;
	size_t size; /* of the answer's bytes */
} worker;

static int send_answer(enum code_kind kind, __u32 module, size_t count, size_t size)
{
	worker.answer.head = (struct code_answer){
		.sequence = worker.sequence, .kind = kind, .module = module, .count = (__u32)count};
	return send(worker.socket, &worker.answer, sizeof(worker.answer.head) + size, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* It sleeps in poll(), and not in a read of a socket, which could be taken for a stall. */
static void await(void)
{
	struct pollfd waker = {.fd = worker.socket, .events = POLLIN};

	while (poll(&waker, 1, -1) < 0)
		;
}

/* Out of the socket in whose queue it lies. */
static int take_file(int box)
{
	ssize_t got;
	char byte;
	int fd;

	if (box < 0)
		return -EBADF;
	got = apart_receive(box, &byte, 1, &fd);
	close(box);
	return got == 1 && fd >= 0 ? fd : -EBADF;
}

int code_worker_need(enum code_kind kind, __u32 module, const void *build_id, size_t size)
{
	struct {
		struct code_answer head;
		char bytes[CODE_BUILD_ID_MOST];
	} need = {.head = {.sequence = worker.sequence, .kind = kind, .module = module, .count = (__u32)size}};
	struct code_reply reply;
	ssize_t got;
	int fd;

	if (size > sizeof(need.bytes))
		return -EINVAL;
	if (size)
		memcpy(need.bytes, build_id, size);
	if (send(worker.socket, &need, sizeof(need.head) + size, MSG_NOSIGNAL) < 0)
		_exit(0);
	await();
	got = apart_receive(worker.socket, &reply, sizeof(reply), &fd);
	if (got != sizeof(reply) || reply.sequence != worker.sequence)
		_exit(0);
	if (!reply.status)
		return take_file(fd);
	apart_close(&fd);
	return reply.status < 0 ? reply.status : -EINVAL;
}

__u64 code_worker_memory(const __u64 *addresses, size_t count, char *bytes)
{
	static struct {
		struct code_memory_reply head;
		char bytes[CODE_CHUNKS * CODE_CHUNK];
	} reply;
	struct {
		struct code_answer head;
		__u64 addresses[CODE_CHUNKS];
	} need = {.head = {.sequence = worker.sequence, .kind = CODE_NEEDS_MEMORY, .count = (__u32)count}};
	struct code_memory_reply head;
	ssize_t got;
	int chunks;

	if (!count || count > CODE_CHUNKS)
		return 0;
	memcpy(need.addresses, addresses, count * sizeof(*addresses));
	if (send(worker.socket, &need, sizeof(need.head) + count * sizeof(*addresses), MSG_NOSIGNAL) < 0)
		_exit(0);
	await();
	got = recv(worker.socket, &reply, sizeof(reply), MSG_TRUNC);
	if (got <= 0 || (size_t)got > sizeof(reply))
		_exit(0);
	chunks = code_memory_reply_check(&reply, (size_t)got, worker.sequence, (__u32)count, &head);
	if (chunks < 0)
		_exit(0);
	memcpy(bytes, reply.bytes, (size_t)chunks * CODE_CHUNK);
	return head.read;
}

static size_t cut(const char *text)
{
	size_t length = text ? strnlen(text, CODE_TEXT) : 0;

	/* Not in the middle of a character. */
	if (length == CODE_TEXT)
		while (length && (text[length] & 0xc0) == 0x80)
			length--;
	return length;
}

bool code_worker_add(const struct code_frame *from, const char *name, const char *file)
{
	struct code_frame frame = {.address = from->address,
				   .line = from->line,
				   .kind = from->kind,
				   .name = (__u16)cut(name),
				   .file = (__u16)cut(file)};
	char *at = worker.answer.bytes + worker.size;

	if (worker.answer.head.count >= CODE_FRAMES)
		return false;
	memcpy(at, &frame, sizeof(frame));
	if (frame.name)
		memcpy(at + sizeof(frame), name, frame.name);
	if (frame.file)
		memcpy(at + sizeof(frame) + frame.name, file, frame.file);
	worker.size += sizeof(frame) + frame.name + frame.file;
	worker.answer.head.count++;
	return true;
}

static void limit_time(void)
{
	const struct itimerval most = {.it_value = {.tv_sec = MOST_S}};

	setitimer(ITIMER_PROF, &most, NULL);
}

static int answer(size_t size)
{
	const struct code_module *modules;
	struct code_request head;
	const char *stack;

	if (!code_request_check(worker.asked, size, &head, &modules, &stack))
		return -EBADMSG;
	worker.sequence = head.sequence;
	worker.size = worker.answer.head.count = 0;
	limit_time();
	code_unwind(&head, modules, stack);
	return send_answer(CODE_DONE, 0, worker.answer.head.count, worker.size);
}

void code_worker_serve(int socket)
{
	ssize_t got;

	worker.socket = socket;
	do {
		await();
		got = recv(socket, worker.asked, sizeof(worker.asked), MSG_TRUNC);
	} while (got > 0 && (size_t)got <= sizeof(worker.asked) && !answer((size_t)got));
}
