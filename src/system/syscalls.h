/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The one table of syscalls: this architecture's numbers to names and to what they mean to sockstall. */
#ifndef SOCKSTALL_SYSTEM_SYSCALLS_H
#define SOCKSTALL_SYSTEM_SYSCALLS_H

#include "thread_record.h"

/* Constant text; NULL for a number that is not known (and for -1: in no syscall). */
const char *syscall_name(int number);

/* SYSCALL_OTHER for a number that is not known. */
enum syscall_kind syscall_kind(int number);

/* Writes name and kind of the record's syscall number into the record. */
void syscall_describe(struct thread_record *thread);

#endif
