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

/* A system call, and where not all of it is allowed a condition on one argument. */
struct rule {
	const char *name;
	bool worker; /* may do it, too */
	unsigned int place;
	uint64_t mask, value; /* mask 0: whatever the arguments are */
};

static const struct rule rules[] = {
	{"read", true, 0, 0, 0},
	{"pread64", true, 0, 0, 0},
	{"poll", true, 0, 0, 0},
	{"ppoll", true, 0, 0, 0},
	{"recvfrom", true, 0, 0, 0},
	{"sendto", true, 0, 0, 0},
	{"close", true, 0, 0, 0},
	{"process_vm_readv", true, 0, 0, 0},
	{"exit", true, 0, 0, 0},
	{"exit_group", true, 0, 0, 0},
	{"restart_syscall", true, 0, 0, 0},
	{"rt_sigreturn", true, 0, 0, 0},
	{"open", true, 1, WRITES, 0},
	{"openat", true, 2, WRITES, 0},
	{"clone", false, 0, NEW_NAMESPACES, 0},
	{"fork", false, 0, 0, 0},
	{"set_robust_list", false, 0, 0, 0},
	{"rseq", false, 0, 0, 0},
	{"gettid", false, 0, 0, 0},
	{"getpid", false, 0, 0, 0},
	{"getppid", false, 0, 0, 0},
	{"wait4", false, 0, 0, 0},
	{"kill", false, 0, 0, 0},
	{"socketpair", false, 0, UINT32_MAX, AF_UNIX},
	{"sendmsg", false, 0, 0, 0},
	{"fcntl", false, 1, UINT32_MAX, F_SETFL},
	{"clock_nanosleep", false, 0, 0, 0},
	{"nanosleep", false, 0, 0, 0},
	{"futex", false, 0, 0, 0},
	{"rt_sigprocmask", false, 0, 0, 0},
	{"prctl", false, 0, UINT32_MAX, PR_SET_PDEATHSIG},
	{"prctl", false, 0, UINT32_MAX, PR_SET_NAME},
	{"prctl", false, 0, UINT32_MAX, PR_SET_NO_NEW_PRIVS},
	{"prctl", false, 0, UINT32_MAX, PR_SET_SECCOMP},
	/* For making a worker's own filter. */
	{"seccomp", false, 0, 0, 0},
	{"brk", false, 0, 0, 0},
	{"mmap", false, 2, PROT_EXEC, 0},
	{"munmap", false, 0, 0, 0},
	{"mremap", false, 0, 0, 0},
	{"madvise", false, 0, 0, 0},
	{"getrandom", false, 0, 0, 0},
};

int foreign_rights_count(void)
{
	size_t i;
	int count = 0;

	for (i = 0; i < COUNT_OF(rules); i++)
		count += rules[i].worker;
	return count;
}

/* ---- Capabilities ---- */

/* Other processes' descriptors, mappings and memory; and folders of /proc and programs that only their owner may read.
 */
static void keep_capabilities(void)
{
	static const unsigned int kept[] = {CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH};
	bool held[2], bounds;
	int unapplied;
	size_t i;

	if (capng_get_caps_process())
		return;
	bounds = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	for (i = 0; i < 2; i++)
		held[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]);
	capng_clear(bounds ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS);
	for (i = 0; i < 2; i++)
		if (held[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]);
	/* Its stderr is /dev/null. sockstall itself says so where the kernel lets it give nothing up (privileges.c). */
	unapplied = capng_apply(bounds ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS);
	(void)unapplied;
}

/* ---- System calls ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(SOCKSTALL_COVERAGE)
/* The sanitizers' own system calls, and their memory, are no part of what is described here. */
static void set_limits(void)
{
}

static void filter(bool worker)
{
	(void)worker;
	(void)rules;
}
#else
static void limit(int resource, rlim_t most)
{
	const struct rlimit both = {most, most};

	setrlimit(resource, &both);
}

static void set_limits(void)
{
	limit(RLIMIT_AS, ADDRESS_SPACE);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, DESCRIPTORS);
}

static int allow(scmp_filter_ctx context, const struct rule *rule)
{
	const struct scmp_arg_cmp argument = {rule->place, SCMP_CMP_MASKED_EQ, rule->mask, rule->value};
	int number = seccomp_syscall_resolve_name(rule->name);

	if (number < 0)
		return 0; /* not on this architecture */
	return seccomp_rule_add_array(context, SCMP_ACT_ALLOW, number, rule->mask ? 1 : 0, &argument);
}

/* Anything else ends it: sockstall then says what it could not look at. */
static void filter(bool worker)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_KILL_PROCESS);
	size_t i;
	int err = 0;

	if (!context)
		_exit(1);
	for (i = 0; i < COUNT_OF(rules) && !err; i++)
		if (rules[i].worker || !worker)
			err = allow(context, &rules[i]);
	/* Its flags are in memory, where no filter sees them: without it libc takes clone(). */
	if (!err && !worker)
		err = seccomp_rule_add_array(context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);
	if (!err)
		seccomp_load(context);
	seccomp_release(context);
}
#endif

void foreign_rights_spawner(void)
{
	set_limits();
	keep_capabilities();
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	filter(false);
}

void foreign_rights_worker(void)
{
	filter(true);
}
