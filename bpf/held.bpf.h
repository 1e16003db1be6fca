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

/* Our last words must be this old before an answer to them is missed; unread bytes, before nobody reads them. */
#define HELD_ANSWER_NS (5 * NS_PER_S)
#define HELD_UNREAD_NS NS_PER_S

#define HELD_SILENCE_NS (200 * NS_PER_MS)

#define TURNS_MAX    65536
#define SIBLINGS_MAX 8192

/* A client that has asked so often without an answer asks for none. */
#define FIRST_BURSTS 2

/* Clients' connections on which bytes moved while somebody waited. User space empties it when it gets full. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TURNS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64); /* address of the socket; never leaves the kernel */
	__type(value, struct turns);
} turns_kept __weak SEC(".maps");

/* Since it was emptied: how many were put in, and for how many there was no room. */
__u64 turns_noted __weak = 0;
__u64 turns_lost __weak = 0;

/*
 * Connections that were answered, by who waits for them and by server: see struct sibling_key. Emptied when it gets
 * full.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SIBLINGS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct sibling_key);
	__type(value, struct siblings);
} siblings_kept __weak SEC(".maps");

__u64 siblings_noted __weak = 0;

/* How long ago the namespace was scanned before: what was quiet since has made no turn. */
__u64 turns_since_ns __weak = 0;
bool turns_first __weak = false; /* it was not */

static __always_inline bool is_client(const struct tcp_sock *tp)
{
	const struct sock *sk = &tp->inet_conn.icsk_inet.sk;

	return !sk->sk_max_ack_backlog;
}

static __always_inline bool somebody_waits(const struct tcp_sock *tp)
{
	const struct socket_wq *wq = BPF_CORE_READ(&tp->inet_conn.icsk_inet.sk, sk_wq);
	const struct list_head *head = &wq->wait.head;

	return wq && BPF_CORE_READ(head, next) != head;
}

static __always_inline __u32 ticks_of(__u64 ns)
{
	return ns / cfg_tick_ns;
}

/* On a slow path an answer to the peer takes a round trip and more. */
static __always_inline __u32 silence_ticks(const struct tcp_sock *tp)
{
	__u64 trips_ns = (tp->srtt_us >> 2) * NS_PER_US;

	return ticks_of(trips_ns > HELD_SILENCE_NS ? trips_ns : HELD_SILENCE_NS);
}

/* Whose entries the wait queue of a socket has. */
struct held_waiters {
	const struct poll_wqueues *polled; /* NULL: no thread waits in poll or select */
	const struct eventpoll *ep; /* NULL: no instance watches it */
};

/*
 * Nothing in a wait queue's entry says whose it is. But entries of epoll and of poll lie in structures that lead back
 * to this queue and to this file.
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

/* A thread in poll or select has an entry for each file, of which the first few lie on its stack (__pollwait()). */
static __always_inline bool polls_nothing_else(const struct poll_wqueues *polled)
{
	return BPF_CORE_READ(polled, inline_index) == 1 && !BPF_CORE_READ(polled, table);
}

/* The first that waits. */
static __always_inline void find_first_waiter(struct held_waiters *found, const struct tcp_sock *tp)
{
	const struct sock *sk = &tp->inet_conn.icsk_inet.sk;
	const struct file *file = BPF_CORE_READ(sk, sk_socket, file);
	const struct socket_wq *wq = BPF_CORE_READ(sk, sk_wq);

	if (!file || !wq)
		return;
	find_waiter(found,
		    (const void *)BPF_CORE_READ(wq, wait.head.next) -
			    bpf_core_field_offset(struct wait_queue_entry, entry),
		    &wq->wait, file);
}

/* Whether that is a thread in poll for this socket alone. It waits as a reader does, with a limit. */
static __always_inline bool is_polled_alone(const struct tcp_sock *tp)
{
	struct held_waiters found = {};

	find_first_waiter(&found, tp);
	return found.polled && polls_nothing_else(found.polled);
}

/* ---- Connections of one process to one server ---- */

/* Returns false where it is not known who waits. */
static __always_inline bool make_sibling_key(struct sibling_key *key, const struct tcp_sock *tp)
{
	const struct sock_common *common = &tp->inet_conn.icsk_inet.sk.__sk_common;
	struct held_waiters found = {};
	const struct poll_wqueues *polled;

	find_first_waiter(&found, tp);
	polled = found.polled;
	__builtin_memset(key, 0, sizeof(*key));
	if (found.ep)
		key->instance = (__u64)found.ep;
	else if (polled)
		key->instance = (__u64)BPF_CORE_READ(polled, polling_task, group_leader);
	if (common->skc_family == AF_INET6)
		BPF_CORE_READ_INTO((struct in6_addr *)key->peer_addr, common, skc_v6_daddr);
	else
		map_ipv4(key->peer_addr, common->skc_daddr);
	key->peer_port = __builtin_bswap16(common->skc_dport);
	return key->instance;
}

static __always_inline void note_sibling(const struct tcp_sock *tp, __u32 slowest, bool is_new)
{
	struct sibling_key key;
	struct siblings fresh = {.answered = 1, .slowest = slowest}, *known;

	if (!make_sibling_key(&key, tp))
		return;
	known = bpf_map_lookup_elem(&siblings_kept, &key);
	if (!known) {
		siblings_noted += !bpf_map_update_elem(&siblings_kept, &key, &fresh, BPF_ANY);
		return;
	}
	known->answered += is_new;
	if (slowest > known->slowest)
		known->slowest = slowest;
}

static __always_inline void note_answer(const struct tcp_sock *tp, struct turns *turns, __u32 slowest_before)
{
	__u32 delay = turns->received_at - turns->sent_at;
	bool is_new = !turns->noted && turns->sent && turns->received;

	if (!is_new && (!turns->noted || turns->slowest <= slowest_before))
		return;
	turns->noted = 1;
	if ((__s32)delay < 0 || delay < turns->slowest)
		delay = turns->slowest;
	note_sibling(tp, delay, is_new);
}

static __always_inline void keep_turns(const struct tcp_sock *tp, struct sock_common *common)
{
	struct turns_now now = {
		.sent = tp->bytes_sent - tp->bytes_retrans,
		.received = tp->bytes_received,
		.sent_at = tp->lsndtime,
		.received_at = tp->inet_conn.icsk_ack.lrcvtime,
		.segments = tp->data_segs_out,
		.silence = silence_ticks(tp),
		.we_in_tick = tp->snd_wl1 == tp->rcv_nxt || tp->write_seq != tp->snd_una,
	};
	__u32 ports = (__u32)common->skc_num << 16 | common->skc_dport;
	struct turns *turns, fresh = {};
	__u64 key = (__u64)common;

	turns = bpf_map_lookup_elem(&turns_kept, &key);
	if (turns) {
		__u32 slowest = turns->slowest;

		turns_step(turns, &now, ports);
		note_answer(tp, turns, slowest);
		return;
	}
	turns_step(&fresh, &now, ports);
	note_answer(tp, &fresh, 0);
	if (bpf_map_update_elem(&turns_kept, &key, &fresh, BPF_ANY))
		turns_lost++;
	else
		turns_noted++;
}

/* Both spoke within one tick, and we after the peer: true as well once it has answered a keepalive probe. */
static __always_inline bool spoke_in_tick(const struct tcp_sock *tp)
{
	return tp->lsndtime == tp->inet_conn.icsk_ack.lrcvtime && tp->snd_wl1 == tp->rcv_nxt;
}

/* A client that spoke last, a while ago: the rules tell whether an answer is due. */
static __always_inline bool may_await(const struct tcp_sock *tp, __u32 ticks)
{
	__u32 sent = tp->lsndtime, received = tp->inet_conn.icsk_ack.lrcvtime;

	/* Within one tick: see peer_spoke_last(). */
	if (!turns_after(sent, received, 1) && (!tp->bytes_sent || (tp->bytes_received && !spoke_in_tick(tp))))
		return false;
	return turns_after(ticks, sent, ticks_of(HELD_ANSWER_NS));
}

/* It spoke after a silence: most likely that was a question. */
static __always_inline bool broke_silence(const struct tcp_sock *tp)
{
	return turns_after(tp->lsndtime, tp->inet_conn.icsk_ack.lrcvtime, silence_ticks(tp));
}

static __always_inline const struct turns *turns_of(const struct sock_common *common)
{
	__u64 key = (__u64)common;
	const struct turns *turns = bpf_map_lookup_elem(&turns_kept, &key);

	return turns && turns->ports == ((__u32)common->skc_num << 16 | common->skc_dport) ? turns : NULL;
}

/*
 * A question at once after each answer, as in a busy loop. Or the first question of all: where this look is the first,
 * its siblings may yet come by, so user space asks for them again.
 */
static __always_inline bool asks_otherwise(const struct tcp_sock *tp, const struct sock_common *common)
{
	const struct turns *turns = turns_of(common);
	struct sibling_key key;

	if (!turns || turns->bursts > FIRST_BURSTS)
		return false;
	if (tp->bytes_received)
		return turns->open == TURN_AT_ONCE && turns->at_once;
	return turns->open && make_sibling_key(&key, tp) && (turns_first || bpf_map_lookup_elem(&siblings_kept, &key));
}

#define FACT_MOVED  1
#define FACT_AWAITS 2
#define FACT_ASKED  4

static __always_inline bool awaits_answer(const struct tcp_sock *tp, struct sock_common *common, __u32 ticks)
{
	__u32 since = ticks_of(turns_since_ns) + 2;
	bool moved =
		!turns_after(ticks, tp->lsndtime, since) || !turns_after(ticks, tp->inet_conn.icsk_ack.lrcvtime, since);
	bool awaits = may_await(tp, ticks), asked = awaits && broke_silence(tp);
	__u32 facts = forget((moved ? FACT_MOVED : 0) | (awaits ? FACT_AWAITS : 0) | (asked ? FACT_ASKED : 0));

	if (!(facts & (FACT_MOVED | FACT_AWAITS)) || !somebody_waits(tp))
		return false;
	if (facts & (FACT_MOVED | FACT_ASKED))
		keep_turns(tp, common);
	if (!(facts & FACT_AWAITS))
		return false;
	return (facts & FACT_ASKED && tp->bytes_received) || asks_otherwise(tp, common) || is_polled_alone(tp);
}

/* Data came a while ago, and nobody has read it. */
static __always_inline bool is_unread(const struct tcp_sock *tp, __u32 ticks)
{
	return tp->rcv_nxt != tp->copied_seq &&
	       turns_after(ticks, tp->inet_conn.icsk_ack.lrcvtime, ticks_of(HELD_UNREAD_NS));
}

static __always_inline bool is_held(struct sock_common *common)
{
	const struct tcp_sock *tp = bpf_skc_to_tcp_sock(common);
	__u32 ticks = bpf_jiffies64();
	bool held;

	if (!tp)
		return false;
	held = forget(is_unanswered(tp));
	if (is_client(tp))
		held |= forget(awaits_answer(tp, common, ticks));
	else
		held |= is_unread(tp, ticks);
	return forget(held) && has_file(common);
}

/* The peer has said its last, and we still send. */
static __always_inline bool is_held_sender(struct sock_common *common)
{
	const struct tcp_sock *tp = bpf_skc_to_tcp_sock(common);

	return tp && forget(is_unanswered(tp)) && has_file(common);
}

static __always_inline void read_turns(struct held_record *record, struct sock_common *common)
{
	const struct turns *turns = turns_of(common);

	if (!turns)
		return;
	record->flags |= HELD_TURNS;
	record->turn = turns->open;
	record->bursts = turns->bursts;
	record->answered = turns->answered;
	record->twice = turns->twice;
	record->slowest_ns = turns->slowest * cfg_tick_ns;
	record->second_ns = turns->second * cfg_tick_ns;
	record->at_once = turns->at_once;
	record->pongs = turns->pongs;
	record->peer_burst = turns->peer_burst;
	if (turns->talks)
		record->flags |= HELD_TALKS;
}

static __always_inline void read_siblings(struct held_record *record, const struct tcp_sock *tp)
{
	struct sibling_key key;

	if (!tp || !is_client(tp) || tp->bytes_received || !tp->bytes_sent || !make_sibling_key(&key, tp))
		return;
	record->flags |= HELD_FIRST;
	record->instance = key.instance;
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

static __always_inline void note_poller(struct held_record *record, const struct poll_wqueues *polled)
{
	record->flags |= HELD_POLL;
	if (polls_nothing_else(polled))
		record->flags |= HELD_POLL_ALONE;
	note_waiter(record, BPF_CORE_READ(polled, polling_task));
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
	read_turns(record, common);
	read_siblings(record, bpf_skc_to_tcp_sock(common));
	bpf_seq_write(seq, record, sizeof(*record));
}

#endif
