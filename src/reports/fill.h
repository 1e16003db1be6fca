/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Parts of a row that all reports fill in the same way. */
#ifndef SOCKSTALL_REPORTS_FILL_H
#define SOCKSTALL_REPORTS_FILL_H

#include "look/look.h"
#include "rows/report.h"
#include "rows/row.h"

/* Seconds; NAN for TIMERS_NEVER. */
double fill_seconds(__u64 ns);

/* From now until then, never negative; NAN where then is TIMERS_NEVER. */
double fill_until(__u64 now_ns, __u64 then_ns);

/* From then until now, never negative; NAN where then is 0 (not known). */
double fill_since(__u64 now_ns, __u64 then_ns);

/* since_ns and age_s, from a moment on CLOCK_MONOTONIC; 0: not known. */
void fill_age(struct row *row, const struct look *look, __u64 now_ns, __u64 since_ns);

/* The same for a wait that is known to have lasted for this long at least. */
void fill_least_age(struct row *row, __u64 least_ns);

/* The age of a thread's sleep that began at since_ns, or at the latest then. */
void fill_sleep(struct row *row, const struct look *look, const struct thread_record *thread, __u64 since_ns);

/* pid, comm, cgroup, container and their names. comm is the kernel's 16 bytes. */
void fill_process(struct row *row, struct report *report, const struct look *look, __u32 pid, const char comm[16]);

/* The above, and tid and comm of the thread itself. */
void fill_thread(struct row *row, struct report *report, const struct look *look, const struct thread_record *thread);

/* Its command line, where the look has it: only of what is reported. */
void fill_title(struct row *row, struct report *report, const struct look *look);

/* netns, cookie, family, addresses and ports. */
void fill_socket(struct row *row, struct report *report, const struct socket_name *name);

/* "tcp", "udp", "unix", "pipe"; NULL for others. */
const char *fill_kind(const struct socket_record *socket);

/* The process at the other end of a unix socket, if the look knows it. */
void fill_unix_peer(struct peer_fields *peer, struct report *report, const struct look *look,
		    const struct socket_record *socket);

/* The code that its thread is in, and the stack, if the look has them. What is stuck says it, too. */
void fill_code(struct row *row, struct report *report, const struct look *look);

/* The reader of a unix socket or a pipe that a thread writes into. NULL: not known. */
void fill_receiver(struct peer_fields *peer, struct report *report, const struct owner_record *owner);

/* The look's note about a thread, copied, as rows outlive the look; or NULL. */
const char *fill_note(struct report *report, const struct look *look, __u32 tid, __u32 kind);

/* The name of the system call that it is in; NULL: it is in none, or not known. */
const char *fill_syscall(struct report *report, const struct thread_record *thread);

#endif
