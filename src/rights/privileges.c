/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Giving up what is not needed: see privileges.h. The filter is in seccomp.c. */
#include "rights/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/array.h"
#include "rights/foreign_rights.h"
#include "rights/landlock.h"
#include "rights/seccomp.h"

#define CAP(name) (1ull << CAP_##name)

/* libcap-ng knows them from its own 0.8 on; the kernel from 5.8 on. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF	    39
#endif
#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40
#endif

/*
 * The capabilities that each privilege needs. SYS_PTRACE: other processes' descriptors, mappings, namespaces in /proc.
 * DAC_READ_SEARCH: folders of /proc and programs that only their owner may read. BPF: maps and iterators where
 * kernel.unprivileged_bpf_disabled is set. SYS_ADMIN: setns(). NET_ADMIN: conntrack. SYSLOG: addresses in
 * /proc/kallsyms.
 */
static const struct need {
	unsigned int privilege;
	const char *purpose;
	__u64 capabilities;
} needs[] = {
	{0, "every run", 0},
	{PRIVILEGE_LOOKS, "looks", CAP(BPF) | CAP(SYS_PTRACE) | CAP(DAC_READ_SEARCH)},
	{PRIVILEGE_NAMESPACES, "all network namespaces", CAP(SYS_ADMIN)},
	{PRIVILEGE_COOKIES, "sockets' cookies, unix sockets over netlink", 0},
	{PRIVILEGE_CHAINS, "chains", 0},
	{PRIVILEGE_STACKS, "stacks", CAP(SYSLOG)},
	{PRIVILEGE_CODE, "stacks of programs", 0},
	{PRIVILEGE_ASKS_FILES, "files made while it runs", 0},
	{PRIVILEGE_REPLAY, "replay", CAP(DAC_READ_SEARCH)},
	{PRIVILEGE_TELLS, "end of a selector", 0},
	{PRIVILEGE_FILES, "set apart: makes those files", CAP(DAC_OVERRIDE)},
	{PRIVILEGE_ADDRESSES, "set apart: addresses, NAT", CAP(NET_ADMIN) | CAP(SYS_ADMIN)},
	{PRIVILEGE_ACT, "set apart: ends connections",
	 CAP(NET_ADMIN) | CAP(SYS_PTRACE) | CAP(SYS_ADMIN) | CAP(DAC_READ_SEARCH)},
};

static __u64 capabilities_of(unsigned int privileges)
{
	__u64 capabilities = 0;
	size_t i;

	for (i = 0; i < COUNT_OF(needs); i++)
		if (privileges & needs[i].privilege)
			capabilities |= needs[i].capabilities;
	return capabilities;
}

static bool is_held(unsigned int capability)
{
	return capng_have_capability(CAPNG_PERMITTED, capability);
}

/* Capabilities that are not held are not asked for: the kernel would refuse all of them. */
static int drop_capabilities(__u64 kept)
{
	bool bounds;
	__u64 held = 0;
	unsigned int i;

	if (capng_get_caps_process())
		return -EPERM;
	for (i = 0; i <= CAP_LAST_CAP; i++)
		held |= is_held(i) ? 1ull << i : 0;
	/* Without SETPCAP the bounding set must stay; no_new_privs makes up for it. */
	bounds = held & CAP(SETPCAP);
	capng_clear(bounds ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS);
	for (i = 0; i <= CAP_LAST_CAP; i++)
		if (kept & held & 1ull << i)
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, i);
	return capng_apply(bounds ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

/* ---- A system call that is not allowed ---- */

static struct termios terminal;
static bool has_terminal;

static size_t append(char *line, size_t at, const char *text)
{
	while (*text)
		line[at++] = *text++;
	return at;
}

/* In a signal handler: no stdio, no memory. */
static void say_denied(int number)
{
	char digits[12], line[160];
	size_t at, i = sizeof(digits) - 1;
	unsigned int rest = (unsigned int)number;

	digits[i] = '\0';
	do
		digits[--i] = (char)('0' + rest % 10);
	while (rest /= 10);
	at = append(line, 0, "sockstall: stopped: system call ");
	at = append(line, at, digits + i);
	at = append(line, at, " is not in its own allow list; please report this, with `sockstall --version`\n");
	if (write(STDERR_FILENO, line, at) < 0)
		_exit(1);
}

static void on_denied(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	if (has_terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
	say_denied(info->si_syscall);
	_exit(1);
}

static int catch_denied(void)
{
	struct sigaction action = {.sa_sigaction = on_denied, .sa_flags = SA_SIGINFO | SA_NODEFER};

	has_terminal = !tcgetattr(STDIN_FILENO, &terminal);
	return sigaction(SIGSYS, &action, NULL) ? -errno : 0;
}

static void say(const char *what, int err)
{
	if (err)
		fprintf(stderr, "sockstall: continues without %s: %s\n", what, strerror(-err));
}

void privileges_drop(unsigned int privileges)
{
	int err;

	say("giving up capabilities", drop_capabilities(capabilities_of(privileges)));
	err = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
	say("no_new_privs", err);
	if (!err)
		err = catch_denied();
	if (!err)
		say("a seccomp filter", privileges_filter(privileges));
}

/* ---- check ---- */

/* Their names, with a space between. */
static const char *list_capabilities(struct arena *arena, __u64 capabilities)
{
	const char *text = "";
	unsigned int i;

	for (i = 0; i <= CAP_LAST_CAP; i++)
		if (capabilities & 1ull << i && is_held(i))
			text = arena_printf(arena, "%s%s%s", text, *text ? " " : "", capng_capability_to_name(i));
	return text;
}

static void add_need(struct check_list *list, const char *purpose, int calls, __u64 capabilities)
{
	const char *names = list_capabilities(&list->arena, capabilities);
	struct check_item *item = check_list_add(list, CHECK_RIGHT, purpose, *names ? names : "none");

	if (!item)
		return;
	item->shown = arena_printf(&list->arena, "%d", calls);
	item->syscalls = calls;
	item->capabilities = names;
}

/* The child that starts them gives nothing up. */
static void add_exec(struct check_list *list)
{
	struct check_item *item =
		check_list_add(list, CHECK_RIGHT, "commands of --exec",
			       "the caller's: a process of its own starts them, and does nothing else");

	if (item)
		item->shown = "all";
}

static struct check_item *add_protection(struct check_list *list, const char *name, bool holds, const char *purpose)
{
	struct check_item *item = check_list_add(list, CHECK_PROTECTION, name, purpose);

	if (!item)
		return NULL;
	item->state = holds ? CHECK_YES : CHECK_NO;
	if (!holds)
		item->reason = "the kernel did not grant it";
	return item;
}

static void add_own(struct check_list *list)
{
	bool no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	bool seccomp = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2;
	struct check_item *item = add_protection(list, "no_new_privs", no_new_privs, "no program can give it more");

	if (item && !no_new_privs)
		item->effect = "a program that it starts could get back what it gave up";
	item = add_protection(list, "seccomp", seccomp, "no system call but those counted above");
	if (item && !seccomp) {
		item->effect = "it could make system calls that it has no use for";
		item->remedy = "run it where no other filter forbids seccomp(2), with a kernel built with "
			       "CONFIG_SECCOMP_FILTER";
	}
}

static void add_landlock(struct check_list *list, int abi)
{
	struct check_item *item = add_protection(
		list, "landlock", abi > 0, "what makes files can write in their folders alone, and replay nowhere");

	if (!item)
		return;
	if (abi) {
		item->shown = arena_printf(&list->arena, "%d", abi);
		return;
	}
	item->reason = "not in this kernel";
	item->effect = "what makes files could make others, elsewhere";
	item->remedy = "a kernel with Landlock: Linux 5.13 or newer, and landlock among its security modules (lsm=)";
}

void privileges_check(struct check_list *list)
{
	size_t i;
	int abi = landlock_abi();

	if (capng_get_caps_process())
		fprintf(stderr, "sockstall: libcap-ng cannot read the capabilities: those of check may be wrong\n");
	for (i = 0; i < COUNT_OF(needs); i++)
		add_need(list, needs[i].purpose, privileges_filter_count(needs[i].privilege), needs[i].capabilities);
	add_need(list, "set apart: reads that may wait", foreign_rights_count(),
		 CAP(SYS_PTRACE) | CAP(DAC_READ_SEARCH) | CAP(CHECKPOINT_RESTORE));
	add_need(list, "set apart: unwinds stacks", foreign_rights_unwinder_count(), 0);
	add_exec(list);
	privileges_drop(PRIVILEGE_LOOKS);
	add_own(list);
	add_landlock(list, abi);
}
