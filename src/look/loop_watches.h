/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The epoll instance that a loop waits on, and what it watches. Pure. */
#ifndef SOCKSTALL_LOOK_LOOP_WATCHES_H
#define SOCKSTALL_LOOK_LOOP_WATCHES_H

#include <stdbool.h>

#include "look/look.h"

struct loop_watches {
	const struct instance_record *instance; /* NULL: it was not read */
	const struct watch_view *missed; /* holds what its loop was told of and has not read, for longest; or NULL */
	const struct watch_view *idle; /* idle for longest of those that nothing would end; or NULL */
	const struct watch_view *ready; /* what the instance was ready for while nothing moved; or NULL */
	bool busy_elsewhere; /* another thread that waits on it is away from its wait */
	bool endless; /* its last wait has no timeout */
};

/* at: the thread's place in look->threads; fd: the instance's descriptor. */
void loop_watches_find(struct loop_watches *watches, const struct look *look, size_t at, int fd);

/* Whether it is in a wait of epoll without a timeout. epoll_pwait2 has a pointer where the others have milliseconds. */
bool thread_waits_endlessly(const struct thread_record *thread);

#endif
