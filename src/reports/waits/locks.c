/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Waits for locks whose holder is known, and for the end of a thread. Which thread has a lock is certain: the probe has
 * read it twice. Threads that take turns are left out: see lock_takes_turns().
 */
#include "reports/waits/waits.h"
#include "rules/lock.h"

static int add_lock(struct waits *waits, const struct lock_record *lock, __u64 min_age_ns)
{
	static const struct socket_record no_socket;
	const struct look *look = waits->look;
	const struct thread_view *view = look_thread(look, lock->pid, lock->tid);
	const struct wait_evidence evidence = {.socket = &no_socket, .lock = lock, .now_ns = look->head->seen_ns};
	const struct wait_rule *rule = wait_verdict(&evidence);
	const char *comm = look_process_comm(look, lock->holder_pid);
	struct wait wait = {
		.socket = &no_socket,
		.lock = lock,
		.view = view,
		.pid = lock->pid,
		.tid = lock->tid,
		.fd = -1,
		.verdict = rule->verdict,
		.severity = rule->severity,
		.found = FOUND_PROCESS,
		.peer_pid = lock->holder_pid,
		.peer_comm = comm ? comm : lock->holder_comm,
		.peer_alone = true,
	};

	if (!view || !lock->holder_pid)
		return 0;
	wait.since_ns = look_asleep_since(look, view->thread);
	if (!wait.since_ns || wait.since_ns + min_age_ns > look->head->seen_ns)
		return 0;
	wait.holder = lock->holder_tid ? look_thread(look, lock->holder_pid, lock->holder_tid) : NULL;
	if (lock_takes_turns(lock, wait.holder))
		return 0;
	if (lock->kind == LOCK_FILE)
		wait.fd = view->thread->fd;
	wait.comm = view->thread->process_comm;
	wait.peer_start_ns = wait.holder ? wait.holder->thread->process_start_ns : 0;
	wait.goes_on = lock->flags & LOCK_TIMED || view->thread->alarm_ns > look->head->seen_ns;
	return waits_add(waits, &wait);
}

int waits_add_locks(struct waits *waits, __u64 min_age_ns)
{
	size_t i;
	int err = 0;

	for (i = 0; i < waits->look->locks.count && !err; i++)
		err = add_lock(waits, waits->look->locks.items[i], min_age_ns);
	return err;
}
