/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * held_client HOW: a client with an event loop of its own: "poll", "select", or "edge" for an edge-triggered epoll. See
 * held_client.py.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define MOST 512

struct connection {
	char name[32];
	int fd; /* -1: closed */
	int connected;
	size_t left; /* still to be sent, of `text` */
	char text;
};

static struct connection connections[MOST];
static int count, epoll = -1, use_select;

static void say(const char *event, const char *name, const char *format, ...)
{
	struct timeval now;
	va_list arguments;

	gettimeofday(&now, NULL);
	printf("{\"event\": \"%s\", \"name\": \"%s\", \"pid\": %d, \"tid\": %d, \"time\": %ld.%06ld", event, name,
	       getpid(), getpid(), (long)now.tv_sec, (long)now.tv_usec);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("}\n");
	fflush(stdout);
}

static void say_connected(struct connection *connection)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	connection->connected = 1;
	getsockname(connection->fd, (struct sockaddr *)&address, &size);
	say("connected", connection->name, ", \"fd\": %d, \"port\": %d", connection->fd, ntohs(address.sin_port));
}

static void start(const char *name, const char *address, int port)
{
	struct connection *connection = &connections[count++];
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = connection};

	strcpy(connection->name, name);
	inet_pton(AF_INET, address, &to.sin_addr);
	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (connect(connection->fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS)
		err(1, "connect");
	if (epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event))
		err(1, "epoll_ctl");
	say("connecting", name, "");
}

static void send_more(struct connection *connection)
{
	char block[65536];
	ssize_t sent;

	memset(block, connection->text, sizeof(block));
	while (connection->left) {
		size_t size = connection->left < sizeof(block) ? connection->left : sizeof(block);

		sent = send(connection->fd, block, size, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		connection->left -= sent;
	}
}

static void finish(struct connection *connection)
{
	close(connection->fd);
	connection->fd = -1;
	say("closed", connection->name, "");
}

static void read_all(struct connection *connection)
{
	char block[65536];
	ssize_t size;

	while ((size = recv(connection->fd, block, sizeof(block), 0)) > 0)
		say("answer", connection->name, ", \"size\": %zd", size);
	if (!size || errno != EAGAIN)
		finish(connection);
}

static void handle(struct connection *connection, unsigned int events)
{
	if (connection->fd < 0)
		return;
	if (!connection->connected && events & POLLOUT && !(events & (POLLERR | POLLHUP)))
		say_connected(connection);
	if (events & POLLOUT)
		send_more(connection);
	if (events & (POLLIN | POLLHUP | POLLERR))
		read_all(connection);
}

static struct connection *find(const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(connections[i].name, name))
			return &connections[i];
	errx(1, "no connection %s", name);
}

static void obey(char *line)
{
	char command[32], name[32], word[64];
	struct connection *connection;
	int number = 0;

	if (sscanf(line, "%31s %31s %63s %d", command, name, word, &number) < 2)
		return;
	if (!strcmp(command, "connect")) {
		start(name, word, number);
		return;
	}
	connection = find(name);
	if (!strcmp(command, "close")) {
		finish(connection);
		return;
	}
	say("sending", name, "");
	connection->text = word[0];
	connection->left += number;
	send_more(connection);
}

static void read_commands(void)
{
	static char text[4096];
	static size_t used;
	ssize_t got = read(0, text + used, sizeof(text) - used - 1);
	char *line = text, *end;

	if (got <= 0)
		exit(0);
	used += got;
	text[used] = '\0';
	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		obey(line);
	}
	used = strlen(line);
	memmove(text, line, used);
}

static void wait_edge(void)
{
	struct epoll_event events[64];
	int i, ready = epoll_wait(epoll, events, 64, -1);

	for (i = 0; i < ready; i++) {
		if (events[i].data.ptr)
			handle(events[i].data.ptr, events[i].events);
		else
			read_commands();
	}
}

static unsigned int wanted(const struct connection *connection)
{
	return POLLIN | (connection->connected && !connection->left ? 0 : POLLOUT);
}

static void wait_poll(void)
{
	struct pollfd fds[MOST + 1] = {{.fd = 0, .events = POLLIN}};
	int i, known = count;

	for (i = 0; i < known; i++)
		fds[i + 1] = (struct pollfd){.fd = connections[i].fd, .events = wanted(&connections[i])};
	poll(fds, known + 1, -1);
	for (i = 0; i < known; i++)
		if (fds[i + 1].revents)
			handle(&connections[i], fds[i + 1].revents);
	if (fds[0].revents)
		read_commands();
}

static void wait_select(void)
{
	int i, known = count, highest = 0;
	fd_set reads, writes;

	FD_ZERO(&reads);
	FD_ZERO(&writes);
	FD_SET(0, &reads);
	for (i = 0; i < known; i++) {
		if (connections[i].fd < 0)
			continue;
		FD_SET(connections[i].fd, &reads);
		if (wanted(&connections[i]) & POLLOUT)
			FD_SET(connections[i].fd, &writes);
		highest = connections[i].fd > highest ? connections[i].fd : highest;
	}
	select(highest + 1, &reads, &writes, NULL, NULL);
	for (i = 0; i < known; i++)
		if (connections[i].fd >= 0)
			handle(&connections[i], (FD_ISSET(connections[i].fd, &reads) ? POLLIN : 0) |
							(FD_ISSET(connections[i].fd, &writes) ? POLLOUT : 0));
	if (FD_ISSET(0, &reads))
		read_commands();
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "poll";
	struct epoll_event event = {.events = EPOLLIN};

	if (!strcmp(how, "edge")) {
		epoll = epoll_create1(0);
		epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);
	}
	use_select = !strcmp(how, "select");
	say("ready", "", "");
	for (;;) {
		if (epoll >= 0)
			wait_edge();
		else if (use_select)
			wait_select();
		else
			wait_poll();
	}
}
