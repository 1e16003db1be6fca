/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which thread has the lock that another sleeps in, by the bytes around the futex's word. Only where all that is known
 * of such a lock is true of these bytes is an owner named. The bytes are another process's, and may be anything. Pure.
 */
#ifndef SOCKSTALL_SYSTEM_FUTEX_OWNER_H
#define SOCKSTALL_SYSTEM_FUTEX_OWNER_H

#include <stdbool.h>
#include <stddef.h>

#include "lock_record.h"

/* What is read: from so many bytes before the word, and so many in all. */
#define FUTEX_BEFORE 16
#define FUTEX_BYTES  72

/* The system call futex(address, operation, value) that the thread sleeps in. */
struct futex_wait {
	__u64 address;
	__u32 operation, value;
};

/* Memory of that process. */
struct futex_memory {
	const void *bytes;
	__u64 start;
	size_t length;
};

struct futex_owner {
	enum lock_kind kind;
	__u32 tid; /* as the process itself numbers its threads; 0: not known */
	__u32 readers; /* of a rwlock that no writer has */
	__u64 address; /* where the lock begins */
	bool shared; /* between processes: the owner may be of another */
};

/* Whether it is a wait on one word. */
bool futex_is_wait(const struct futex_wait *wait);

/* LOCK_NO_OWNER where nothing is known to fit. */
struct futex_owner futex_owner_find(const struct futex_wait *wait, const struct futex_memory *memory);

#endif
