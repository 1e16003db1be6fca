/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Reads that another process can make last as long as it likes.
 *
 * - /proc/PID/fdinfo of an epoll instance waits for the instance's mutex. epoll_wait() holds that while it copies
 *   events to a page (ep_send_events()), and a FUSE server or userfaultfd may never deliver the page.
 * - maps, pagemap and cmdline take mmap_lock. A fault can be asleep with it (fuse_page_mkwrite()).
 * - maps, pagemap, memory and /proc/PID/syscall take exec_update_lock. exec holds that while it lets go of the old
 *   memory (exec_mmap()), and waits there for requests to the process's own FUSE server (exit_aio()).
 * - The program's file may itself be on FUSE, or on an NFS server that is gone.
 * The reader sleeps uninterruptibly or killably, so no blocked signal ends it, and its BPF programs stay attached.
 *
 * So sockstall does not do these reads. Two kinds of processes are set apart before anything is attached:
 * - A worker reads (foreign_worker.c). It has one end of a socket, the capabilities DAC_READ_SEARCH and SYS_PTRACE,
 *   no_new_privs, and a seccomp filter (foreign_rights.c): open for reading, read, answer. It looks at no byte that it
 *   read. sockstall checks its answers (foreign_message.c), and parses them where it always did.
 * - The spawner makes workers (foreign_spawner.c). It touches no data of other processes, so it cannot hang.
 * A worker that does not answer is left behind: the spawner kills it, which takes effect when it wakes up, and makes
 * another. With four left behind it makes none, and such reads are not done, until one has ended.
 *
 * A read may sleep for 50 ms, and all reads of a look for 200 ms. A worker that is runnable but gets no CPU has a
 * second. sockstall looks for signals all the while. A process whose read did not come back is named as lost, and is
 * not asked again for ten seconds, then for twice as long each time (foreign_held.c).
 *
 * These files sockstall reads itself: comm, children, cgroup, task/, ns/, and the links fd/ and exe. They take
 * task_lock, siglock, tasklist_lock and RCU (comm_show(), get_children_pid(), proc_fd_link(), proc_exe_link(),
 * ns_get_path()), or the mutex of cgroups (proc_cgroup_show()). No process can hold one of these over a fault.
 */
#ifndef SOCKSTALL_APART_FOREIGN_H
#define SOCKSTALL_APART_FOREIGN_H

#include "apart/foreign_held.h"
#include "apart/foreign_losses.h"
#include "apart/foreign_message.h"
#include "base/buffer.h"

struct foreign;

/* One thing to read, and what came of it. */
struct foreign_question {
	struct foreign_request request;
	__u64 process_start_ns; /* CLOCK_BOOTTIME: with the pid, which process is meant */
	int err; /* a negative errno: that of the call, or -ETIMEDOUT: not read, and counted as lost */
	size_t at, size; /* the answer's bytes in the buffer of all answers */
	int fd; /* of kinds that give one, the caller's; -1: none */
};

/*
 * Sets the processes apart, with the rights that there are at this moment; while there is one thread. asked_to_end is
 * called while an answer is waited for. Returns 0 or a negative errno.
 */
int foreign_open(struct foreign **foreign, bool (*asked_to_end)(void));

/* A look begins: it may wait for as long as any. */
void foreign_begin(struct foreign *foreign);

/*
 * Asks all of it, in few round trips, and appends the answers to the buffer. Returns 0, whatever could be read;
 * -ENOMEM; or -ECANCELED: asked to end meanwhile.
 */
int foreign_ask(struct foreign *foreign, struct foreign_question *questions, size_t count, struct buffer *answers);

/* The same for one. */
int foreign_ask_one(struct foreign *foreign, struct foreign_question *question, struct buffer *answer);

/* The caller sees that a read would not come back, and does not ask: as if it had. */
void foreign_note_held(struct foreign *foreign, __u32 pid, __u64 process_start_ns);

/* Processes of which a read has not come back, now or earlier: see held_is_unread(). */
const struct held_processes *foreign_held(const struct foreign *foreign);

/* Takes the losses of this look, and begins to count anew. Returns how many. */
size_t foreign_take_losses(struct foreign *foreign, struct foreign_loss losses[FOREIGN_NAMED + 1]);

/* Gives one of them back: it is to be taken once more. */
void foreign_return_loss(struct foreign *foreign, __u32 pid, __u64 count);

/* NULL is allowed. Waits for nobody. */
void foreign_close(struct foreign *foreign);

#endif
