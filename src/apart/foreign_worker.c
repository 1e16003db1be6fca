/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "apart/foreign_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "apart/apart.h"
#include "apart/foreign_message.h"
#include "apart/foreign_open.h"
#include "system/container_names.h"

#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_SWAPPED (1ULL << 62)

struct worker {
	int socket;
	__u32 sequence, index; /* of what is being answered */
	long page;
	struct {
		struct foreign_head head;
		struct foreign_request requests[FOREIGN_BATCH];
	} asked;
	struct {
		struct foreign_piece head;
		char bytes[FOREIGN_PIECE];
	} piece;
};

/* Not on the stack, and none of malloc()'s: nothing more is asked of the kernel while it works. */
static struct worker worker;

static int send_piece(int status, size_t size)
{
	worker.piece.head = (struct foreign_piece){
		.sequence = worker.sequence, .index = worker.index, .status = status, .size = (__u32)size};
	return send(worker.socket, &worker.piece, sizeof(worker.piece.head) + size, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* ---- Files ---- */

/* Fills a piece as far as there is something, and `left` of the answer. Returns how much, or a negative errno. */
static ssize_t fill_piece(int fd, __u64 offset, bool seeks, __u64 left)
{
	size_t room = left < FOREIGN_PIECE ? (size_t)left : FOREIGN_PIECE, have = 0;
	ssize_t got = 0;

	while (room) {
		got = seeks ? pread(fd, worker.piece.bytes + have, room, (off_t)(offset + have))
			    : read(fd, worker.piece.bytes + have, room);
		if (got <= 0)
			break;
		have += (size_t)got;
		room -= (size_t)got;
	}
	return got < 0 && !have ? -errno : (ssize_t)have;
}

/* To close a file may wait, too: so the last piece goes when that is done, or the next file would be blamed. */
static int send_opened(int fd, __u64 offset, bool seeks, __u64 most)
{
	__u64 done = 0;
	ssize_t got = FOREIGN_PIECE;
	int err = 0;

	while (!err && got == FOREIGN_PIECE && done < most) {
		got = fill_piece(fd, offset + done, seeks, most - done);
		done += got > 0 ? (__u64)got : 0;
		if (got == FOREIGN_PIECE && done < most)
			err = send_piece(FOREIGN_MORE, FOREIGN_PIECE);
	}
	close(fd);
	if (err)
		return err;
	return got < 0 && !done ? send_piece((int)got, 0) : send_piece(FOREIGN_LAST, got > 0 ? (size_t)got : 0);
}

static int send_file(const char *path, __u64 offset, bool seeks, __u64 most)
{
	int fd = foreign_open_file(path);

	return fd < 0 ? send_piece(-errno, 0) : send_opened(fd, offset, seeks, most);
}

static int answer_fdinfo(const struct foreign_request *request)
{
	char path[80];

	snprintf(path, sizeof(path), "/proc/%u/task/%u/fdinfo/%d", request->pid, request->tid, request->fd);
	return send_file(path, 0, false, request->size);
}

static int send_of_thread(const struct foreign_request *request, const char *name)
{
	char path[80];

	snprintf(path, sizeof(path), "/proc/%u/task/%u/%s", request->pid, request->tid, name);
	return send_file(path, 0, false, request->size);
}

static int send_of_process(const struct foreign_request *request, const char *name)
{
	char path[80];

	snprintf(path, sizeof(path), "/proc/%u/%s", request->pid, name);
	return send_file(path, 0, false, request->size);
}

static int answer_maps(const struct foreign_request *request)
{
	return send_of_thread(request, "maps");
}

static int answer_syscall(const struct foreign_request *request)
{
	return send_of_thread(request, "syscall");
}

static int answer_status(const struct foreign_request *request)
{
	return send_of_process(request, "status");
}

static int answer_title(const struct foreign_request *request)
{
	return send_of_process(request, "cmdline");
}

static int answer_program(const struct foreign_request *request)
{
	char path[80];

	snprintf(path, sizeof(path), "/proc/%u/exe", request->pid);
	return send_file(path, request->address, true, request->size);
}

/*
 * Where sockstall runs in a container itself, and sees the processes of the machine, the machine's files are below the
 * root of its first process.
 */
static int answer_container(const struct foreign_request *request)
{
	char id[2 * sizeof(request->container) + 1], path[192] = "/proc/1/root";
	size_t root = strlen(path), i;
	int fd;

	for (i = 0; i < sizeof(request->container); i++)
		snprintf(id + 2 * i, 3, "%02x", request->container[i]);
	snprintf(path + root, sizeof(path) - root, container_files[request->fd], id);
	fd = foreign_open_file(path + root);
	if (fd < 0)
		fd = foreign_open_file(path);
	return fd < 0 ? send_piece(-errno, 0) : send_opened(fd, 0, false, request->size);
}

/* ---- Files that are handed on ---- */

/*
 * To close a file may wait for whoever serves it, for ever. So sockstall gets none, but a socket in whose queue the
 * file lies, for who unwinds. What is left in a queue is dropped without such a wait (net/unix/af_unix.c:
 * unix_release()).
 */
static int send_descriptor(int fd)
{
	int pair[2], err = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ? -errno : 0;

	if (!err) {
		err = apart_send(pair[1], "", 1, fd);
		close(pair[1]);
	}
	close(fd); /* before the answer, or the next file would be blamed */
	if (err)
		return send_piece(err, 0);
	worker.piece.head = (struct foreign_piece){.sequence = worker.sequence, .index = worker.index};
	err = apart_send(worker.socket, &worker.piece, sizeof(worker.piece.head), pair[0]);
	close(pair[0]);
	return err;
}

/* fd: or a negative errno. */
static int answer_file(int fd)
{
	return fd < 0 ? send_piece(fd, 0) : send_descriptor(fd);
}

static int answer_open(const struct foreign_request *request)
{
	return answer_file(foreign_open_mapped(request));
}

static int answer_debug(const struct foreign_request *request)
{
	return answer_file(foreign_open_debug(request));
}

static int answer_names(const struct foreign_request *request)
{
	return answer_file(foreign_open_names(request));
}

/* ---- Memory ---- */

#define PAGES_MOST 64

/* Open while the requests of a message are of the same thread's. */
static struct {
	int fd; /* only where pid is not 0 */
	__u32 pid, tid;
} pagemap;

static void close_pagemap(void)
{
	if (pagemap.pid)
		close(pagemap.fd);
	pagemap.pid = 0;
}

static int open_pagemap(const struct foreign_request *request)
{
	char path[80];

	if (pagemap.pid == request->pid && pagemap.tid == request->tid)
		return pagemap.fd;
	close_pagemap();
	snprintf(path, sizeof(path), "/proc/%u/task/%u/pagemap", request->pid, request->tid);
	pagemap.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (pagemap.fd < 0)
		return -1;
	pagemap.pid = request->pid;
	pagemap.tid = request->tid;
	return pagemap.fd;
}

/* Reads the entries of the pages from `first` on. Returns how many it read. */
static size_t read_pagemap(const struct foreign_request *request, __u64 first, size_t pages, __u64 entries[PAGES_MOST])
{
	int fd = open_pagemap(request);
	ssize_t got = fd < 0 ? -1 : pread(fd, entries, pages * sizeof(*entries), (off_t)(first * sizeof(*entries)));

	return got > 0 ? (size_t)got / sizeof(*entries) : 0;
}

/*
 * The part of what is asked for whose pages are there, around the anchor: to look must not fault pages in, nor wait for
 * whoever serves the faults. Returns its size; 0: not even the anchor's page is there.
 */
static size_t find_present(const struct foreign_request *request, __u64 *start)
{
	const __u64 wanted = PAGEMAP_PRESENT | (request->swapped ? PAGEMAP_SWAPPED : 0);
	__u64 entries[PAGES_MOST] = {0}, page = (__u64)worker.page, end = request->address + request->size;
	__u64 first = request->address / page;
	size_t pages = (size_t)((end - 1) / page - first + 1), at, from, to;

	if (pages > PAGES_MOST)
		return 0;
	pages = read_pagemap(request, first, pages, entries);
	at = (size_t)(request->anchor / page - first);
	if (at >= pages || !(entries[at] & wanted))
		return 0;
	for (from = at; from > 0 && entries[from - 1] & wanted; from--)
		;
	for (to = at + 1; to < pages && entries[to] & wanted; to++)
		;
	*start = (first + from) * page > request->address ? (first + from) * page : request->address;
	end = (first + to) * page < end ? (first + to) * page : end;
	return (size_t)(end - *start);
}

static int answer_memory(const struct foreign_request *request)
{
	__u64 start = 0;
	size_t size = find_present(request, &start);
	struct iovec local = {worker.piece.bytes + sizeof(start), size};
	struct iovec remote = {(void *)(uintptr_t)start, size};
	ssize_t got;

	if (!size)
		return send_piece(-EFAULT, 0);
	memcpy(worker.piece.bytes, &start, sizeof(start));
	got = process_vm_readv((pid_t)request->pid, &local, 1, &remote, 1, 0);
	return got < 0 ? send_piece(-errno, 0) : send_piece(FOREIGN_LAST, sizeof(start) + (size_t)got);
}

/* ---- What it is asked ---- */

static int (*const answers[FOREIGN_KINDS])(const struct foreign_request *request) = {
	[FOREIGN_FDINFO] = answer_fdinfo, [FOREIGN_MAPS] = answer_maps,	      [FOREIGN_SYSCALL] = answer_syscall,
	[FOREIGN_STATUS] = answer_status, [FOREIGN_PROGRAM] = answer_program, [FOREIGN_CONTAINER] = answer_container,
	[FOREIGN_TITLE] = answer_title,	  [FOREIGN_MEMORY] = answer_memory,   [FOREIGN_OPEN] = answer_open,
	[FOREIGN_DEBUG] = answer_debug,	  [FOREIGN_NAMES] = answer_names,
};

static int answer_message(size_t size)
{
	const struct foreign_request *requests;
	struct foreign_head head;
	int err = 0;

	requests = foreign_requests_check(&worker.asked, size, &head);
	if (!requests)
		return -EBADMSG;
	worker.sequence = head.sequence;
	for (worker.index = 0; worker.index < head.count && !err; worker.index++)
		err = answers[requests[worker.index].kind](&requests[worker.index]);
	close_pagemap();
	return err;
}

/* It sleeps in poll(), and not in a read of a socket, which could be taken for a stall. */
void foreign_worker_serve(int socket)
{
	struct pollfd waker = {.fd = socket, .events = POLLIN};
	ssize_t got = 1;

	worker.socket = socket;
	worker.page = sysconf(_SC_PAGESIZE);
	while (got > 0) {
		if (poll(&waker, 1, -1) < 0)
			continue;
		got = recv(socket, &worker.asked, sizeof(worker.asked), MSG_TRUNC);
		if (got > 0 && answer_message((size_t)got))
			return;
	}
}
