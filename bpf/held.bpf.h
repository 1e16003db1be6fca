/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Established connections that may be stuck: which they are, and who waits on them. An event loop does not sleep in a
 * system call on its socket, so the thread scan cannot find these. A hundred thousand may come by that are not stuck:
 * the test is a few loads through a pointer that the verifier knows.
 */
#ifndef SOCKSTALL_HELD_BPF_H
#define SOCKSTALL_HELD_BPF_H

#include "read_socket.bpf.h"

/* Entries of a wait queue that are looked at. */
#define HELD_WALK 4

/* Timeouts in a row, a closed window that was probed, or keepalive probes without an answer. */
static __always_inline bool is_unanswered(const struct tcp_sock *tp)
{
	const struct inet_connection_sock *icsk = &tp->inet_conn;

	if (icsk->icsk_retransmits >= 2 || icsk->icsk_probes_out >= 2)
		return true;
	return icsk->icsk_backoff && icsk->icsk_pending == ICSK_TIME_PROBE0;
}

/* No file leads to what is closed, nor to the kernel's own: nobody here could do anything about them. */
static __always_inline bool has_file(struct sock_common *common)
{
	return BPF_CORE_READ((const struct sock *)common, sk_socket, file);
}

static __always_inline bool is_held(struct sock_common *common)
{
	const struct tcp_sock *tp = bpf_skc_to_tcp_sock(common);

	return tp && is_unanswered(tp) && has_file(common);
}

static __always_inline void note_waiter(struct held_record *record, const struct task_struct *task)
{
	record->waiters++;
	if (record->waiter_tid)
		return;
	record->waiter_pid = own_tgid(task);
	record->waiter_tid = own_tid(task);
}

/* Threads asleep in epoll_wait stand in the instance's queue themselves (ep_poll()). */
static __always_inline void note_instance(struct held_record *record, const struct eventpoll *ep)
{
	const struct list_head *head = &ep->wq.head, *node = BPF_CORE_READ(ep, wq.head.next);
	const struct wait_queue_entry *entry;
	int i;

	record->flags |= HELD_EPOLL;
	for (i = 0; i < HELD_WALK && node && node != head; i++) {
		entry = (const void *)node - bpf_core_field_offset(struct wait_queue_entry, entry);
		note_waiter(record, BPF_CORE_READ(entry, private));
		node = BPF_CORE_READ(node, next);
	}
}

/* A thread in poll or select has an entry for each file, of which the first few lie on its stack (__pollwait()). */
static __always_inline void note_poller(struct held_record *record, const struct poll_wqueues *polled)
{
	record->flags |= HELD_POLL;
	if (BPF_CORE_READ(polled, inline_index) == 1 && !BPF_CORE_READ(polled, table))
		record->flags |= HELD_POLL_ALONE;
	note_waiter(record, BPF_CORE_READ(polled, polling_task));
}

/* Whose entries the wait queue of a socket has. */
struct held_waiters {
	const struct poll_wqueues *polled; /* NULL: no thread waits in poll or select */
	const struct eventpoll *ep; /* NULL: no instance watches it */
};

/*
 * What an entry belongs to, nothing in it says. But those of epoll and of poll lie in structures that lead back to this queue
 * and to this file.
 */
static __always_inline void find_waiter(struct held_waiters *found, const struct wait_queue_entry *entry,
					const wait_queue_head_t *queue, const struct file *file)
{
	const struct poll_table_entry *poll =
		(const void *)entry - bpf_core_field_offset(struct poll_table_entry, wait);
	const struct eppoll_entry *epoll = (const void *)entry - bpf_core_field_offset(struct eppoll_entry, wait);

	if (BPF_CORE_READ(poll, wait_address) == queue && BPF_CORE_READ(poll, filp) == file)
		found->polled = BPF_CORE_READ(entry, private);
	else if (BPF_CORE_READ(epoll, whead) == queue && BPF_CORE_READ(epoll, base, ffd.file) == file)
		found->ep = BPF_CORE_READ(epoll, base, ep);
}

static __always_inline void read_waiters(struct held_record *record, const struct sock *sk)
{
	const struct file *file = BPF_CORE_READ(sk, sk_socket, file);
	const struct socket_wq *wq = BPF_CORE_READ(sk, sk_wq);
	const struct list_head *head = &wq->wait.head, *node;
	struct held_waiters found = {};
	int i;

	if (!wq || !file)
		return;
	node = BPF_CORE_READ(head, next);
	if (node != head)
		record->flags |= HELD_WAITED;
	for (i = 0; i < HELD_WALK && node && node != head; i++) {
		find_waiter(&found, (const void *)node - bpf_core_field_offset(struct wait_queue_entry, entry),
			    &wq->wait, file);
		node = BPF_CORE_READ(node, next);
	}
	if (found.polled)
		note_poller(record, found.polled);
	if (found.ep)
		note_instance(record, found.ep);
}

/* Its socket's record has to come next. */
static __always_inline void write_held(struct seq_file *seq, struct held_record *record, struct sock_common *common)
{
	const struct tcp_sock *tp = (const void *)common;

	__builtin_memset(record, 0, sizeof(*record));
	record->header.type = RECORD_HELD;
	record->header.size = sizeof(*record);
	record->srtt_us = BPF_CORE_READ(tp, srtt_us) >> 3;
	read_waiters(record, (const struct sock *)common);
	bpf_seq_write(seq, record, sizeof(*record));
}

#endif
