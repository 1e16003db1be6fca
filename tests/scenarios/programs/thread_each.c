/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* thread_each ADDRESS PORT: a server with a thread for each connection, which answers every request with "ok". */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";

static void *serve(void *argument)
{
	int fd = (int)(long)argument;
	char request[4096];
	size_t have = 0;
	ssize_t got;

	while ((got = recv(fd, request + have, sizeof(request) - have, 0)) > 0) {
		have += (size_t)got;
		if (have < 4 || memcmp(request + have - 4, "\r\n\r\n", 4))
			continue;
		have = 0;
		if (send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) < 0)
			break;
	}
	close(fd);
	return NULL;
}

static int listen_at(const char *address, const char *port)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	inet_pton(AF_INET, address, &name.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) || listen(fd, 1024)) {
		perror("listen");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	pthread_attr_t small;
	int listener;

	if (argc != 3)
		return 2;
	listener = listen_at(argv[1], argv[2]);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 * 1024);
	pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pthread_t thread;

		if (fd < 0 || pthread_create(&thread, &small, serve, (void *)(long)fd)) {
			perror("accept or pthread_create");
			return 1;
		}
	}
}
