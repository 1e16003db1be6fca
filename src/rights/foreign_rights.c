/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rights/foreign_rights.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/array.h"

#define NEW_NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)

/* More than it has mapped; the stack of a thread of libc's own size fits. */
#define ADDRESS_SPACE (512ul << 20)
#define DESCRIPTORS   16

/* Of who unwinds: files of programs stay open. */
#define FILES 400

/* Linux 5.9 brought it; libcap-ng knows it from 0.8 on. */
#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40
#endif

/* Who may do it. The filter of who makes workers holds for these, too: so it may do all that they may. */
#define READER	 1u
#define UNWINDER 2u
#define BOTH	 (READER | UNWINDER)
#define MAKERS	 4u

/* A system call, and where not all of it is allowed a condition on one argument. */
struct rule {
	const char *name;
	unsigned int who;
	unsigned int place;
	uint64_t mask, value; /* mask 0: whatever the arguments are */
};

static const struct rule rules[] = {
	{"read", BOTH, 0, 0, 0},
	{"pread64", BOTH, 0, 0, 0},
	{"poll", BOTH, 0, 0, 0},
	{"ppoll", BOTH, 0, 0, 0},
	{"recvfrom", BOTH, 0, 0, 0},
	{"sendto", BOTH, 0, 0, 0},
	{"close", BOTH, 0, 0, 0},
	{"process_vm_readv", READER, 0, 0, 0},
	{"exit", BOTH, 0, 0, 0},
	{"exit_group", BOTH, 0, 0, 0},
	{"restart_syscall", BOTH, 0, 0, 0},
	{"rt_sigreturn", BOTH, 0, 0, 0},
	{"open", READER, 1, WRITES, 0},
	{"openat", READER, 2, WRITES, 0},
	{"clone", MAKERS, 0, NEW_NAMESPACES, 0},
	{"fork", MAKERS, 0, 0, 0},
	{"set_robust_list", MAKERS, 0, 0, 0},
	{"rseq", MAKERS, 0, 0, 0},
	{"gettid", MAKERS, 0, 0, 0},
	{"getpid", MAKERS, 0, 0, 0},
	{"getppid", MAKERS, 0, 0, 0},
	{"wait4", MAKERS, 0, 0, 0},
	{"kill", MAKERS, 0, 0, 0},
	{"socketpair", READER | MAKERS, 0, UINT32_MAX, AF_UNIX},
	{"sendmsg", READER | MAKERS, 0, 0, 0},
	{"readlink", READER, 0, 0, 0},
	{"readlinkat", READER, 0, 0, 0},
	{"fstat", BOTH, 0, 0, 0},
	{"newfstatat", BOTH, 3, AT_EMPTY_PATH, AT_EMPTY_PATH},
	{"recvmsg", UNWINDER, 0, 0, 0},
	{"lseek", UNWINDER, 0, 0, 0},
	{"mprotect", UNWINDER, 2, PROT_EXEC, 0},
	{"fcntl", UNWINDER, 1, UINT32_MAX, F_GETFD},
	{"clock_gettime", UNWINDER, 0, 0, 0},
	{"setitimer", UNWINDER, 0, 0, 0},
	{"sysinfo", UNWINDER, 0, 0, 0},
	{"sched_yield", UNWINDER, 0, 0, 0},
	{"fcntl", MAKERS, 1, UINT32_MAX, F_SETFL},
	{"clock_nanosleep", MAKERS, 0, 0, 0},
	{"nanosleep", MAKERS, 0, 0, 0},
	{"futex", UNWINDER | MAKERS, 0, 0, 0},
	{"rt_sigprocmask", MAKERS, 0, 0, 0},
	{"prctl", MAKERS, 0, UINT32_MAX, PR_SET_PDEATHSIG},
	{"prctl", MAKERS, 0, UINT32_MAX, PR_SET_NAME},
	{"prctl", MAKERS, 0, UINT32_MAX, PR_SET_NO_NEW_PRIVS},
	{"prctl", MAKERS, 0, UINT32_MAX, PR_SET_SECCOMP},
	/* For making a worker's own filter. */
	{"seccomp", MAKERS, 0, 0, 0},
	{"brk", UNWINDER | MAKERS, 0, 0, 0},
	{"mmap", UNWINDER | MAKERS, 2, PROT_EXEC, 0},
	{"munmap", UNWINDER | MAKERS, 0, 0, 0},
	{"mremap", UNWINDER | MAKERS, 0, 0, 0},
	{"madvise", UNWINDER | MAKERS, 0, 0, 0},
	{"getrandom", UNWINDER | MAKERS, 0, 0, 0},
};

static int count_of(unsigned int who)
{
	size_t i;
	int count = 0;

	for (i = 0; i < COUNT_OF(rules); i++)
		count += rules[i].who & who ? 1 : 0;
	return count;
}

int foreign_rights_count(void)
{
	return count_of(READER);
}

int foreign_rights_unwinder_count(void)
{
	return count_of(UNWINDER);
}

/* ---- Capabilities ---- */

/*
 * Other processes' descriptors, mappings and memory; folders of /proc and programs that only their owner may read; and
 * files that are mapped and deleted. Who unwinds keeps none.
 */
static const unsigned int kept[] = {CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_CHECKPOINT_RESTORE};

static void keep_capabilities(unsigned int who)
{
	bool held[COUNT_OF(kept)], bounds;
	int unapplied;
	size_t i;

	if (capng_get_caps_process())
		return;
	bounds = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	for (i = 0; i < COUNT_OF(kept); i++)
		held[i] = who & READER && capng_have_capability(CAPNG_PERMITTED, kept[i]);
	capng_clear(bounds ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS);
	for (i = 0; i < COUNT_OF(kept); i++)
		if (held[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]);
	/* Its stderr is /dev/null. sockstall itself says so where the kernel lets it give nothing up (privileges.c). */
	unapplied = capng_apply(bounds ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS);
	(void)unapplied;
}

/* ---- System calls ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(SOCKSTALL_COVERAGE)
/* The sanitizers' own system calls, and their memory, are no part of what is described here. */
static void set_limits(unsigned int who)
{
	(void)who;
}

static void filter(unsigned int who)
{
	(void)who;
	(void)rules;
}
#else
static void limit(int resource, rlim_t most)
{
	const struct rlimit both = {most, most};

	setrlimit(resource, &both);
}

static void set_limits(unsigned int who)
{
	limit(RLIMIT_AS, ADDRESS_SPACE);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, who & UNWINDER ? FILES : DESCRIPTORS);
}

static int allow(scmp_filter_ctx context, const struct rule *rule)
{
	const struct scmp_arg_cmp argument = {rule->place, SCMP_CMP_MASKED_EQ, rule->mask, rule->value};
	int number = seccomp_syscall_resolve_name(rule->name);

	if (number < 0)
		return 0; /* not on this architecture */
	return seccomp_rule_add_array(context, SCMP_ACT_ALLOW, number, rule->mask ? 1 : 0, &argument);
}

/* A library may try to find more files by itself: there are none. */
static int refuse_files(scmp_filter_ctx context)
{
	static const char *const names[] = {"open", "openat", "readlink", "readlinkat", "access", "faccessat", "stat"};
	size_t i;
	int number, err = 0;

	for (i = 0; i < COUNT_OF(names) && !err; i++) {
		number = seccomp_syscall_resolve_name(names[i]);
		if (number >= 0)
			err = seccomp_rule_add_array(context, SCMP_ACT_ERRNO(EACCES), number, 0, NULL);
	}
	return err;
}

/* Anything else ends it: sockstall then says what it could not look at. */
static void filter(unsigned int who)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_KILL_PROCESS);
	size_t i;
	int err = 0;

	if (!context)
		_exit(1);
	for (i = 0; i < COUNT_OF(rules) && !err; i++)
		if (rules[i].who & who)
			err = allow(context, &rules[i]);
	/* Its flags are in memory, where no filter sees them: without it libc takes clone(). */
	if (!err && who & MAKERS)
		err = seccomp_rule_add_array(context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);
	if (!err && who & UNWINDER)
		err = refuse_files(context);
	if (!err)
		seccomp_load(context);
	seccomp_release(context);
}
#endif

static void give_up(unsigned int who)
{
	set_limits(who);
	keep_capabilities(who);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	filter(who);
}

void foreign_rights_spawner(void)
{
	give_up(READER | MAKERS);
}

void foreign_rights_worker(void)
{
	filter(READER);
}

void foreign_rights_unwinder_spawner(void)
{
	give_up(UNWINDER | MAKERS);
}

void foreign_rights_unwinder(void)
{
	filter(UNWINDER);
}
