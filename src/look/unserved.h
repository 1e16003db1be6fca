/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Epoll instances with something to read that no thread waits for, and whose they are. A thread that polls an instance
 * itself would return for that: so whatever else a thread sleeps in, it has left the instance. Pure.
 */
#ifndef SOCKSTALL_LOOK_UNSERVED_H
#define SOCKSTALL_LOOK_UNSERVED_H

#include <stdbool.h>

#include "look/look.h"

struct unserved {
	const struct epoll_record *epoll; /* NULL: none that is this thread's */
	__u64 since_ns; /* since when nobody has waited on it, as far as looks and counters tell; 0: seen once */
	bool counted; /* the thread has waited on it before; else that it is this thread's is a guess among several */
};

/*
 * The instance that the thread at this place of look->threads has left. If several threads (or processes) hold an
 * instance, it belongs to one of them: the last that waited on it, or else the most likely one.
 */
void unserved_find(struct unserved *unserved, const struct look *look, size_t at);

#endif
