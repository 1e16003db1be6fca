/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * holds WHAT BY: a process that makes whoever reads of it wait for as long as it likes. Started by root, it becomes an
 * ordinary user first.
 *
 * WHAT:
 * - epoll: a loop asleep in epoll_wait(), and a thread that copies an event of the same instance to a page that does
 * not
 *   come: it holds the instance's mutex
 * - away: the same instance, but the loop has left it after many waits and does something else
 * - stack: a thread whose frame pointer leads to such a page
 * - title: a loop whose command line is in such a page
 * - program: a loop whose program is on a file system that answers nothing any more
 * - flush: the same, but only who closes a file there waits
 * - maps: 60,000 mappings and 250 threads, each with a long chain of frames; nothing is held
 *
 * BY:
 * - uffd: userfaultfd (Linux lets root alone do it here: vm.unprivileged_userfaultfd)
 * - fuse: a FUSE server of its own, in namespaces of its own; for `program` mounted with allow_other, as fusermount3
 * does
 * - nothing: its healthy twin: each page comes, each read is answered
 *
 * Says {"event": "held"} once it is so, or {"event": "cannot", "why": …}. Ends with its standard input, which lets go.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

/* Whatever happens, it lets go after this; HOLD_S says another. */
#define MOST_S 60

#define NOBODY	 65534
#define PAGE	 4096
#define FUSE_DIR "/tmp/sockstall-holds"
#define FILE_ID	 2 /* the one file of the server's; FUSE_ROOT_ID is the folder that it is in */

static const char *what, *by;
static int instance, event;

static _Noreturn void cannot(const char *doing)
{
	printf("{\"event\": \"cannot\", \"why\": \"%s: %s\"}\n", doing, strerror(errno));
	fflush(stdout);
	_exit(1);
}

static void must(bool done, const char *doing)
{
	if (!done)
		cannot(doing);
}

static unsigned int most_s(void)
{
	const char *given = getenv("HOLD_S");

	return given ? (unsigned int)atoi(given) : MOST_S;
}

static bool is(const char *word, const char *other)
{
	return !strcmp(word, other);
}

/* ---- A file system of one file ---- */

static struct {
	int device, content; /* content: what the file holds; -1: zeroes */
	uint64_t size;
	volatile bool *holds; /* shared: from then on nothing is opened or read */
} server;

static void reply(uint64_t unique, int err, const void *data, size_t size)
{
	struct fuse_out_header head = {.len = (uint32_t)(sizeof(head) + size), .error = -err, .unique = unique};
	struct iovec parts[] = {{&head, sizeof(head)}, {(void *)data, size}};

	if (writev(server.device, parts, 2) < 0 && errno != ENOENT)
		_exit(1);
}

static struct fuse_attr attributes(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node,
		.mode = node == FILE_ID ? S_IFREG | 0755 : S_IFDIR | 0755,
		.nlink = 1,
		.size = node == FILE_ID ? server.size : 0,
		.blksize = PAGE,
	};
}

static void reply_read(uint64_t unique, const struct fuse_read_in *in)
{
	static char data[1 << 20];
	size_t left = in->offset < server.size ? server.size - in->offset : 0;
	ssize_t got = (ssize_t)(in->size < left ? in->size : left);

	if (server.content >= 0)
		got = pread(server.content, data, (size_t)got, (off_t)in->offset);
	reply(unique, got < 0 ? EIO : 0, data, got < 0 ? 0 : (size_t)got);
}

static void serve(const struct fuse_in_header *in, const void *argument)
{
	const struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = 0,
		.max_write = 65536,
		.max_background = 16,
		.congestion_threshold = 12,
		.time_gran = 1,
	};
	const struct fuse_entry_out entry = {
		.nodeid = FILE_ID, .attr_valid = 3600, .entry_valid = 3600, .attr = attributes(FILE_ID)};
	const struct fuse_attr_out attr = {.attr_valid = 3600, .attr = attributes(in->nodeid)};
	const struct fuse_open_out opened = {.open_flags = FOPEN_KEEP_CACHE};

	switch (in->opcode) {
	case FUSE_INIT:
		return reply(in->unique, 0, &init, sizeof(init));
	case FUSE_LOOKUP:
		return reply(in->unique, is(argument, "file") ? 0 : ENOENT, &entry,
			     is(argument, "file") ? sizeof(entry) : 0);
	case FUSE_GETATTR:
		return reply(in->unique, 0, &attr, sizeof(attr));
	case FUSE_OPEN:
		if (!*server.holds || !is(what, "program"))
			reply(in->unique, 0, &opened, sizeof(opened));
		return;
	case FUSE_READ:
		if (!*server.holds || is(what, "flush"))
			reply_read(in->unique, argument);
		return;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;
	case FUSE_FLUSH:
		if (*server.holds && is(what, "flush"))
			return;
		return reply(in->unique, 0, NULL, 0);
	case FUSE_RELEASE:
		return reply(in->unique, 0, NULL, 0);
	default:
		reply(in->unique, ENOSYS, NULL, 0);
	}
}

static void run_server(pid_t parent)
{
	static char request[(1 << 20) + PAGE] __attribute__((aligned(8)));
	ssize_t got;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "fuse-server");
	alarm(most_s());
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	while (getppid() == parent) {
		got = read(server.device, request, sizeof(request));
		if (got < 0 && errno == ENODEV)
			_exit(0);
		if (got >= (ssize_t)sizeof(struct fuse_in_header))
			serve((const void *)request, request + sizeof(struct fuse_in_header));
	}
	_exit(0);
}

/* Serves it from a process of its own. */
static void mount_file(const char *options)
{
	char data[160];
	pid_t parent = getpid();

	server.holds = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	server.device = open(FUSE_DIR "/fuse", O_RDWR | O_CLOEXEC);
	must(server.device >= 0, "open /dev/fuse");
	snprintf(data, sizeof(data), "fd=%d,rootmode=40000,%s", server.device, options);
	must(!mount("holds", FUSE_DIR "/mnt", "fuse", MS_NODEV | MS_NOSUID, data), "mount a FUSE file system");
	if (!fork())
		run_server(parent);
	/* The last copy is the server's: when that ends, the kernel answers all that waits for it. */
	close(server.device);
}

/* /dev/fuse is for everybody on most machines: here only in a mount namespace of its own. */
static void make_device(void)
{
	must(!unshare(CLONE_NEWNS), "unshare(CLONE_NEWNS)");
	must(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "a private mount namespace");
	mkdir(FUSE_DIR, 0755);
	must(!mount("holds", FUSE_DIR, "tmpfs", 0, "mode=755"), "mount a tmpfs");
	must(!mknod(FUSE_DIR "/fuse", S_IFCHR | 0666, makedev(10, 229)) && !chmod(FUSE_DIR "/fuse", 0666),
	     "mknod /dev/fuse");
	must(!mkdir(FUSE_DIR "/mnt", 0755), "mkdir");
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	must(fd >= 0 && write(fd, text, strlen(text)) > 0, path);
	close(fd);
}

static void become_nobody(void)
{
	must(!setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY), "become an ordinary user");
	prctl(PR_SET_DUMPABLE, 1);
}

static void become_root_of_own(void)
{
	must(!unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare(CLONE_NEWUSER)");
	write_text("/proc/self/setgroups", "deny");
	write_text("/proc/self/uid_map", "0 65534 1");
	write_text("/proc/self/gid_map", "0 65534 1");
}

/* ---- A page that does not come ---- */

static void *make_fuse_page(void)
{
	int file;
	void *page;

	make_device();
	become_nobody();
	become_root_of_own();
	server.content = -1;
	server.size = 16 * PAGE;
	mount_file("user_id=0,group_id=0");
	file = open(FUSE_DIR "/mnt/file", O_RDWR);
	must(file >= 0, "open a file of FUSE");
	page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	must(page != MAP_FAILED, "map a file of FUSE");
	*server.holds = true;
	return page;
}

static void *make_uffd_page(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	void *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register range = {.range = {(uintptr_t)page, 2 * PAGE}, .mode = UFFDIO_REGISTER_MODE_MISSING};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	must(fd >= 0, "userfaultfd");
	must(!ioctl(fd, UFFDIO_API, &api) && !ioctl(fd, UFFDIO_REGISTER, &range), "UFFDIO_REGISTER");
	become_nobody();
	return page;
}

static void *make_page(void)
{
	void *page;

	if (is(by, "fuse"))
		return make_fuse_page();
	if (is(by, "uffd"))
		return make_uffd_page();
	page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(page, 0, 2 * PAGE);
	become_nobody();
	return page;
}

/* ---- Threads ---- */

static void start(void *(*run)(void *argument), void *argument)
{
	pthread_t thread;

	must(!pthread_create(&thread, NULL, run, argument), "pthread_create");
}

static void *sleep_in_loop(void *argument)
{
	struct epoll_event got;

	prctl(PR_SET_NAME, argument);
	epoll_wait(instance, &got, 1, -1);
	pause();
	return NULL;
}

/* Many waits, and then something else for good. */
static void *leave_loop(void *argument)
{
	struct epoll_event got;
	int i;

	prctl(PR_SET_NAME, "leaver");
	for (i = 0; i < 200; i++) {
		epoll_wait(instance, &got, 1, 10);
		usleep(10000);
	}
	pause();
	return argument;
}

/* Through another descriptor of the same instance. */
static void *hold_instance(void *page)
{
	int copy = dup(instance);

	prctl(PR_SET_NAME, "holder");
	for (;;) {
		epoll_wait(copy, page, 1, 0);
		sleep(1);
	}
	return NULL;
}

/* Into pause() with these as its stack and its frame. */
static _Noreturn void pause_with(uintptr_t sp, uintptr_t fp)
{
#if defined(__x86_64__)
	__asm__ volatile("mov %0, %%rsp\n mov %1, %%rbp\n mov %2, %%eax\n syscall\n hlt" ::"r"(sp), "r"(fp),
			 "i"(SYS_pause)
			 : "memory", "rax");
#elif defined(__aarch64__)
	__asm__ volatile("mov sp, %0\n mov x29, %1\n mov x0, 0\n mov x1, 0\n mov x2, 0\n mov x3, 0\n mov x8, %2\n svc "
			 "0\n brk 0" ::"r"(sp),
			 "r"(fp), "i"(SYS_ppoll)
			 : "memory", "x0", "x1", "x2", "x3", "x8");
#endif
	abort();
}

static void *lead_to_page(void *page)
{
	char *stack = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	prctl(PR_SET_NAME, "victim");
	/* The stack may be anywhere below: what counts is where its frames are said to be. */
	pause_with((uintptr_t)stack < (uintptr_t)page ? (uintptr_t)stack + PAGE - 256 : (uintptr_t)page - 16,
		   (uintptr_t)page + 128);
}

#define FRAMES 1000

static void *pile_frames(void *argument)
{
	uintptr_t *frames = mmap(NULL, 2 * FRAMES * sizeof(*frames) + PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	(void)argument;
	for (i = 0; i < FRAMES; i++) {
		frames[512 + 2 * i] = (uintptr_t)&frames[512 + 2 * i + 2];
		frames[512 + 2 * i + 1] = 0x7ffffffff000UL - PAGE;
	}
	pause_with((uintptr_t)(frames + 256), (uintptr_t)(frames + 512));
}

/* ---- What it holds ---- */

static void open_instance(void)
{
	struct epoll_event wanted = {.events = EPOLLIN};

	instance = epoll_create1(EPOLL_CLOEXEC);
	event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	epoll_ctl(instance, EPOLL_CTL_ADD, event, &wanted);
}

static void signal_event(void)
{
	uint64_t one = 1;

	must(write(event, &one, sizeof(one)) == sizeof(one), "write to an eventfd");
}

static void hold_epoll(void)
{
	void *page = make_page();
	bool away = is(what, "away");

	open_instance();
	start(away ? leave_loop : sleep_in_loop, "sleeper");
	/* Asleep, or away, for long enough to be of interest. */
	sleep(away ? 6 : 2);
	if (is(by, "nothing") && !away)
		return;
	signal_event();
	start(hold_instance, page);
}

static void hold_stack(void)
{
	start(lead_to_page, make_page());
}

static void hold_maps(void)
{
	int i;

	become_nobody();
	for (i = 0; i < 250; i++)
		start(pile_frames, NULL);
	for (i = 0; i < 60000; i++)
		if (mmap((void *)(0x100000000000UL + (uintptr_t)i * 2 * PAGE), PAGE, PROT_READ,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
			break;
}

/* Where its command line is, is the process's own choice. The rest stays as it is. */
static void move_title(void *page)
{
	struct prctl_mm_map map = {.exe_fd = (__u32)-1, .brk = (uintptr_t)sbrk(0)};
	char text[2048], *rest;
	FILE *stat = fopen("/proc/self/stat", "re");
	size_t got = stat ? fread(text, 1, sizeof(text) - 1, stat) : 0;
	unsigned long long values[52] = {0};
	int i;

	text[got] = '\0';
	rest = strrchr(text, ')') + 3;
	for (i = 4; i < 52; i++)
		values[i] = strtoull(rest, &rest, 10);
	map.start_code = values[26];
	map.end_code = values[27];
	map.start_stack = values[28];
	map.start_data = values[45];
	map.end_data = values[46];
	map.start_brk = values[47];
	map.env_start = values[50];
	map.env_end = values[51];
	map.arg_start = (uintptr_t)page;
	map.arg_end = (uintptr_t)page + 64;
	must(!prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0), "PR_SET_MM_MAP");
}

static void hold_title(void)
{
	void *page = make_page();

	if (is(by, "nothing"))
		strcpy(page, "nothing held");
	open_instance();
	start(sleep_in_loop, "sleeper");
	sleep(2);
	move_title(page);
}

/* This program again, from a file system of its own, whose reads go on until it is loaded. */
static void hold_program(const char *self)
{
	struct stat status;

	make_device();
	server.content = open(self, O_RDONLY | O_CLOEXEC);
	must(server.content >= 0 && !fstat(server.content, &status), self);
	server.size = (uint64_t)status.st_size;
	mount_file("user_id=65534,group_id=65534,allow_other");
	if (!fork()) {
		become_nobody();
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* which setresuid() takes back */
		execl(FUSE_DIR "/mnt/file", "held", "loop", by, NULL);
		cannot("execute a file of FUSE");
	}
	sleep(2);
	*server.holds = !is(by, "nothing");
}

static void wait_for_end(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	_exit(0);
}

static void say_held(pid_t pid)
{
	printf("{\"event\": \"held\", \"pid\": %d, \"fd\": %d}\n", pid, instance);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	must(argc == 3, "WHAT BY");
	what = argv[1];
	by = argv[2];
	alarm(most_s());
	if (is(what, "loop")) {
		open_instance();
		say_held(getpid());
		sleep_in_loop("held");
	}
	if (is(what, "epoll") || is(what, "away"))
		hold_epoll();
	else if (is(what, "stack"))
		hold_stack();
	else if (is(what, "title"))
		hold_title();
	else if (is(what, "maps"))
		hold_maps();
	else
		hold_program(argv[0]);
	if (!is(what, "program") && !is(what, "flush")) {
		sleep(1);
		say_held(getpid());
	}
	wait_for_end();
}
