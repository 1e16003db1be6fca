/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Reading what another process can make last as long as it likes.
 *
 * Some files of /proc/PID, the process's memory and its program are such. fdinfo of an epoll instance waits,
 * uninterruptibly, for the instance's mutex, which epoll_wait() holds while it copies events into a page that a FUSE
 * server or userfaultfd never delivers (ep_send_events()). maps and pagemap take mmap_lock, which a fault can be asleep
 * under (fuse_page_mkwrite()); these, memory, and /proc/PID/syscall take exec_update_lock, which exec holds while it
 * lets go of the old memory (exec_mmap()), and that waits for requests of the process's own to its FUSE server
 * (exit_aio()); a program's file may lie there too. Who sleeps in these gets no signal, and keeps all that it has open:
 * BPF programs would stay attached.
 *
 * So sockstall does not read them. A worker does: a process with nothing but one end of a socket, two capabilities
 * (DAC_READ_SEARCH, SYS_PTRACE), no_new_privs, and a seccomp filter that lets it open for reading, read, and answer
 * (foreign_worker.c, foreign_rights.c). It answers with bytes, which are checked (foreign_message.c), and parsed where
 * they always were. If it does not answer it is left behind: killed, which takes effect once it wakes up, and another
 * takes its place. Who makes the others is a process apart, too, which touches nothing of anybody's
 * (foreign_spawner.c): it was set apart before anything was attached, so no descriptor of BPF's is ever in any of them.
 * With four left behind, nothing is read in this way until one has ended.
 *
 * A read may sleep for 50 ms, and all of a look together for 200 ms. A worker that has work, and no CPU to do it on,
 * has a second. All the while signals are looked for. What made a worker sleep is not asked again for ten seconds, then
 * for twice as long each time. What was not read is counted, and the process is named.
 *
 * What sockstall itself reads of processes does not sleep for them: comm, children, cgroup, task/, ns/, and fd/ and exe
 * as links. These take task_lock, siglock, tasklist_lock and RCU (comm_show(), get_children_pid(), proc_fd_link(),
 * proc_exe_link(), ns_get_path()), or the mutex of cgroups (proc_cgroup_show()), none of which is held over a fault.
 */
#ifndef SOCKSTALL_FOREIGN_H
#define SOCKSTALL_FOREIGN_H

#include "apart/foreign_message.h"
#include "base/buffer.h"

struct foreign;

/* One thing to read, and what came of it. */
struct foreign_question {
	struct foreign_request request;
	__u64 process_start_ns; /* CLOCK_BOOTTIME: with the pid, which process is meant */
	int err;		/* a negative errno: that of the call, or -ETIMEDOUT: not read, and counted as lost */
	size_t at, size;	/* the answer's bytes in the buffer of all answers */
};

/* A process that could not be looked at since the last time this was asked. */
struct foreign_loss {
	__u32 pid;   /* 0: more of them than are named */
	__u64 count; /* of its reads that were not done */
};

/* What of one look is named one by one; the rest is one more loss. */
#define FOREIGN_NAMED 16

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

/* What this look has lost; begins to count anew. Returns how many. */
size_t foreign_take_losses(struct foreign *foreign, struct foreign_loss losses[FOREIGN_NAMED + 1]);

/* NULL is allowed. Waits for nobody. */
void foreign_close(struct foreign *foreign);

#endif
