/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The rights that sockstall keeps once everything is attached. It gives up all others: capabilities by libcap-ng, new
 * ones by no_new_privs, system calls by a seccomp filter. So a bug in the code that reads other processes' names and
 * paths is of little use to an attacker.
 *
 * The table in privileges.c says which capabilities and system calls each privilege brings. A command or an option that
 * needs more adds a bit here and a row there, and asks for it where it calls privileges_drop(). A program that must run
 * with the user's rights cannot live with no_new_privs and a filter: a separate process starts it (exec_helper.h).
 */
#ifndef SOCKSTALL_RIGHTS_PRIVILEGES_H
#define SOCKSTALL_RIGHTS_PRIVILEGES_H

#include "base/check_list.h"

enum privilege {
	PRIVILEGE_LOOKS = 1 << 0, /* takes looks: BPF, and other processes' /proc */
	PRIVILEGE_NAMESPACES = 1 << 1, /* goes into other network namespaces */
	PRIVILEGE_COOKIES =
		1 << 2, /* asks for sockets' cookies over netlink (before Linux 5.12), and for unix sockets (5.15) */
	PRIVILEGE_STACKS = 1 << 3, /* reads stacks, and the kernel's symbols */
	PRIVILEGE_CODE = 1 << 13, /* hands files of programs to who unwinds stacks */
	PRIVILEGE_REPLAY = 1 << 6, /* reads a recording */
	PRIVILEGE_CHAINS = 1 << 9, /* hands namespaces to the process that has PRIVILEGE_ADDRESSES */
	PRIVILEGE_TELLS = 1 << 12, /* writes out what others have found: libc reads the time zone and the like */
	PRIVILEGE_ASKS_FILES = 1 << 10, /* takes new files from the process that has PRIVILEGE_FILES */
	/* For processes that are set apart: */
	PRIVILEGE_FILES = 1 << 4, /* makes files */
	PRIVILEGE_ACT = 1 << 5, /* ends connections, and says so in the journal */
	PRIVILEGE_ADDRESSES = 1 << 11, /* asks for addresses, and what conntrack translates, over netlink */
};

/*
 * Gives up for good every right that these privileges (bits) do not need. If the kernel refuses, a message goes to
 * stderr and the run continues, no worse off than before. Must be called while there is one thread.
 *
 * A system call that the filter does not allow ends the process with one line on stderr and exit 1.
 */
void privileges_drop(unsigned int privileges);

/*
 * For `check`: what each kind of run keeps; then gives up all that is not needed for looks, and adds whether it could.
 */
void privileges_check(struct check_list *list);

#endif
