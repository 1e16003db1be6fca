/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef SOCKSTALL_SYSTEM_PROCESS_CGROUP_H
#define SOCKSTALL_SYSTEM_PROCESS_CGROUP_H

/* The cgroup path of a process, as it is shown; the caller's to free. NULL: it is not known, or there is no memory. */
char *process_cgroup(unsigned int pid);

#endif
