/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * rush SECONDS WAITERS CONNECTORS: two loads at once, or one of them, as fast as the machine can, or as the rates ask
 * for.
 *
 * WAITERS threads, each an event loop whose one event is always there, until it is over: 2,000,000 waits a second in
 * all at most. CONNECTORS threads make connections to a listener of their own on 127.0.0.1, accept them and close them:
 * 50,000 a second in all at most. Nothing is done before the first line comes in; after the time is up each loop waits
 * for what never comes, and one line says what was done. Ends with its standard input.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MOST		 16 /* threads of each kind */
#define WAITS_MOST	 2000000.0 /* a second */
#define CONNECTIONS_MOST 50000.0
#define BATCH		 1000 /* waits between two looks at the clock */

struct worker {
	pthread_t thread;
	int epoll, event, listener;
	uint32_t tid;
	uint64_t done; /* waits that returned while it went on; connections */
	double rate; /* at most, a second */
	struct sockaddr_in address;
};

static struct worker waiters[MOST], connectors[MOST];
static pthread_barrier_t ready, begin, over;
static double deadline;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Sleeps for as long as it is ahead of its rate. */
static void pace(const struct worker *worker, double began)
{
	double ahead = began + (double)worker->done / worker->rate - now();
	struct timespec time = {.tv_nsec = (long)(ahead * 1e9)};

	if (ahead > 0.001 && ahead < 1)
		nanosleep(&time, NULL);
}

static void wait_once(struct worker *worker)
{
	struct epoll_event events[4];

	if (epoll_wait(worker->epoll, events, 4, -1) < 0)
		die("epoll_wait");
	worker->done++;
}

/* Its first wait makes it known; the last two are for the event to be taken, and for ever. */
static void *turn(void *argument)
{
	struct worker *worker = argument;
	uint64_t value;
	double began;
	int i;

	worker->tid = (uint32_t)syscall(SYS_gettid);
	pthread_barrier_wait(&ready);
	wait_once(worker);
	pthread_barrier_wait(&begin);
	began = now();
	while (now() < deadline) {
		for (i = 0; i < BATCH; i++)
			wait_once(worker);
		pace(worker, began);
	}
	if (read(worker->event, &value, sizeof(value)) != sizeof(value))
		die("read");
	pthread_barrier_wait(&over);
	wait_once(worker);
	return NULL;
}

static void connect_once(const struct worker *worker)
{
	const struct linger reset = {.l_onoff = 1}; /* nothing stays in TIME_WAIT */
	int client = socket(AF_INET, SOCK_STREAM, 0), server;

	if (client < 0 || setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) ||
	    connect(client, (const void *)&worker->address, sizeof(worker->address)))
		die("connect");
	server = accept(worker->listener, NULL, NULL);
	if (server < 0)
		die("accept");
	close(client);
	close(server);
}

static void *churn(void *argument)
{
	struct worker *worker = argument;
	double began;

	pthread_barrier_wait(&ready);
	pthread_barrier_wait(&begin);
	began = now();
	for (; now() < deadline; worker->done++) {
		connect_once(worker);
		pace(worker, began);
	}
	pthread_barrier_wait(&over);
	return NULL;
}

static void start_waiter(struct worker *worker, int count)
{
	struct epoll_event event = {.events = EPOLLIN};

	worker->rate = WAITS_MOST / count;
	worker->epoll = epoll_create1(0);
	worker->event = eventfd(0, 0);
	if (worker->epoll < 0 || worker->event < 0 || epoll_ctl(worker->epoll, EPOLL_CTL_ADD, worker->event, &event) ||
	    pthread_create(&worker->thread, NULL, turn, worker))
		die("waiter");
}

static void start_connector(struct worker *worker, int count)
{
	socklen_t length = sizeof(worker->address);

	worker->rate = CONNECTIONS_MOST / count;
	worker->address.sin_family = AF_INET;
	worker->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	worker->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (worker->listener < 0 || bind(worker->listener, (void *)&worker->address, length) ||
	    listen(worker->listener, 16) || getsockname(worker->listener, (void *)&worker->address, &length) ||
	    pthread_create(&worker->thread, NULL, churn, worker))
		die("connector");
}

static void say_counts(const char *event, int waiting, double took)
{
	uint64_t connections = 0;
	int i;

	for (i = 0; i < MOST; i++)
		connections += connectors[i].done;
	printf("{\"event\":\"%s\",\"seconds\":%.3f,\"connections\":%llu,\"waits\":{", event, took,
	       (unsigned long long)connections);
	for (i = 0; i < waiting; i++)
		printf("%s\"%u\":%llu", i ? "," : "", waiters[i].tid, (unsigned long long)waiters[i].done);
	puts("}}");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	double seconds = argc == 4 ? atof(argv[1]) : 0, began;
	int waiting = argc == 4 ? atoi(argv[2]) : 0, connecting = argc == 4 ? atoi(argv[3]) : 0, i;
	const uint64_t one = 1;
	char byte;

	if (seconds <= 0 || seconds > 600 || waiting < 0 || waiting > MOST || connecting < 0 || connecting > MOST)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_barrier_init(&ready, NULL, (unsigned int)(waiting + connecting + 1));
	pthread_barrier_init(&begin, NULL, (unsigned int)(waiting + connecting + 1));
	pthread_barrier_init(&over, NULL, (unsigned int)(waiting + connecting + 1));
	for (i = 0; i < waiting; i++)
		start_waiter(&waiters[i], waiting);
	for (i = 0; i < connecting; i++)
		start_connector(&connectors[i], connecting);
	pthread_barrier_wait(&ready);
	say_counts("waiting", waiting, 0);
	if (read(0, &byte, 1) != 1)
		return 1;
	began = now();
	deadline = began + seconds;
	for (i = 0; i < waiting; i++)
		if (write(waiters[i].event, &one, sizeof(one)) != sizeof(one))
			die("write");
	pthread_barrier_wait(&begin);
	pthread_barrier_wait(&over);
	say_counts("over", waiting, now() - began);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
