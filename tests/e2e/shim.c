/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Loaded in front of sockstall (LD_PRELOAD) by tests. By the environment:
 *
 * SHIM_ALLOC=N    the allocations of the Nth place in the code that allocates fail
 * SHIM_DEPTH=N    a place is the caller, and its callers: N of them together (1: the caller alone)
 * SHIM_BPF=N      the Nth bpf() fails, with the error SHIM_ERRNO
 * SHIM_COUNT=FILE at the end, writes there how many places and bpf() calls there were, and what memory was not freed
 * SHIM_CLOCKS=FILE  two 64-bit numbers in ns, that are added to CLOCK_REALTIME and CLOCK_BOOTTIME; may change at any
 * time SHIM_HOLD=FILE  a 64-bit number, and another. While the first is not 0 the scans of a look bring nothing,
 * without an end;
 *                 the second counts how often they were asked
 * SHIM_NO_SECCOMP  there is no seccomp()
 * SHIM_ROOM=MAP=N  that BPF map has room for so many entries
 * SHIM_DO=WHAT    once it waits, does what it should not be able to: see misbehave()
 * SHIM_FILE=PATH  the file that SHIM_DO=write makes
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EXPORT	   __attribute__((visibility("default")))
#define MAX_PLACES 65536
#define MAX_DEPTH  16

/*
 * Places by the sum of the callers' addresses; place_numbers are from 1 on, in the order in which they are first seen.
 */
static uintptr_t places[MAX_PLACES];
static long place_numbers[MAX_PLACES];
static long place_count, failing_place, depth, bpf_calls, failing_bpf, blocks;
static int failing_errno, ready, count_fd = -1;
static const volatile int64_t *clocks;
static volatile int64_t *hold;

static long number(const char *name)
{
	const char *text = getenv(name);

	return text ? atol(text) : 0;
}

static void hold_scans(const char *file)
{
	int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;

	if (!file)
		return;
	hold = mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (hold == MAP_FAILED)
		abort();
}

__attribute__((weak)) void __lsan_disable(void);
__attribute__((weak)) void __lsan_enable(void);

/* Its data is loaded at the first call, and never freed. */
static void load_backtrace(void)
{
	void *frames[MAX_DEPTH];

	if (__lsan_disable)
		__lsan_disable();
	backtrace(frames, MAX_DEPTH);
	if (__lsan_enable)
		__lsan_enable();
}

__attribute__((constructor)) static void start(void)
{
	const char *file = getenv("SHIM_CLOCKS"), *count = getenv("SHIM_COUNT");
	int fd;

	hold_scans(getenv("SHIM_HOLD"));
	/* Opened now: at the end sockstall may write no file any more. */
	if (count)
		count_fd = open(count, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	depth = number("SHIM_DEPTH");
	if (depth > 1)
		load_backtrace();
	ready = 1;
	failing_place = number("SHIM_ALLOC");
	failing_bpf = number("SHIM_BPF");
	failing_errno = (int)number("SHIM_ERRNO");
	if (!file)
		return;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	clocks = mmap(NULL, 16, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (clocks == MAP_FAILED)
		abort();
}

__attribute__((destructor)) static void stop(void)
{
	char text[64];

	if (count_fd < 0)
		return;
	snprintf(text, sizeof(text), "%ld %ld %ld\n", place_count, bpf_calls, blocks);
	if (write(count_fd, text, strlen(text)) < 0)
		abort();
}

/* Never 0. */
static uintptr_t place_of(void *caller)
{
	void *frames[MAX_DEPTH];
	uintptr_t sum = (uintptr_t)caller;
	int i, last, count = depth > 1 ? backtrace(frames, MAX_DEPTH) : 0;

	for (i = 0; i < count && frames[i] != caller; i++)
		;
	last = i + (int)depth;
	for (i++; i < count && i < last; i++)
		sum = sum * 31 + (uintptr_t)frames[i];
	return sum | 1;
}

static int fails(void *caller)
{
	static __thread int inside;
	uintptr_t place;
	long i;

	if (!ready || inside)
		return 0;
	inside = 1;
	place = place_of(caller);
	inside = 0;
	for (i = (long)(place / 2 % MAX_PLACES); places[i] && places[i] != place; i = (i + 1) % MAX_PLACES)
		;
	if (!places[i] && place_count < MAX_PLACES / 2) {
		places[i] = place;
		place_numbers[i] = ++place_count;
	}
	/* Another thread may not have got its number yet. */
	return failing_place && places[i] && place_numbers[i] == failing_place;
}

/*
 * The next ones are the sanitizers', or libc's. All are found at the first call of any: dlsym() itself frees what it
 * had to say before.
 */
static struct {
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void (*free)(void *);
} found;

static void *find(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		abort();
	return function;
}

#define NEXT(function)                                                              \
	({                                                                          \
		if (!found.function) {                                              \
			found.malloc = (__typeof__(found.malloc))find("malloc");    \
			found.calloc = (__typeof__(found.calloc))find("calloc");    \
			found.realloc = (__typeof__(found.realloc))find("realloc"); \
			found.free = (__typeof__(found.free))find("free");          \
		}                                                                   \
		found.function;                                                     \
	})

#define FAIL_HERE()                                       \
	do {                                              \
		if (fails(__builtin_return_address(0))) { \
			errno = ENOMEM;                   \
			return NULL;                      \
		}                                         \
	} while (0)

static void *counted(void *before, void *now)
{
	if (now && !before)
		__atomic_add_fetch(&blocks, 1, __ATOMIC_RELAXED);
	return now;
}

EXPORT void *malloc(size_t size)
{
	FAIL_HERE();
	return counted(NULL, NEXT(malloc)(size));
}

EXPORT void *calloc(size_t count, size_t size)
{
	FAIL_HERE();
	return counted(NULL, NEXT(calloc)(count, size));
}

/* glibc's realloc(memory, 0) frees; libbpf and sockstall do not ask for that. */
EXPORT void *realloc(void *memory, size_t size)
{
	FAIL_HERE();
	return counted(memory, NEXT(realloc)(memory, size));
}

EXPORT void free(void *memory)
{
	int before = errno;

	if (memory)
		__atomic_sub_fetch(&blocks, 1, __ATOMIC_RELAXED);
	NEXT(free)(memory);
	errno = before;
}

EXPORT void *reallocarray(void *memory, size_t count, size_t size)
{
	size_t bytes;

	FAIL_HERE();
	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return counted(memory, NEXT(realloc)(memory, bytes));
}

/* The sanitizers' own ask for memory where nothing stands between; and here each caller is a place. */
EXPORT char *strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy;

	FAIL_HERE();
	copy = counted(NULL, NEXT(malloc)(size));
	return copy ? memcpy(copy, text, size) : NULL;
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *now)
{
	int64_t ns;

	if (syscall(SYS_clock_gettime, clock, now))
		return -1;
	if (!clocks || (clock != CLOCK_REALTIME && clock != CLOCK_BOOTTIME))
		return 0;
	ns = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec + clocks[clock == CLOCK_BOOTTIME];
	now->tv_sec = ns / 1000000000;
	now->tv_nsec = ns % 1000000000;
	return 0;
}

static int is_iterator(int fd)
{
	char path[32], target[32] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return readlink(path, target, sizeof(target) - 1) > 0 && strstr(target, "bpf_iter");
}

EXPORT ssize_t read(int fd, void *to, size_t size)
{
	static ssize_t (*real)(int, void *, size_t);
	const struct timespec moment = {.tv_nsec = 1000000};

	if (!real)
		real = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
	if (!hold || !hold[0] || !is_iterator(fd))
		return real(fd, to, size);
	hold[1]++;
	nanosleep(&moment, NULL);
	errno = EAGAIN;
	return -1;
}

EXPORT long syscall(long which, ...)
{
	static long (*real)(long, ...);
	long a[6];
	va_list arguments;
	int i;

	va_start(arguments, which);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	if (which == SYS_seccomp && getenv("SHIM_NO_SECCOMP")) {
		errno = EINVAL;
		return -1;
	}
	if (which == SYS_bpf && ++bpf_calls == failing_bpf) {
		errno = failing_errno;
		return -1;
	}
	if (!real)
		real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	return real(which, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* struct bpf_object_skeleton of libbpf, as far as it is needed. */
struct skeleton {
	size_t size;
	const char *name;
	const void *data;
	size_t data_size;
	void **object;
};

static void make_small(void *object, const char *name, uint32_t room)
{
	void *(*find)(void *, const char *) =
		(void *(*)(void *, const char *))dlsym(RTLD_NEXT, "bpf_object__find_map_by_name");
	int (*set)(void *, uint32_t) = (int (*)(void *, uint32_t))dlsym(RTLD_NEXT, "bpf_map__set_max_entries");
	void *map = find(object, name);

	if (!map || set(map, room))
		abort();
}

EXPORT int bpf_object__load_skeleton(struct skeleton *skeleton)
{
	int (*real)(struct skeleton *) = (int (*)(struct skeleton *))dlsym(RTLD_NEXT, "bpf_object__load_skeleton");
	const char *text = getenv("SHIM_ROOM");
	char name[32];
	uint32_t room;

	if (text && sscanf(text, "%31[a-z_]=%u", name, &room) == 2)
		make_small(*skeleton->object, name, room);
	return real(skeleton);
}

/* The limits that it has: nobody is harmed where this is allowed. */
static void limit(pid_t pid)
{
	struct rlimit now;

	if (!prlimit(pid, RLIMIT_CPU, NULL, &now))
		prlimit(pid, RLIMIT_CPU, &now, NULL);
}

/* Tries what a program could be made to try by an attacker. */
static void misbehave(const char *what)
{
	char *const argv[] = {"/bin/true", NULL};

	if (!strcmp(what, "inet"))
		socket(AF_INET, SOCK_STREAM, 0);
	else if (!strcmp(what, "unix"))
		socket(AF_UNIX, SOCK_STREAM, 0);
	else if (!strcmp(what, "netlink"))
		socket(AF_NETLINK, SOCK_RAW, 0);
	else if (!strcmp(what, "netfilter"))
		socket(AF_NETLINK, SOCK_RAW, 12);
	else if (!strcmp(what, "owner"))
		fcntl(STDIN_FILENO, F_SETOWN, getppid());
	else if (!strcmp(what, "signal"))
		fcntl(STDIN_FILENO, F_SETSIG, SIGKILL);
	else if (!strcmp(what, "async"))
		fcntl(STDIN_FILENO, F_SETFL, O_ASYNC);
	else if (!strcmp(what, "limit"))
		limit(getppid());
	else if (!strcmp(what, "descriptor"))
		syscall(438 /* pidfd_getfd */, -1, 0, 0);
	else if (!strcmp(what, "exec"))
		execv(argv[0], argv);
	else if (!strcmp(what, "write"))
		open(getenv("SHIM_FILE"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	else if (!strcmp(what, "code"))
		mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	else if (!strcmp(what, "ptrace"))
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	else if (!strcmp(what, "mount"))
		mount("none", "/mnt", "tmpfs", 0, NULL);
	else if (!strcmp(what, "kill"))
		kill(getppid(), 0);
	else if (!strcmp(what, "bpf"))
		syscall(SYS_bpf, 5 /* BPF_PROG_LOAD */, NULL, 0);
	else if (!strcmp(what, "namespace"))
		unshare(CLONE_NEWUTS);
	else if (!strcmp(what, "nothing") || !*what)
		getpid();
	else
		abort();
}

EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *left, const sigset_t *mask)
{
	static int (*real)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
	const char *what = getenv("SHIM_DO");

	if (!real)
		real = (int (*)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *))dlsym(RTLD_NEXT,
													  "ppoll");
	if (what)
		misbehave(what);
	return real(fds, count, left, mask);
}
