/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Threads with stacks of every kind, made with pthreads and with clone(2) itself. Each says as a line of JSON
 * what it knows of itself, then sleeps. "more" on standard input makes the thread "plain" create another.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KB   1024ul
#define PAGE (4 * KB)

static int more[2], done[2];
static char static_stack[256 * KB] __attribute__((aligned(4096)));

/* One write a line: no thread is in the middle of another's. Works without the C library's own thread state. */
static void say(const char *name, long tid, void *start, void *end, long guard, void *sp)
{
	char line[300];
	int length = snprintf(line, sizeof(line),
			      "{\"event\":\"thread\",\"name\":\"%s\",\"tid\":%ld,\"start\":\"%p\",\"end\":\"%p\","
			      "\"guard\":%ld,\"sp\":%lu}\n",
			      name, tid, start, end, guard, (unsigned long)(uintptr_t)sp);

	if (write(1, line, (size_t)length) != length)
		_exit(1);
}

static void sleep_for_ever(void)
{
	for (;;)
#ifdef SYS_pause /* not on arm64 and what came after it */
		syscall(SYS_pause);
#else
		syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
#endif
}

static void say_self(const char *name)
{
	pthread_attr_t attr;
	size_t size, guard;
	void *start;

	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &start, &size);
	pthread_attr_getguardsize(&attr, &guard);
	pthread_attr_destroy(&attr);
#ifdef __aarch64__
	/* glibc makes it as large there (ARCH_MIN_GUARD_SIZE), and says what was asked for. */
	if (guard && guard < 65536)
		guard = 65536;
#endif
	say(name, syscall(SYS_gettid), start, (char *)start + size, (long)guard, __builtin_frame_address(0));
}

__attribute__((noipa)) static void *run(void *name)
{
	say_self(name);
	if (write(done[1], "", 1) != 1)
		_exit(1);
	sleep_for_ever();
	return NULL;
}

/* Uses much of its stack. */
static void *run_deep(void *name)
{
	volatile char used[100 * KB];

	memset((char *)used, 1, sizeof(used));
	run(name);
	return used[0] ? NULL : name; /* so that it is there all the time */
}

static void create(void *(*function)(void *), const char *name, const pthread_attr_t *attr)
{
	pthread_t thread;
	char byte;

	if (pthread_create(&thread, attr, function, (void *)name) || read(done[0], &byte, 1) != 1)
		_exit(1);
}

static void *run_creator(void *name)
{
	char byte;

	say_self(name);
	if (write(done[1], "", 1) != 1)
		_exit(1);
	if (read(more[0], &byte, 1) != 1)
		_exit(1);
	create(run, "later", NULL);
	sleep_for_ever();
	return NULL;
}

static char *map(size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		_exit(1);
	return memory;
}

static void create_with(const char *name, size_t size, size_t guard, void *(*function)(void *))
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, size);
	pthread_attr_setguardsize(&attr, guard);
	create(function, name, &attr);
}

static void create_on(const char *name, void *stack, size_t size)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stack, size);
	create(run, name, &attr);
}

/* A thread that the C library knows nothing of. */
struct raw {
	const char *name;
	char *start, *end;
	long guard;
};

static int run_raw(void *argument)
{
	const struct raw *raw = argument;

	say(raw->name, syscall(SYS_gettid), raw->start, raw->end, raw->guard, __builtin_frame_address(0));
	sleep_for_ever();
	return 0;
}

static void create_raw(const char *name, unsigned long flags, size_t guard)
{
	struct raw *raw = malloc(sizeof(*raw));
	char *memory = map(3 * PAGE + 64 * KB + guard);

	/* Nothing next to it that could be joined to it. */
	mprotect(memory, PAGE + guard, PROT_NONE);
	munmap(memory, PAGE);
	munmap(memory + 2 * PAGE + 64 * KB + guard, PAGE);
	munmap(memory + PAGE + guard + 64 * KB, PAGE);
	*raw = (struct raw){name, memory + PAGE + guard, memory + PAGE + guard + 64 * KB, (long)guard};
	if (!guard)
		mprotect(raw->start, PAGE, PROT_READ | PROT_WRITE);
	if (clone(run_raw, raw->end, (int)(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | flags), raw) < 0)
		_exit(1);
}

int main(void)
{
	char line[16], *middle = map(1024 * KB);

	if (pipe(more) || pipe(done))
		return 1;
	say_self("main");
	create(run_creator, "plain", NULL);
	create_with("large", 2048 * KB, 64 * KB, run);
	create_with("no_guard", 256 * KB, 0, run);
	create_with("no_guard_2", 256 * KB, 0, run);
	create_with("deep", 512 * KB, PAGE, run_deep);
	create_on("middle", middle + 256 * KB, 256 * KB);
	create_on("static", static_stack, sizeof(static_stack));
	create_on("heap", malloc(100 * KB), 100 * KB);
	create_raw("raw", CLONE_FS | CLONE_FILES, 0);
	create_raw("raw_guard", CLONE_FS | CLONE_FILES, 8 * PAGE);
	create_raw("raw_no_files", CLONE_FS, 0);
	create_raw("raw_no_fs", CLONE_FILES, 0);
	create_raw("raw_bare", 0, 0);
	if (write(1, "{\"event\":\"ready\"}\n", 18) != 18)
		return 1;
	while (fgets(line, sizeof(line), stdin)) {
		if (write(more[1], "", 1) != 1)
			return 1;
	}
	return 0;
}
