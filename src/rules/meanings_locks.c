/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Meanings of verdicts on locks. */
#include "base/array.h"
#include "rules/meanings.h"

#define SEE_HOLDER "See what the holder does: sockstall threads -p PID."

static const struct verdict_meaning locks[] = {
	{"lock", "deadlock", "the holder waits for somebody who waits for this lock",
	 "Each waits for the next, over locks and connections, and the last for the first. No wait in it has a timeout, and no "
	 "step of it is a guess. Or a thread waits for a mutex that it has itself.",
	 "Two locks that are taken in opposite order; a lock that is held while another process is asked.",
	 "It does not end by itself: restart the process, and take the locks in one order."},
	{"lock", "stopped", "the holder is stopped or frozen",
	 "A signal, a tracer or the freezer has stopped the thread.", "SIGSTOP, a debugger, docker pause.",
	 "kill -CONT PID; or see who traces it."},
	{"lock", "blocked", "the holder is asleep in something else",
	 "The thread that has the lock has been in a system call for as long as why says.",
	 "It asks another service, a disk or another lock while it holds this one.", SEE_HOLDER},
	{"lock", "running", "the holder computes, or waits for a CPU",
	 "The thread that has the lock runs, or is in a run queue.", "A long computation under a lock.", SEE_HOLDER},
	{"lock", "held", "others have it, and which thread is not known",
	 "Readers have a rwlock, which does not keep who they are; a process with several threads has a file's lock; or the "
	 "owner that the lock names is gone.",
	 "A reader that does not let go, or a thread that ended with the lock.", SEE_HOLDER},
	{"lock", "turns", "threads take turns; only with --all",
	 "The holder waits for events or connections, and the others for their turn.", NULL, NULL},
	{"lock", "join", "a thread waits for the end of another; only with --all", "pthread_join.", NULL, NULL},
	{"lock", "no_owner", "no owner is known; only with --all",
	 "A condition variable, a semaphore, or a lock of another library than glibc and musl.", NULL, NULL},
};

const struct verdict_meanings lock_meanings = {locks, COUNT_OF(locks)};
