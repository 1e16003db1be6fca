/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The seccomp filter: see privileges.h. A system call that is not in the tables raises SIGSYS, which says so and ends
 * the run. An error instead would look like the kernel's answer, and the report would silently lack something.
 */
#include "rights/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/array.h"
#include "rights/privileges.h"

/* Names that this architecture has not are passed over. */
static const char *const always[] = {
	/* the emitters, the recording, standard streams */
	"read", "readv", "pread64", "write", "writev", "lseek", "_llseek", "close", "fstat", "fstat64", "poll", "ppoll",
	"ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64", "dup", "dup2", "dup3", "pipe", "pipe2",
	"signalfd4", "eventfd2", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "fsync",
	/* memory */
	"brk", "munmap", "mremap", "madvise",
	/* time, itself */
	"clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "clock_nanosleep",
	"clock_nanosleep_time64", "nanosleep", "gettimeofday", "time", "getrusage", "getpid", "gettid", "getppid",
	"getuid", "geteuid", "getgid", "getegid", "getrandom", "uname", "sysinfo", "getcpu", "getrlimit", "ugetrlimit",
	"sched_yield", "sched_getaffinity", "membarrier", "capget", "times",
	/* threads, children that only hold what ends slowly, signals, the end */
	"futex", "futex_time64", "set_robust_list", "rseq", "set_tid_address", "fork", "vfork", "wait4", "waitid",
	"close_range", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigreturn", "sigaltstack", "rt_sigtimedwait",
	"restart_syscall", "setitimer", "exit", "exit_group", "getpgrp", "getpgid", "rt_sigpending", "rt_sigsuspend",
	"pause"};

/* Files are opened to be read. */
static const char *const reads[] = {"getdents64", "readlink", "readlinkat", "access",  "faccessat",  "faccessat2",
				    "stat",	  "lstat",    "stat64",	    "lstat64", "newfstatat", "fstatat64",
				    "statx",	  "statfs",   "fstatfs",    "getcwd"};

/* From who makes the workers of foreign.h: the socket of a new one. */
static const char *const takes_workers[] = {"recvmsg"};

/* netlink.c; and what is said to a process that is set apart. */
static const char *const talks_netlink[] = {"connect",	"send",	       "sendto",    "recv",
					    "recvfrom", "getsockname", "setsockopt"};

/* Between sockstall and the processes that are set apart: on a socket that is there already. */
static const char *const takes_requests[] = {"recvmsg", "send", "sendto", "sendmsg"};
static const char *const gives_descriptors[] = {"sendmsg"};
static const char *const takes_descriptors[] = {"send", "sendto", "recvmsg"};

/* new_file.c, and a dump's that is dropped. All by the descriptor of a folder. */
static const char *const files[] = {"renameat", "renameat2", "unlinkat", "linkat", "fchmod", "newfstatat", "fstatat64"};

/*
 * pidfd_getfd() takes a copy of a socket, and the rest is done to that. A connection of its own shows what SOCK_DESTROY
 * does to one that no process has open.
 */
static const char *const acts[] = {
	"pidfd_open", "pidfd_getfd", "shutdown", "setsid",     "bind",
	"listen",     "accept",	     "accept4",	 "getsockopt", "sendmsg", /* syslog(3) */
};

/* With conditions on one or two arguments: the second is for a mask of 0 where there is none. */
struct rule {
	const char *name;
	struct scmp_arg_cmp arguments[2];
};

#define WITHOUT(place, bits)                           \
	{                                              \
		(place), SCMP_CMP_MASKED_EQ, (bits), 0 \
	}
#define WITH(place, mask, bits)                             \
	{                                                   \
		(place), SCMP_CMP_MASKED_EQ, (mask), (bits) \
	}
#define IS(place, value) WITH(place, UINT32_MAX, (uint32_t)(value)) /* an int: the rest is noise */
#define IS_NULL(place)	 WITHOUT(place, UINT64_MAX)

#define NEW_NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_ASYNC)
#define NEW    (O_CREAT | O_EXCL | O_NOFOLLOW)
#define FOLDER (O_PATH | O_DIRECTORY)

/*
 * Nothing becomes code. fcntl() has neither F_SETOWN nor F_SETSIG nor F_SETFL (O_ASYNC): with these the kernel sends
 * signals to whomever one names. F_GETFL: fdopen() asks how it is open. F_DUPFD: descriptors that outlive the end
 * (probe/load/release.c), and of namespaces (probe/namespaces.c). prlimit64() sets no limits, its own or another's; it
 * tells how many descriptors a process may have (probe/usage.c). ioctl() has the terminal's, none of which types for
 * the user, and the end of perf events.
 */
static const struct rule always_if[] = {
	{"mmap", {WITHOUT(2, PROT_EXEC)}},
	{"mmap2", {WITHOUT(2, PROT_EXEC)}},
	{"mprotect", {WITHOUT(2, PROT_EXEC)}},
	{"clone", {WITHOUT(0, NEW_NAMESPACES)}},
	{"fcntl", {IS(1, F_GETFL)}},
	{"fcntl", {IS(1, F_DUPFD)}},
	{"fcntl", {IS(1, F_DUPFD_CLOEXEC)}},
	{"prlimit64", {IS_NULL(2)}},
	{"prctl", {IS(0, PR_GET_NO_NEW_PRIVS)}},
	{"prctl", {IS(0, PR_GET_SECCOMP)}},
	{"ioctl", {IS(1, TCGETS)}},
	{"ioctl", {IS(1, TCSETS)}},
	{"ioctl", {IS(1, TCSETSW)}},
	{"ioctl", {IS(1, TCSETSF)}},
	{"ioctl", {IS(1, TCFLSH)}},
	{"ioctl", {IS(1, 0x802c542a)}}, /* TCGETS2, and the three that set: later glibc's */
	{"ioctl", {IS(1, 0x402c542b)}},
	{"ioctl", {IS(1, 0x402c542c)}},
	{"ioctl", {IS(1, 0x402c542d)}},
	{"ioctl", {IS(1, TIOCGWINSZ)}},
	{"ioctl", {IS(1, TIOCGPGRP)}},
	{"ioctl", {IS(1, TIOCOUTQ)}},
	{"ioctl", {IS(1, FIONREAD)}},
	{"ioctl", {IS(1, PERF_EVENT_IOC_DISABLE)}},
};

static const struct rule reads_if[] = {{"open", {WITHOUT(1, WRITES)}}, {"openat", {WITHOUT(2, WRITES)}}};

/* Only commands of bpf() that use loaded programs and maps: nothing more can be loaded. */
static const struct rule looks_if[] = {
	{"bpf", {IS(0, BPF_MAP_LOOKUP_ELEM)}},
	{"bpf", {IS(0, BPF_MAP_UPDATE_ELEM)}},
	{"bpf", {IS(0, BPF_MAP_DELETE_ELEM)}},
	{"bpf", {IS(0, BPF_MAP_GET_NEXT_KEY)}},
	{"bpf", {IS(0, BPF_MAP_LOOKUP_AND_DELETE_ELEM)}},
	{"bpf", {IS(0, BPF_MAP_LOOKUP_BATCH)}},
	{"bpf", {IS(0, BPF_MAP_UPDATE_BATCH)}},
	{"bpf", {IS(0, BPF_MAP_DELETE_BATCH)}},
	{"bpf", {IS(0, BPF_OBJ_GET_INFO_BY_FD)}},
	{"bpf", {IS(0, BPF_LINK_CREATE)}},
	{"bpf", {IS(0, BPF_ITER_CREATE)}},
	{"bpf", {IS(0, BPF_LINK_DETACH)}},
};

static const struct rule namespaces_if[] = {{"setns", {IS(1, CLONE_NEWNET)}}};
static const struct rule diag_if[] = {{"socket", {IS(0, AF_NETLINK), IS(2, NETLINK_SOCK_DIAG)}}};

static const struct rule addresses_if[] = {
	{"socket", {IS(0, AF_NETLINK), IS(2, NETLINK_ROUTE)}},
	{"socket", {IS(0, AF_NETLINK), IS(2, NETLINK_NETFILTER)}},
};

/* No file that is there is opened, to be written to or read. */
static const struct rule files_if[] = {
	{"open", {WITH(1, NEW, NEW)}},
	{"open", {WITH(1, FOLDER, FOLDER)}},
	{"openat", {WITH(2, NEW, NEW)}},
	{"openat", {WITH(2, FOLDER, FOLDER)}},
};

/* The journal; that connection; and which network namespace a socket is in. */
static const struct rule acts_if[] = {
	{"socket", {IS(0, AF_UNIX), WITH(1, 0xf, SOCK_DGRAM)}},
	{"socket", {IS(0, AF_UNIX), WITH(1, 0xf, SOCK_STREAM)}},
	{"socket", {IS(0, AF_INET), WITH(1, 0xf, SOCK_STREAM)}},
	{"ioctl", {IS(1, 0x894c) /* SIOCGSKNS */}},
};

#define NAMES(list) (list), COUNT_OF(list)

/* What each privilege brings. 0: every run. */
static const struct group {
	unsigned int privileges; /* any of them */
	const char *const *names;
	size_t name_count;
	const struct rule *rules;
	size_t rule_count;
} groups[] = {
	{0, NAMES(always), NAMES(always_if)},
	{PRIVILEGE_LOOKS | PRIVILEGE_REPLAY | PRIVILEGE_TELLS | PRIVILEGE_ACT, NAMES(reads), NAMES(reads_if)},
	{PRIVILEGE_LOOKS, NAMES(takes_workers), NAMES(looks_if)},
	{PRIVILEGE_NAMESPACES | PRIVILEGE_COOKIES | PRIVILEGE_ADDRESSES | PRIVILEGE_ACT, NULL, 0, NAMES(namespaces_if)},
	{PRIVILEGE_COOKIES | PRIVILEGE_ACT, NAMES(talks_netlink), NAMES(diag_if)},
	{PRIVILEGE_ADDRESSES, NAMES(talks_netlink), NAMES(addresses_if)},
	{PRIVILEGE_ADDRESSES | PRIVILEGE_FILES, NAMES(takes_requests), NULL, 0},
	{PRIVILEGE_CHAINS, NAMES(gives_descriptors), NULL, 0},
	{PRIVILEGE_CODE, NAMES(gives_descriptors), NULL, 0},
	{PRIVILEGE_ASKS_FILES, NAMES(takes_descriptors), NULL, 0},
	{PRIVILEGE_FILES, NAMES(files), NAMES(files_if)},
	{PRIVILEGE_ACT, NAMES(acts), NAMES(acts_if)},
};

static bool is_wanted(const struct group *group, unsigned int privileges)
{
	return !group->privileges || group->privileges & privileges;
}

static int allow(scmp_filter_ctx filter, const char *name, const struct scmp_arg_cmp *arguments)
{
	int number = seccomp_syscall_resolve_name(name);
	unsigned int count = 0;

	if (number < 0)
		return 0; /* not on this architecture */
	while (arguments && count < 2 && arguments[count].datum_a)
		count++;
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, count, arguments);
}

static int allow_group(scmp_filter_ctx filter, const struct group *group)
{
	size_t i;
	int err = 0;

	for (i = 0; i < group->name_count && !err; i++)
		err = allow(filter, group->names[i], NULL);
	for (i = 0; i < group->rule_count && !err; i++)
		err = allow(filter, group->rules[i].name, group->rules[i].arguments);
	return err;
}

/* Signals only to itself: abort() does so, and curses where the terminal is to be given back. */
static int allow_signals(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp itself[2] = {IS(0, getpid())};
	int err = allow(filter, "kill", itself);

	return err ? err : allow(filter, "tgkill", itself);
}

static int allow_all(scmp_filter_ctx filter, unsigned int privileges)
{
	size_t i;
	int err = allow_signals(filter);

	for (i = 0; i < COUNT_OF(groups) && !err; i++)
		if (is_wanted(&groups[i], privileges))
			err = allow_group(filter, &groups[i]);
	/* Its flags are in memory, where no filter sees them: without it libc takes clone(). */
	if (!err)
		err = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);
	return err;
}

#if defined(__SANITIZE_ADDRESS__) || defined(SOCKSTALL_COVERAGE)
/* The sanitizers' own system calls are no part of what is described here, nor are the files of `make coverage`. */
int privileges_filter(unsigned int privileges)
{
	(void)privileges;
	(void)allow_all;
	return 0;
}
#else
int privileges_filter(unsigned int privileges)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
	int err;

	if (!filter)
		return -ENOMEM;
	err = allow_all(filter, privileges);
	/* A binary tree: every system call is looked up in a few steps. */
	if (!err)
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
#endif

/* Those with a condition count once, however many of them there are. */
static int count_rules(const struct group *group)
{
	size_t i;
	int count = 0;

	for (i = 0; i < group->rule_count; i++)
		if (seccomp_syscall_resolve_name(group->rules[i].name) >= 0 &&
		    (!i || group->rules[i].name != group->rules[i - 1].name))
			count++;
	return count;
}

int privileges_filter_count(unsigned int privileges)
{
	size_t i, j;
	int count = 0;

	for (i = 0; i < COUNT_OF(groups); i++) {
		if (!(groups[i].privileges & privileges) && (groups[i].privileges || privileges))
			continue;
		for (j = 0; j < groups[i].name_count; j++)
			count += seccomp_syscall_resolve_name(groups[i].names[j]) >= 0;
		count += count_rules(&groups[i]);
	}
	return count;
}
