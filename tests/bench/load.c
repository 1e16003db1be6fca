/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Loads for the bench. Each prints one figure or one line when it is ready, and ends by itself or when
 * its standard input is closed.
 *
 *   load getppid N       ns for each of N calls of getppid()
 *   load WAIT N          ns a wait with one event ready, in the best batch of N; WAIT is epoll_wait, epoll_pwait,
 *                        epoll_pwait2, poll, ppoll, select, pselect6 or io_uring_enter
 *   load threads N       N threads asleep in read() on socket pairs
 *   load clients N       N threads, each asleep in read() on a TCP connection of its own, on which it has asked
 *   load sockets N       N connected TCP sockets on loopback (both ends counted), all accepted
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

static void load_getppid(long count)
{
	double began = now_ns();
	long i;

	for (i = 0; i < count; i++)
		syscall(SYS_getppid);
	printf("%.2f\n", (now_ns() - began) / (double)count);
}

/* The object of all waits: one eventfd that is always ready, in every guise. */
static int ready_fd, epoll_fd;
static struct {
	int fd;
	unsigned int *submitted, *mask, *array, *taken;
} ring;

static void wait_epoll_wait(void)
{
	struct epoll_event event;

	syscall(SYS_epoll_wait, epoll_fd, &event, 1, -1);
}

static void wait_epoll_pwait(void)
{
	struct epoll_event event;

	syscall(SYS_epoll_pwait, epoll_fd, &event, 1, -1, NULL, 8);
}

static void wait_epoll_pwait2(void)
{
	struct timespec limit = {.tv_sec = 1};
	struct epoll_event event;

	syscall(SYS_epoll_pwait2, epoll_fd, &event, 1, &limit, NULL, 8);
}

static void wait_poll(void)
{
	struct pollfd fd = {.fd = ready_fd, .events = POLLIN};

	syscall(SYS_poll, &fd, 1, -1);
}

static void wait_ppoll(void)
{
	struct pollfd fd = {.fd = ready_fd, .events = POLLIN};
	struct timespec limit = {.tv_sec = 1};

	syscall(SYS_ppoll, &fd, 1, &limit, NULL, 8);
}

static void wait_select(void)
{
	struct timeval limit = {.tv_sec = 1};
	fd_set set;

	FD_ZERO(&set);
	FD_SET(ready_fd, &set);
	syscall(SYS_select, ready_fd + 1, &set, NULL, NULL, &limit);
}

static void wait_pselect6(void)
{
	struct timespec limit = {.tv_sec = 1};
	fd_set set;

	FD_ZERO(&set);
	FD_SET(ready_fd, &set);
	syscall(SYS_pselect6, ready_fd + 1, &set, NULL, NULL, &limit, NULL);
}

/* Submits a request that does nothing, waits for it, and takes its completion. */
static void wait_io_uring_enter(void)
{
	unsigned int tail = *ring.submitted & *ring.mask;

	ring.array[tail] = tail;
	__atomic_store_n(ring.submitted, *ring.submitted + 1, __ATOMIC_RELEASE);
	syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	__atomic_store_n(ring.taken, *ring.taken + 1, __ATOMIC_RELEASE);
}

static void prepare_waits(void)
{
	struct epoll_event event = {.events = EPOLLIN};

	epoll_fd = epoll_create1(0);
	ready_fd = eventfd(1, 0);
	if (epoll_fd < 0 || ready_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, ready_fd, &event))
		die("epoll");
}

static void prepare_ring(void)
{
	struct io_uring_params parameters = {0};
	char *queue;

	ring.fd = (int)syscall(SYS_io_uring_setup, 8, &parameters);
	if (ring.fd < 0)
		die("io_uring_setup");
	queue = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQ_RING);
	if (queue == MAP_FAILED || mmap(NULL, 8 * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED,
					ring.fd, IORING_OFF_SQES) == MAP_FAILED)
		die("mmap");
	/* IORING_FEAT_SINGLE_MMAP: both rings in one. The entries are zeroes, and 0 is IORING_OP_NOP. */
	ring.submitted = (void *)(queue + parameters.sq_off.tail);
	ring.mask = (void *)(queue + parameters.sq_off.ring_mask);
	ring.array = (void *)(queue + parameters.sq_off.array);
	ring.taken = (void *)(queue + parameters.cq_off.head);
}

static const struct wait {
	const char *name;
	void (*wait)(void);
} waits[] = {
	{"epoll_wait", wait_epoll_wait},
	{"epoll_pwait", wait_epoll_pwait},
	{"epoll_pwait2", wait_epoll_pwait2},
	{"poll", wait_poll},
	{"ppoll", wait_ppoll},
	{"select", wait_select},
	{"pselect6", wait_pselect6},
	{"io_uring_enter", wait_io_uring_enter},
};

static const struct wait *find_wait(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		if (!strcmp(name, waits[i].name))
			return &waits[i];
	return NULL;
}

/* The best of many short batches: the one that nobody else disturbed. */
#define BATCHES 50

static void load_waits(const struct wait *wait, long count)
{
	const long batch = count < BATCHES ? count : count / BATCHES;
	double began, best = 0, took;
	long i, done;

	prepare_waits();
	if (wait->wait == wait_io_uring_enter)
		prepare_ring();
	for (done = 0; done < count; done += batch) {
		began = now_ns();
		for (i = 0; i < batch; i++)
			wait->wait();
		took = (now_ns() - began) / (double)batch;
		if (!best || took < best)
			best = took;
	}
	printf("%.2f\n", best);
}

static void *sleep_in_read(void *pair)
{
	char byte;

	return read(*(int *)pair, &byte, 1) < 0 ? pair : NULL;
}

static void load_threads(long count)
{
	static int pair[2];
	pthread_attr_t attributes;
	pthread_t thread;
	long i;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		die("socketpair");
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 16384);
	for (i = 0; i < count; i++)
		if (pthread_create(&thread, &attributes, sleep_in_read, pair))
			die("pthread_create");
	wait_for_end();
	_exit(0);
}

/* Takes every connection, and answers nobody. */
static void serve_nobody(int listener)
{
	char byte;

	if (fork())
		return;
	if (fcntl(listener, F_SETFL, O_NONBLOCK))
		die("fcntl");
	for (;;) {
		struct pollfd wanted[2] = {{.fd = listener, .events = POLLIN}, {.fd = 0, .events = POLLIN}};

		poll(wanted, 2, -1);
		while (accept(listener, NULL, NULL) >= 0)
			;
		if (wanted[1].revents && read(0, &byte, 1) <= 0)
			_exit(0);
	}
}

static void *ask(void *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char byte = '?';

	if (fd < 0 || connect(fd, address, sizeof(struct sockaddr_in)) || write(fd, &byte, 1) != 1)
		die("connect");
	return read(fd, &byte, 1) < 0 ? address : NULL;
}

static void load_clients(long count)
{
	static struct sockaddr_in address = {.sin_family = AF_INET};
	struct rlimit limit = {(rlim_t)count + 100, (rlim_t)count + 100};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	pthread_attr_t attributes;
	pthread_t thread;
	long i;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (setrlimit(RLIMIT_NOFILE, &limit) || bind(listener, (void *)&address, sizeof(address)) ||
	    listen(listener, 4096) || getsockname(listener, (void *)&address, &length))
		die("listen");
	serve_nobody(listener);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 16384);
	for (i = 0; i < count; i++)
		if (pthread_create(&thread, &attributes, ask, &address))
			die("pthread_create");
	wait_for_end();
	_exit(0);
}

static void connect_pairs(int listener, const struct sockaddr_in *address, long pairs)
{
	long i;

	for (i = 0; i < pairs; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (fd < 0 || connect(fd, (const void *)address, sizeof(*address)))
			die("connect");
		if (accept(listener, NULL, NULL) < 0)
			die("accept");
	}
}

/* One process cannot hold them all: each child has its own listener, on its own loopback address. */
static void load_sockets(long count)
{
	const long per_child = 8000; /* pairs */
	long pairs = count / 2, started = 0;
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct rlimit limit;
	socklen_t length;
	int done[2], fd;
	char byte;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (pipe(done))
		die("pipe");
	for (; started * per_child < pairs; started++) {
		if (fork())
			continue;
		fd = socket(AF_INET, SOCK_STREAM, 0);
		address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (in_addr_t)started);
		length = sizeof(address);
		if (bind(fd, (void *)&address, sizeof(address)) || listen(fd, 128) ||
		    getsockname(fd, (void *)&address, &length))
			die("listen");
		connect_pairs(fd, &address,
			      pairs - started * per_child < per_child ? pairs - started * per_child : per_child);
		if (write(done[1], "", 1) != 1)
			die("write");
		while (read(0, &byte, 1) > 0)
			;
		_exit(0);
	}
	for (; started > 0; started--)
		if (read(done[0], &byte, 1) != 1)
			die("read");
	wait_for_end();
}

int main(int argc, char **argv)
{
	long count = argc == 3 ? atol(argv[2]) : 0;

	if (count <= 0)
		return 2;
	if (!strcmp(argv[1], "getppid"))
		load_getppid(count);
	else if (find_wait(argv[1]))
		load_waits(find_wait(argv[1]), count);
	else if (!strcmp(argv[1], "threads"))
		load_threads(count);
	else if (!strcmp(argv[1], "clients"))
		load_clients(count);
	else if (!strcmp(argv[1], "sockets"))
		load_sockets(count);
	else
		return 2;
	return 0;
}
