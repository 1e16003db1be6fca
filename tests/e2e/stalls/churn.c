/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * churn SECONDS SEED [CGROUP]: a process that changes all that sockstall reads of it while it reads: its memory, what
 * is at its descriptors, what it watches and waits for, its names, threads, children, connections, network namespaces
 * and, in the folder CGROUP, cgroups. It says {"event": "churning"} when it has begun, and how many rounds each part
 * made when it ends. In a network namespace of its own: its traffic stays there. Its children end with it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE	  4096
#define MAPS	  64
#define FIRST_FD  40 /* of those that are exchanged all the time */
#define FDS	  40
#define FIRST_SET (FIRST_FD + FDS) /* the epoll instance, and what it is exchanged with */
#define SETS	  4
#define CHILDREN  24 /* at one time */
#define GROUPS	  3

#ifndef PR_SET_VMA
#define PR_SET_VMA	     0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

static const char hostile[] = "\033]0;P\a\033[2J\n\x9b\xe2\x80\xae\"<b>\\ (x) \xff";

static time_t end;
static int set;
static const char *cgroup;

/* ---- What all of it needs ---- */

static unsigned int any(unsigned int *seed, unsigned int most)
{
	return (unsigned int)rand_r(seed) % most;
}

static bool goes_on(void)
{
	return time(NULL) < end;
}

static void rest(unsigned int us)
{
	const struct timespec piece = {.tv_nsec = us * 1000L};

	nanosleep(&piece, NULL);
}

/* Any bytes but NUL, or what a parser of /proc/PID/stat would stumble over. */
static void rename_thread(unsigned int *seed)
{
	char name[16];
	size_t i;

	for (i = 0; i < sizeof(name) - 1; i++)
		name[i] = (char)(1 + any(seed, 255));
	name[i] = '\0';
	if (!any(seed, 3))
		snprintf(name, sizeof(name), ") S 1 1 (\n%u", any(seed, 1000));
	prctl(PR_SET_NAME, name);
}

/* ---- Memory ---- */

static void change_map(void **map, size_t pages, unsigned int *seed)
{
	static const int protections[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC};

	if (*map)
		munmap(*map, pages * PAGE);
	*map = mmap(NULL, pages * PAGE, protections[any(seed, 4)],
		    MAP_PRIVATE | MAP_ANONYMOUS | (any(seed, 9) ? 0 : MAP_GROWSDOWN), -1, 0);
	if (*map == MAP_FAILED)
		*map = NULL;
	else
		prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, *map, pages * PAGE,
		      any(seed, 2) ? "[stack] a b" : "[heap] (deleted)");
}

static unsigned long change_maps(unsigned int *seed)
{
	void *maps[MAPS] = {NULL};
	unsigned long rounds;

	for (rounds = 0; goes_on(); rounds++) {
		unsigned int i = any(seed, MAPS);

		change_map(&maps[i], 1 + i, seed);
		if (!any(seed, 50))
			rename_thread(seed);
		rest(50);
	}
	return rounds;
}

/* ---- Descriptors ---- */

static int make_descriptor(unsigned int *seed)
{
	switch (any(seed, 7)) {
	case 0:
		return epoll_create1(0);
	case 1:
		return eventfd(any(seed, 2), EFD_NONBLOCK);
	case 2:
		return socket(any(seed, 2) ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
	case 3:
		return memfd_create(hostile, 0);
	case 4:
		return timerfd_create(any(seed, 2) ? CLOCK_MONOTONIC : CLOCK_REALTIME, TFD_NONBLOCK);
	case 5:
		return socket(AF_UNIX, SOCK_STREAM, 0);
	default:
		return open("/dev/null", O_RDWR);
	}
}

static void watch(unsigned int *seed)
{
	struct epoll_event event = {.events =
					    EPOLLIN | (any(seed, 2) ? EPOLLET : 0) | (any(seed, 4) ? 0 : EPOLLONESHOT)};

	epoll_ctl(set, any(seed, 3) ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, (int)(FIRST_FD + any(seed, FDS)), &event);
}

static unsigned long change_descriptors(unsigned int *seed)
{
	unsigned long rounds;

	for (rounds = 0; goes_on(); rounds++) {
		int fd = make_descriptor(seed), at = (int)(FIRST_FD + any(seed, FDS));

		if (fd >= 0) {
			dup2(fd, at);
			close(fd);
		}
		if (!any(seed, 5))
			close(at);
		watch(seed);
		dup2(any(seed, 4) ? set : at, (int)(FIRST_SET + any(seed, SETS)));
		rest(80);
	}
	return rounds;
}

/* ---- Waits ---- */

static void wait_once(unsigned int *seed)
{
	int fd = (int)(FIRST_SET + any(seed, SETS)), timeout = (int)any(seed, 1500);
	struct pollfd one = {.fd = fd, .events = POLLIN};
	struct epoll_event events[8];
	fd_set fds;
	struct timeval left = {.tv_usec = timeout * 100};

	switch (any(seed, 4)) {
	case 0:
		poll(&one, 1, timeout / 10);
		break;
	case 1:
		FD_ZERO(&fds);
		FD_SET(fd, &fds);
		select(fd + 1, &fds, NULL, NULL, &left);
		break;
	default:
		epoll_wait(fd, events, 8, any(seed, 3) ? timeout : 0);
	}
}

static unsigned long wait_for_events(unsigned int *seed)
{
	unsigned long rounds;

	for (rounds = 0; goes_on(); rounds++) {
		wait_once(seed);
		if (!any(seed, 9))
			rename_thread(seed);
		rest(10);
	}
	return rounds;
}

/* ---- Connections ---- */

static int make_listener(struct sockaddr_in *address)
{
	socklen_t size = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	*address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (fd < 0 || bind(fd, (void *)address, sizeof(*address)) || listen(fd, 4) ||
	    getsockname(fd, (void *)address, &size))
		return -1;
	return fd;
}

/* One reads what may never come, one writes until nobody takes more, one closes in the middle. */
static void use_connection(int fd, unsigned int *seed)
{
	static const char bytes[65536];
	struct timeval most = {.tv_usec = (long)any(seed, 300000)};
	char byte;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
	if (any(seed, 2))
		send(fd, bytes, any(seed, sizeof(bytes)), MSG_NOSIGNAL);
	if (!any(seed, 3))
		shutdown(fd, (int)any(seed, 3));
	if (any(seed, 2))
		recv(fd, &byte, 1, 0);
}

static unsigned long connect_and_leave(unsigned int *seed)
{
	struct sockaddr_in address;
	int listener = make_listener(&address);
	unsigned long rounds;

	for (rounds = 0; goes_on() && listener >= 0; rounds++) {
		int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), server = -1;

		connect(client, (void *)&address, sizeof(address));
		if (any(seed, 2))
			server = accept(listener, NULL, NULL);
		fcntl(client, F_SETFL, 0);
		use_connection(any(seed, 2) && server >= 0 ? server : client, seed);
		close(client);
		if (server >= 0)
			close(server);
		if (!any(seed, 40)) {
			close(listener);
			listener = make_listener(&address);
		}
	}
	return rounds;
}

/* ---- Threads ---- */

static void *live_shortly(void *seed_now)
{
	unsigned int seed = (unsigned int)(uintptr_t)seed_now;

	if (any(&seed, 3))
		rename_thread(&seed);
	rest(any(&seed, 20000));
	return NULL;
}

static unsigned long come_and_go(unsigned int *seed)
{
	pthread_attr_t attributes;
	unsigned long rounds;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	for (rounds = 0; goes_on(); rounds++) {
		pthread_attr_setstacksize(&attributes, (4 + any(seed, 60)) * 16 * 1024);
		pthread_create(&thread, &attributes, live_shortly, (void *)(uintptr_t)any(seed, 1u << 30));
		rest(500);
	}
	return rounds;
}

/* ---- Processes ---- */

static void move_to_cgroup(unsigned int *seed)
{
	char path[512], pid[16];
	int fd;

	if (!cgroup)
		return;
	snprintf(path, sizeof(path), "%s/churn\033[2J\"<b>%u", cgroup, any(seed, GROUPS));
	mkdir(path, 0755);
	strcat(path, "/cgroup.procs");
	fd = open(path, O_WRONLY);
	snprintf(pid, sizeof(pid), "%d", getpid());
	if (fd >= 0 && write(fd, pid, strlen(pid)) > 0)
		close(fd);
}

static void *outlive_leader(void *unused)
{
	(void)unused;
	sleep(2);
	_exit(0);
}

/* The other end is held by a child of its own, which reads too. */
static void wait_for_child(unsigned int *seed)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct epoll_event event = {.events = EPOLLIN};
	int ends[2], loop = epoll_create1(0);
	char byte;

	if (any(seed, 3) ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : pipe(ends))
		_exit(0);
	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s%d", hostile, getpid());
	bind(ends[0], (void *)&address, sizeof(address));
	epoll_ctl(loop, EPOLL_CTL_ADD, ends[0], &event);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(4);
		_exit(read(ends[any(seed, 2)], &byte, 1) < 0);
	}
	if (any(seed, 2))
		epoll_wait(loop, &event, 1, -1);
	_exit(read(ends[0], &byte, 1) < 0);
}

static void child(unsigned int *seed)
{
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(1 + any(seed, 4));
	rename_thread(seed);
	if (any(seed, 2))
		unshare(CLONE_NEWNET);
	move_to_cgroup(seed);
	if (!any(seed, 4) && !pthread_create(&thread, NULL, outlive_leader, NULL))
		pthread_exit(NULL);
	wait_for_child(seed);
}

static unsigned long start_children(unsigned int *seed)
{
	unsigned long rounds = 0;
	unsigned int alive = 0;

	while (goes_on()) {
		pid_t pid;

		rand_r(seed); /* what a child does with its copy, the next does not do again */
		pid = alive < CHILDREN ? fork() : -1;
		if (pid == 0)
			child(seed);
		alive += pid > 0;
		rounds += pid > 0;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			alive--;
		rest(10000);
	}
	return rounds;
}

/* ---- All of it ---- */

static struct part {
	const char *name;
	unsigned long (*run)(unsigned int *seed);
	unsigned int seed;
	unsigned long rounds;
	pthread_t thread;
} parts[] = {
	{.name = "maps", .run = change_maps},
	{.name = "descriptors", .run = change_descriptors},
	{.name = "waits", .run = wait_for_events},
	{.name = "waits", .run = wait_for_events},
	{.name = "waits", .run = wait_for_events},
	{.name = "connections", .run = connect_and_leave},
	{.name = "connections", .run = connect_and_leave},
	{.name = "threads", .run = come_and_go},
	{.name = "children", .run = start_children},
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static void *run_part(void *argument)
{
	struct part *part = argument;

	part->rounds = part->run(&part->seed);
	return NULL;
}

static void raise_loopback(void)
{
	if (system("ip link set lo up"))
		exit(1);
}

int main(int argc, char **argv)
{
	unsigned int seed = argc > 2 ? (unsigned int)atoi(argv[2]) : 1;
	size_t i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	cgroup = argc > 3 ? argv[3] : NULL;
	end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
	if (unshare(CLONE_NEWNET))
		return 1;
	raise_loopback();
	set = epoll_create1(0);
	for (i = 0; i < PARTS; i++) {
		parts[i].seed = seed * 1000 + (unsigned int)i;
		if (pthread_create(&parts[i].thread, NULL, run_part, &parts[i]))
			return 1;
	}
	puts("{\"event\": \"churning\"}");
	fflush(stdout);
	for (i = 0; i < PARTS; i++)
		pthread_join(parts[i].thread, NULL);
	for (i = 0; i < PARTS; i++)
		printf("{\"event\": \"%s\", \"rounds\": %lu}\n", parts[i].name, parts[i].rounds);
	return 0;
}
