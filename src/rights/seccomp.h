/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The system calls of each privilege: see privileges.h. */
#ifndef SOCKSTALL_RIGHTS_SECCOMP_H
#define SOCKSTALL_RIGHTS_SECCOMP_H

/* Allows what these privileges need, and nothing else, from now on. Returns 0 or a negative errno. */
int privileges_filter(unsigned int privileges);

/* How many system calls they allow beyond those of every run; of every run for 0. */
int privileges_filter_count(unsigned int privileges);

#endif
