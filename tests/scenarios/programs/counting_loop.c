/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * counting_loop edge|select ADDRESS PORT: a server whose loop counts its own waits and the events that they returned,
 * with edge-triggered epoll, or with select and 1,500 more descriptors. A line "sleep SECONDS" makes the loop sleep,
 * any other is only answered: with both counts.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SILENT 1500
#define MOST   4096 /* descriptors */
#define BITS   (8 * sizeof(long))

static unsigned long waits, events;
static int listener, epoll_fd;
static unsigned long watched[MOST / BITS];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void answer(int fd, const char *line)
{
	double seconds;
	char text[64];
	int length;

	if (sscanf(line, "sleep %lf", &seconds) == 1)
		nanosleep(&(struct timespec){(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)}, NULL);
	length = snprintf(text, sizeof(text), "%lu %lu ok\n", waits, events);
	if (write(fd, text, length) != length)
		die("write");
}

/* Returns false when the connection is over. Edge-triggered it has to be read until nothing is left. */
static int serve(int fd)
{
	char line[4096];
	ssize_t length;

	while ((length = recv(fd, line, sizeof(line) - 1, MSG_DONTWAIT)) > 0) {
		line[length] = '\0';
		answer(fd, line);
	}
	return length < 0 && errno == EAGAIN;
}

static void watch(int fd)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = fd};

	watched[fd / BITS] |= 1UL << fd % BITS;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
		die("epoll_ctl");
}

static void handle(int fd)
{
	int accepted;

	if (fd == listener) {
		while ((accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
			watch(accepted);
	} else if (!serve(fd)) {
		watched[fd / BITS] &= ~(1UL << fd % BITS);
		close(fd);
	}
}

static void wait_epoll(void)
{
	struct epoll_event ready[64];
	int i, count = epoll_wait(epoll_fd, ready, 64, -1);

	waits++;
	events += count > 0 ? count : 0;
	for (i = 0; i < count; i++)
		handle(ready[i].data.fd);
}

/* The system call itself: an fd_set has no room for so many. */
static void wait_select(void)
{
	unsigned long set[MOST / BITS];
	int fd;
	long count;

	memcpy(set, watched, sizeof(set));
	count = syscall(SYS_pselect6, MOST, set, NULL, NULL, NULL, NULL);
	waits++;
	events += count > 0 ? count : 0;
	for (fd = 0; count > 0 && fd < MOST; fd++)
		if (set[fd / BITS] >> fd % BITS & 1)
			handle(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int i, by_select = argc == 4 && !strcmp(argv[1], "select");

	if (argc != 4 || !inet_aton(argv[2], &address.sin_addr))
		return 2;
	address.sin_port = htons(atoi(argv[3]));
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){MOST, MOST});
	epoll_fd = epoll_create1(0);
	for (i = 0; by_select && i < SILENT; i++)
		watch(eventfd(0, 0));
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (bind(listener, (void *)&address, sizeof(address)) || listen(listener, 64))
		die("listen");
	watch(listener);
	for (;;)
		by_select ? wait_select() : wait_epoll();
}
