/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * More loads for the bench: see load.c.
 *
 *   net_load churn N        ns for each of N connections that are made, accepted and closed, in the best batch
 *   net_load walk N         ns for each of N walks over /proc/PID/task/TID/syscall of all threads
 *   net_load namespaces N   N network namespaces, each with a socket, held by a process of its own
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

static int listen_on(struct sockaddr_in *address, int backlog)
{
	socklen_t length = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (void *)address, sizeof(*address)) || listen(fd, backlog) ||
	    getsockname(fd, (void *)address, &length))
		die("listen");
	return fd;
}

/* It ends with a reset: nothing stays in TIME_WAIT, which would make each round another. */
static void connect_once(int listener, const struct sockaddr_in *address)
{
	const struct linger reset = {.l_onoff = 1};
	int client = socket(AF_INET, SOCK_STREAM, 0), server;

	if (client < 0 || setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) ||
	    connect(client, (const void *)address, sizeof(*address)))
		die("connect");
	server = accept(listener, NULL, NULL);
	if (server < 0)
		die("accept");
	close(client);
	close(server);
}

#define BATCHES 20

static void load_churn(long count)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const long batch = count < BATCHES ? count : count / BATCHES;
	int listener = listen_on(&address, 16);
	double began, took, best = 0;
	long i, done;

	for (done = 0; done < count; done += batch) {
		began = now_ns();
		for (i = 0; i < batch; i++)
			connect_once(listener, &address);
		took = (now_ns() - began) / (double)batch;
		if (!best || took < best)
			best = took;
	}
	printf("%.0f\n", best);
}

static void read_syscall(int tasks, const char *tid)
{
	char path[300], text[256];
	int fd;

	snprintf(path, sizeof(path), "%s/syscall", tid);
	fd = openat(tasks, path, O_RDONLY);
	if (fd < 0)
		return; /* it has ended */
	if (read(fd, text, sizeof(text)) < 0 && errno != ESRCH && errno != EPERM)
		die(path);
	close(fd);
}

static void walk_process(const char *pid)
{
	char path[300];
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	tasks = opendir(path);
	if (!tasks)
		return;
	while ((entry = readdir(tasks)))
		if (entry->d_name[0] != '.')
			read_syscall(dirfd(tasks), entry->d_name);
	closedir(tasks);
}

static void load_walk(long count)
{
	double began = now_ns();
	struct dirent *entry;
	long i;

	for (i = 0; i < count; i++) {
		DIR *proc = opendir("/proc");

		if (!proc)
			die("/proc");
		while ((entry = readdir(proc)))
			if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
				walk_process(entry->d_name);
		closedir(proc);
	}
	printf("%.0f\n", (now_ns() - began) / (double)count);
}

/* The child tells through the pipe that it is there, and ends with its parent. */
static void hold_namespace(int ready)
{
	if (fork())
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* With a socket: one that has none is not walked. */
	if (unshare(CLONE_NEWNET) || socket(AF_INET, SOCK_STREAM, 0) < 0 || write(ready, "", 1) != 1)
		die("unshare");
	pause();
	_exit(0);
}

static void load_namespaces(long count)
{
	int ready[2];
	char byte;
	long i;

	if (pipe(ready))
		die("pipe");
	for (i = 0; i < count; i++)
		hold_namespace(ready[1]);
	for (i = 0; i < count; i++)
		if (read(ready[0], &byte, 1) != 1)
			die("read");
	wait_for_end(); /* the children end with us */
}

int main(int argc, char **argv)
{
	long count = argc == 3 ? atol(argv[2]) : 0;

	if (count <= 0)
		return 2;
	if (!strcmp(argv[1], "churn"))
		load_churn(count);
	else if (!strcmp(argv[1], "walk"))
		load_walk(count);
	else if (!strcmp(argv[1], "namespaces"))
		load_namespaces(count);
	else
		return 2;
	return 0;
}
