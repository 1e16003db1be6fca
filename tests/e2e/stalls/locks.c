/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Threads and processes that sleep in locks: locks LOCK [HOLDER [FILE [later]]]. A line of JSON each says who has a
 * lock ("holds") and who is about to wait for it ("waits"), with thread ids and the lock's address. HOLDER is what
 * whoever has it does then: "sleep", "spin", "accept", or "recv=PORT": it asks a server at 127.0.0.1 and waits for its
 * answer.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 200

/* In memory that processes share; a private lock may be there, too. */
static struct shared {
	pthread_mutex_t mutex, other;
	pthread_rwlock_t rwlock;
	pthread_cond_t cond;
	sem_t semaphore;
	pthread_barrier_t both;
} * shared;

static const char *lock_name, *holder_does, *path;

static void fail(const char *what)
{
	perror(what);
	_exit(1);
}

static void say(const char *event, const void *address)
{
	char line[200];
	int length = snprintf(line, sizeof(line), "{\"event\":\"%s\",\"pid\":%d,\"tid\":%ld,\"address\":\"0x%lx\"}\n",
			      event, getpid(), syscall(SYS_gettid), (unsigned long)(uintptr_t)address);

	if (write(1, line, (size_t)length) != length)
		_exit(1);
}

static void nap(double seconds)
{
	struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

	clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

static int ask(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (void *)&address, sizeof(address)) || send(fd, "?", 1, 0) != 1)
		fail("ask");
	return fd;
}

static int listen_at(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (bind(fd, (void *)address, sizeof(*address)) || listen(fd, 8) || getsockname(fd, (void *)address, &length))
		fail("listen");
	return fd;
}

/* What is done with the lock held. */
static void hold(const void *lock)
{
	struct sockaddr_in address;
	char byte;

	say("holds", lock);
	if (!strncmp(holder_does, "recv=", 5))
		(void)!recv(ask(atoi(holder_does + 5)), &byte, 1, 0);
	else if (!strcmp(holder_does, "accept"))
		(void)!accept(listen_at(&address), NULL, NULL);
	else if (!strcmp(holder_does, "spin"))
		for (volatile unsigned long i = 0;; i++)
			;
	for (;;)
		nap(1000);
}

/* ---- One lock, held by a thread, and another that waits for it ---- */

static void lock_write(void)
{
	if (strstr(lock_name, "rwlock"))
		pthread_rwlock_wrlock(&shared->rwlock);
	else
		pthread_mutex_lock(&shared->mutex);
}

static void *lock_address(void)
{
	return strstr(lock_name, "rwlock") ? (void *)&shared->rwlock : (void *)&shared->mutex;
}

static void *run_holder(void *arg)
{
	(void)arg;
	pthread_setname_np(pthread_self(), "holder");
	if (!strcmp(lock_name, "rwlock-readers"))
		pthread_rwlock_rdlock(&shared->rwlock);
	else
		lock_write();
	pthread_barrier_wait(&shared->both);
	hold(lock_address());
	return NULL;
}

static void wait_for_lock(void)
{
	say("waits", lock_address());
	if (!strcmp(lock_name, "rwlock-read"))
		pthread_rwlock_rdlock(&shared->rwlock);
	else
		lock_write();
}

static void *run_waiter(void *arg)
{
	(void)arg;
	pthread_setname_np(pthread_self(), "waiter");
	wait_for_lock();
	return NULL;
}

static pthread_t start(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, arg))
		fail("pthread_create");
	return thread;
}

static void one_lock(void)
{
	start(run_holder, NULL);
	pthread_barrier_wait(&shared->both);
	start(run_waiter, NULL);
}

static void between_processes(void)
{
	if (!fork())
		run_holder(NULL);
	pthread_barrier_wait(&shared->both);
	run_waiter(NULL);
}

/* ---- Others ---- */

static void *run_sleeper(void *arg)
{
	pthread_setname_np(pthread_self(), "sleeper");
	hold(arg);
	return NULL;
}

static void join(void)
{
	pthread_t thread = start(run_sleeper, NULL);

	say("waits", NULL);
	pthread_join(thread, NULL);
}

_Noreturn static void *run_cond(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&shared->mutex);
	say("waits", &shared->cond);
	for (;;)
		pthread_cond_wait(&shared->cond, &shared->mutex);
}

static void *run_semaphore(void *arg)
{
	(void)arg;
	say("waits", &shared->semaphore);
	sem_wait(&shared->semaphore);
	return NULL;
}

static void pool(void)
{
	for (int i = 0; i < WORKERS; i++)
		start(run_cond, NULL);
}

/* Two locks, in opposite order. */
static void *run_one_of_two(void *first)
{
	void *second = first == &shared->mutex ? &shared->other : &shared->mutex;

	pthread_mutex_lock(first);
	say("holds", first);
	pthread_barrier_wait(&shared->both);
	nap(0.2);
	say("waits", second);
	pthread_mutex_lock(second);
	return NULL;
}

static void deadlock(void)
{
	start(run_one_of_two, &shared->mutex);
	start(run_one_of_two, &shared->other);
}

static void lock_twice(void)
{
	pthread_mutex_lock(&shared->mutex);
	say("holds", &shared->mutex);
	say("waits", &shared->mutex);
	pthread_mutex_lock(&shared->mutex);
}

/*
 * A mutex and two connections: whoever has the mutex asks another process, which asks this one, where the thread that
 * is to answer waits for the mutex.
 */
static void *run_asker(void *port)
{
	char byte;
	int fd;

	pthread_mutex_lock(&shared->mutex);
	say("holds", &shared->mutex);
	fd = ask((int)(intptr_t)port);
	(void)!recv(fd, &byte, 1, 0);
	return NULL;
}

static void *run_server(void *listener)
{
	int fd = accept((int)(intptr_t)listener, NULL, NULL);
	char byte;

	(void)!recv(fd, &byte, 1, 0);
	nap(0.3);
	say("waits", &shared->mutex);
	pthread_mutex_lock(&shared->mutex);
	return NULL;
}

static void run_between(int listener, int port)
{
	int fd = accept(listener, NULL, NULL);
	char byte;

	(void)!recv(fd, &byte, 1, 0);
	nap(0.5);
	fd = ask(port);
	(void)!recv(fd, &byte, 1, 0);
	pause();
}

static void over_sockets(void)
{
	struct sockaddr_in ours, theirs;
	int here = listen_at(&ours), there = listen_at(&theirs);

	if (!fork()) {
		close(here);
		say("between", NULL);
		run_between(there, ntohs(ours.sin_port));
	}
	close(there);
	start(run_asker, (void *)(intptr_t)ntohs(theirs.sin_port));
	start(run_server, (void *)(intptr_t)here);
}

/* The two in one order, for ever: each waits again and again, and never for long. */
_Noreturn static void *run_in_order(void *arg)
{
	(void)arg;
	for (;;) {
		pthread_mutex_lock(&shared->mutex);
		pthread_mutex_lock(&shared->other);
		nap(0.05);
		pthread_mutex_unlock(&shared->other);
		pthread_mutex_unlock(&shared->mutex);
	}
}

static void in_order(void)
{
	start(run_in_order, NULL);
	start(run_in_order, NULL);
	say("waits", &shared->mutex);
}

/* A mutex that says another owner at each moment, and one of which nobody is the owner. */
_Noreturn static void *run_rewriter(void *arg)
{
	volatile int *words = (void *)&shared->mutex;

	(void)arg;
	for (int tid = 1;; tid = tid % 4000000 + 1)
		words[2] = tid;
}

static void rewrite(void)
{
	one_lock();
	nap(0.2);
	start(run_rewriter, NULL);
}

/* ---- Files ---- */

static int lock_file(int fd, int wait)
{
	struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (!strcmp(lock_name, "flock"))
		return flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB));
	return fcntl(fd, wait ? F_SETLKW : F_SETLK, &all);
}

static void file(void)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	if (!fork()) {
		fd = open(path, O_RDWR);
		if (lock_file(fd, 0))
			fail(path);
		pthread_barrier_wait(&shared->both);
		hold(NULL);
	}
	pthread_barrier_wait(&shared->both);
	say("waits", NULL);
	lock_file(fd, 1);
}

/* ---- Which ---- */

static void make_locks(int between)
{
	pthread_mutexattr_t mutex;
	pthread_rwlockattr_t rwlock;
	pthread_barrierattr_t barrier;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_init(&mutex);
	pthread_rwlockattr_init(&rwlock);
	pthread_barrierattr_init(&barrier);
	if (between) {
		pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
		pthread_rwlockattr_setpshared(&rwlock, PTHREAD_PROCESS_SHARED);
	}
	pthread_barrierattr_setpshared(&barrier, PTHREAD_PROCESS_SHARED);
	if (strstr(lock_name, "robust"))
		pthread_mutexattr_setrobust(&mutex, PTHREAD_MUTEX_ROBUST);
	if (strstr(lock_name, "pi"))
		pthread_mutexattr_setprotocol(&mutex, PTHREAD_PRIO_INHERIT);
	if (strstr(lock_name, "recursive"))
		pthread_mutexattr_settype(&mutex, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&shared->mutex, &mutex);
	pthread_mutex_init(&shared->other, &mutex);
	pthread_rwlock_init(&shared->rwlock, &rwlock);
	pthread_cond_init(&shared->cond, NULL);
	sem_init(&shared->semaphore, 0, 0);
	pthread_barrier_init(&shared->both, &barrier, 2);
}

int main(int argc, char **argv)
{
	int between;
	char byte;

	lock_name = argv[1];
	holder_does = argc > 2 ? argv[2] : "sleep";
	path = argc > 3 ? argv[3] : NULL;
	/* Only once it is told to. */
	if (argc > 4 && read(0, &byte, 1) != 1)
		return 1;
	between = !strncmp(lock_name, "shared", 6);
	make_locks(between);
	if (between)
		between_processes();
	else if (!strcmp(lock_name, "join"))
		join();
	else if (!strcmp(lock_name, "cond"))
		start(run_cond, NULL);
	else if (!strcmp(lock_name, "semaphore"))
		start(run_semaphore, NULL);
	else if (!strcmp(lock_name, "pool"))
		pool();
	else if (!strcmp(lock_name, "deadlock"))
		deadlock();
	else if (!strcmp(lock_name, "twice"))
		lock_twice();
	else if (!strcmp(lock_name, "sockets"))
		over_sockets();
	else if (!strcmp(lock_name, "order"))
		in_order();
	else if (!strcmp(lock_name, "rewrite"))
		rewrite();
	else if (!strcmp(lock_name, "flock") || !strcmp(lock_name, "fcntl"))
		file();
	else
		one_lock();
	for (;;)
		pause();
}
