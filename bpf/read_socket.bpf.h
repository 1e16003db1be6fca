/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The one way to read a socket. Everything is read by probing, so that a pointer that was found by
 * walking (and may be stale) is as good as one from an iterator.
 */
#ifndef SOCKSTALL_READ_SOCKET_BPF_H
#define SOCKSTALL_READ_SOCKET_BPF_H

#include "shared.bpf.h"

#define AF_UNIX	 1
#define AF_INET	 2
#define AF_INET6 10

#define IPPROTO_TCP 6
#define IPPROTO_UDP 17

#define IPPROTO_MPTCP 262 /* linux/in.h, Linux 5.6 */

#define SOCK_FLAG_DEAD	   (1UL << 0) /* enum sock_flags */
#define SOCK_FLAG_DONE	   (1UL << 1)
#define SOCK_FLAG_KEEPOPEN (1UL << 3)
#define SOCK_FLAG_LINGER   (1UL << 4)
#define SOCK_BINDPORT_LOCK 8

#define TCP_CHRONO_BUSY 1 /* enum tcp_chrono */

#define ICSK_TIME_RETRANS     1
#define ICSK_TIME_PROBE0      3
#define ICSK_TIME_LOSS_PROBE  5
#define ICSK_TIME_REO_TIMEOUT 6

#define MAX_JIFFY_OFFSET (((unsigned long)~0UL >> 1) - 1)

/*
 * Jiffies may be late: the CPU that counts them waits for the hypervisor now and then, and the others take over after 5
 * ticks only. So a stamp is dated from the moment of jiffy 0, which is the earliest that any reading leads to, and not
 * from what jiffies are now. It is negative: they begin far from 0 (INITIAL_JIFFIES).
 * One is this look's, the other that of those before; 0: none yet.
 */
__s64 jiffy_zero __weak = 0;
__s64 jiffy_zero_before __weak = 0;

/* First jiffies, then the clock: whatever comes between them, the result is not too early. */
static __always_inline void read_jiffies(void)
{
	__u64 ticks = bpf_jiffies64();
	__s64 zero = (__s64)(bpf_ktime_get_ns() - ticks * cfg_tick_ns);

	if (zero < jiffy_zero)
		jiffy_zero = zero;
}

static __always_inline __s64 moment_of_jiffy_zero(void)
{
	if (!jiffy_zero)
		read_jiffies();
	return jiffy_zero < jiffy_zero_before ? jiffy_zero : jiffy_zero_before;
}

/* The expiry of a timer is in such jiffies, too. */
static __always_inline __u64 jiffy_to_moment(__u64 jiffy)
{
	__s64 moment = moment_of_jiffy_zero() + (__s64)(jiffy * cfg_tick_ns);

	return moment > 0 ? (__u64)moment : 1;
}

/* The number of jiffies at that moment, if they were never late. */
static __always_inline __u64 moment_to_jiffy(__u64 moment)
{
	return (moment - (__u64)moment_of_jiffy_zero()) / cfg_tick_ns;
}

/*
 * How long ago a stamp was taken, in its units. The socket is not locked: it may have been taken a moment after `now`.
 */
static __always_inline __u64 units_since(__u32 now, __u32 stamp)
{
	__u32 since = now - stamp;

	return since < -1024U ? since : 0;
}

/* The moment of a stamp in the low 32 bits of jiffies (tcp_jiffies32), at its earliest; not after `now`. */
static __always_inline __u64 jiffies32_to_moment(__u32 stamp, __u64 now)
{
	__u64 ticks = bpf_jiffies64();
	__u64 moment = jiffy_to_moment(ticks - units_since(ticks, stamp));

	return moment < now ? moment : now;
}

/* The moment of a TCP timestamp: the low 32 bits of CLOCK_MONOTONIC in ms, or µs. */
static __always_inline __u64 stamp_to_moment(__u32 stamp, bool usec, __u64 now)
{
	__u64 unit = usec ? NS_PER_US : NS_PER_MS;
	__u64 age = units_since(now / unit, stamp) * unit;

	return age < now ? now - age : 1;
}

static __always_inline void map_ipv4(__u8 address[16], __be32 ipv4)
{
	address[10] = 0xff;
	address[11] = 0xff;
	__builtin_memcpy(address + 12, &ipv4, sizeof(ipv4));
}

#define load_member(from, member) ((from)->member)

/* All but the namespace; each member as `read` reads it. */
#define READ_COMMON(name, common, read)                                                                      \
	({                                                                                                   \
		(name)->cookie = read(common, skc_cookie.counter);                                           \
		(name)->family = read(common, skc_family);                                                   \
		(name)->state = read(common, skc_state);                                                     \
		(name)->local_port = read(common, skc_num);                                                  \
		(name)->peer_port = __builtin_bswap16(read(common, skc_dport));                              \
		if ((name)->family == AF_INET6) {                                                            \
			BPF_CORE_READ_INTO((struct in6_addr *)(name)->local_addr, common, skc_v6_rcv_saddr); \
			BPF_CORE_READ_INTO((struct in6_addr *)(name)->peer_addr, common, skc_v6_daddr);      \
		} else if ((name)->family == AF_INET) {                                                      \
			map_ipv4((name)->local_addr, read(common, skc_rcv_saddr));                           \
			map_ipv4((name)->peer_addr, read(common, skc_daddr));                                \
		}                                                                                            \
	})

/* Also for request sockets, which have no more than a sock_common. */
static __always_inline void read_common_name(struct socket_name *name, const struct sock_common *common)
{
	READ_COMMON(name, common, BPF_CORE_READ);
	name->netns = BPF_CORE_READ(common, skc_net.net, ns.inum);
}

static __always_inline __u8 socket_kind_of(__u16 family, __u32 protocol)
{
	if (family == AF_UNIX)
		return SOCKET_KIND_UNIX;
	if (family != AF_INET && family != AF_INET6)
		return SOCKET_KIND_OTHER;
	if (protocol == IPPROTO_TCP)
		return SOCKET_KIND_TCP;
	return protocol == IPPROTO_UDP ? SOCKET_KIND_UDP : SOCKET_KIND_OTHER;
}

/*
 * An application's MPTCP socket holds a TCP one for each of its subflows; the first is what plain TCP would have: it
 * listens, or it is the connection. For all other sockets, the socket itself.
 */
static __always_inline struct sock *first_subflow(struct sock *sk)
{
	struct sock *first;

	if (!bpf_core_field_exists(((struct mptcp_sock *)0)->first) || read_integer(sk, sk_protocol) != IPPROTO_MPTCP)
		return sk;
	first = BPF_CORE_READ((const struct mptcp_sock *)sk, first);
	return first ? first : sk;
}

/* A subflow has no file. The number of its socket is that of the application's (mptcp_subflow_create_socket()). */
static __always_inline __u64 inode_of(const struct sock *sk)
{
	const struct socket *socket = BPF_CORE_READ(sk, sk_socket);
	const struct file *file = BPF_CORE_READ(socket, file);

	if (file)
		return BPF_CORE_READ(file, f_inode, i_ino);
	return socket ? BPF_CORE_READ((const struct socket_alloc *)socket, vfs_inode.i_ino) : 0;
}

static __always_inline void read_name(struct socket_name *name, const struct sock *sk)
{
	read_common_name(name, &sk->__sk_common);
	name->kind = socket_kind_of(name->family, read_integer(sk, sk_protocol));
	name->uid = BPF_CORE_READ(sk, sk_uid.val);
	name->inode = inode_of(sk);
}

static __always_inline __u32 own_or(__u32 own, __u32 otherwise)
{
	return own ? own : otherwise;
}

static __always_inline __u64 rto_max_ns_of(const struct sock *sk)
{
	__u32 ticks = compat_rto_max(sk);

	return ticks ? ticks * cfg_tick_ns : 120 * 1000 * NS_PER_MS;
}

static __always_inline void read_limits(struct socket_record *record, const struct tcp_sock *tp, const struct net *net)
{
	const struct inet_connection_sock *icsk = &tp->inet_conn;
	__u32 time = BPF_CORE_READ(tp, keepalive_time), interval = BPF_CORE_READ(tp, keepalive_intvl);

	record->keepalive_time_ns = own_or(time, BPF_CORE_READ(net, ipv4.sysctl_tcp_keepalive_time)) * cfg_tick_ns;
	record->keepalive_intvl_ns =
		own_or(interval, BPF_CORE_READ(net, ipv4.sysctl_tcp_keepalive_intvl)) * cfg_tick_ns;
	record->keepalive_probes =
		own_or(read_integer(tp, keepalive_probes), read_integer(net, ipv4.sysctl_tcp_keepalive_probes));
	record->user_timeout_ns = BPF_CORE_READ(icsk, icsk_user_timeout) * NS_PER_MS;
	record->retries2 = read_integer(net, ipv4.sysctl_tcp_retries2);
	record->syn_retries =
		own_or(read_integer(icsk, icsk_syn_retries), read_integer(net, ipv4.sysctl_tcp_syn_retries));
	record->syn_linear_timeouts = compat_syn_linear_timeouts(net);
	record->rto_max_ns = rto_max_ns_of((const struct sock *)tp);
}

static __always_inline __u32 timer_flag(__u32 pending)
{
	switch (pending) {
	case ICSK_TIME_RETRANS:
		return SOCKET_RETRANSMIT_TIMER;
	case ICSK_TIME_PROBE0:
		return SOCKET_PROBE_TIMER;
	case ICSK_TIME_LOSS_PROBE:
	case ICSK_TIME_REO_TIMEOUT:
		return SOCKET_LOSS_TIMER;
	}
	return 0;
}

static __always_inline void read_timers(struct socket_record *record, const struct tcp_sock *tp)
{
	const struct inet_connection_sock *icsk = &tp->inet_conn;
	const struct sock *sk = (const struct sock *)tp;
	__u32 pending = timer_flag(BPF_CORE_READ(icsk, icsk_pending));
	unsigned long keepalive = compat_keepalive_expires(sk);
	__u32 first_sent = BPF_CORE_READ(tp, retrans_stamp);

	record->flags |= pending;
	if (pending)
		record->timer_ns = jiffy_to_moment(compat_retransmit_expires(sk));
	if (keepalive)
		record->keepalive_timer_ns = jiffy_to_moment(keepalive);
	if (first_sent)
		record->first_sent_ns = stamp_to_moment(first_sent, compat_usec_timestamps(sk), record->seen_ns);
	record->rto_ns = BPF_CORE_READ(icsk, icsk_rto) * cfg_tick_ns;
	record->last_received_ns = jiffies32_to_moment(BPF_CORE_READ(icsk, icsk_ack.lrcvtime), record->seen_ns);
	record->last_sent_ns = jiffies32_to_moment(BPF_CORE_READ(tp, lsndtime), record->seen_ns);
	record->last_ack_ns = jiffies32_to_moment(BPF_CORE_READ(tp, rcv_tstamp), record->seen_ns);
	record->delivered_ns = BPF_CORE_READ(tp, delivered_mstamp) * NS_PER_US;
	if (read_integer(tp, chrono_type) == TCP_CHRONO_BUSY)
		record->busy_since_ns = jiffies32_to_moment(BPF_CORE_READ(tp, chrono_start), record->seen_ns);
}

/* Like tcp_inq(): a FIN that has come takes a place in the sequence, but is nothing to read. */
static __always_inline __u32 unread_bytes(const struct tcp_sock *tp, __u32 rcv_nxt)
{
	__u32 unread = rcv_nxt - BPF_CORE_READ(tp, copied_seq);
	bool fin = BPF_CORE_READ(tp, inet_conn.icsk_inet.sk.__sk_common.skc_flags) & SOCK_FLAG_DONE;

	return unread && fin ? unread - 1 : unread;
}

static __always_inline void read_counts(struct socket_record *record, const struct tcp_sock *tp)
{
	const struct inet_connection_sock *icsk = &tp->inet_conn;
	__u32 snd_nxt = BPF_CORE_READ(tp, snd_nxt), rcv_nxt = BPF_CORE_READ(tp, rcv_nxt);

	record->bytes_received = BPF_CORE_READ(tp, bytes_received);
	record->bytes_sent = BPF_CORE_READ(tp, bytes_sent) - BPF_CORE_READ(tp, bytes_retrans);
	record->bytes_acked = BPF_CORE_READ(tp, bytes_acked);
	record->unacked_bytes = snd_nxt - BPF_CORE_READ(tp, snd_una);
	record->unread_bytes = unread_bytes(tp, rcv_nxt);
	record->unsent_bytes = BPF_CORE_READ(tp, write_seq) - snd_nxt;
	record->snd_wnd = BPF_CORE_READ(tp, snd_wnd);
	record->acked_after_received = !record->unacked_bytes && BPF_CORE_READ(tp, snd_wl1) == rcv_nxt;
	record->retransmits = BPF_CORE_READ(icsk, icsk_retransmits);
	record->backoff = BPF_CORE_READ(icsk, icsk_backoff);
	record->probes_out = BPF_CORE_READ(icsk, icsk_probes_out);
	record->total_retrans = BPF_CORE_READ(tp, total_retrans);
	record->packets_out = BPF_CORE_READ(tp, packets_out);
	record->data_segs_in = BPF_CORE_READ(tp, data_segs_in);
	record->data_segs_out = BPF_CORE_READ(tp, data_segs_out);
}

/*
 * Acknowledgements of data are sent sooner, answers to the peer's keepalive probes later: that waits for a second at
 * least.
 */
#define ACK_SOON_US 200000

/*
 * What we sent last is echoed in the answer to a keepalive probe of ours, as such a probe itself is not (it is no next
 * segment, so tcp_replace_ts_recent() leaves it). Where that is later than our last data by no more than a delayed
 * acknowledgement is, it is the one of data which came after ours. rcv_rtt_last_tsecr is what the peer's last segment
 * echoed.
 */
static __always_inline bool is_acked_since(const struct tcp_sock *tp)
{
	__u64 sent_us = BPF_CORE_READ(tp, first_tx_mstamp);
	__u32 unit_us = compat_usec_timestamps((const struct sock *)tp) ? 1 : NS_PER_MS / NS_PER_US, later;

	if (!bpf_core_field_exists(tp->rcv_rtt_last_tsecr))
		return false;
	later = BPF_CORE_READ(tp, rcv_rtt_last_tsecr) - (__u32)(sent_us / unit_us);
	return later && later <= ACK_SOON_US / unit_us;
}

/*
 * How the socket came about. A socket that accept() made was cloned from its listener: it keeps the
 * listener's sk_max_ack_backlog and loses SOCK_BINDPORT_LOCK (sk_clone_lock()). One whose port
 * connect() chose is in a bind bucket with fastreuse -1 (__inet_hash_connect()).
 */
static __always_inline __u32 origin_flags(const struct tcp_sock *tp)
{
	const struct inet_connection_sock *icsk = &tp->inet_conn;
	const struct sock *sk = &icsk->icsk_inet.sk;
	__u32 flags = 0;

	if (read_integer(sk, sk_userlocks) & SOCK_BINDPORT_LOCK)
		flags |= SOCKET_PORT_BOUND;
	if (BPF_CORE_READ(sk, sk_max_ack_backlog))
		flags |= SOCKET_LISTENER_CHILD;
	if (BPF_CORE_READ(icsk, icsk_bind_hash, fastreuse) == -1)
		flags |= SOCKET_AUTOBOUND;
	return flags;
}

static __always_inline void read_tcp(struct socket_record *record, const struct sock *sk)
{
	const struct tcp_sock *tp = (const struct tcp_sock *)sk;

	record->flags |= origin_flags(tp) | (is_acked_since(tp) ? SOCKET_ACKED_SINCE : 0);
	read_counts(record, tp);
	read_timers(record, tp);
	read_limits(record, tp, BPF_CORE_READ(sk, __sk_common.skc_net.net));
}

/*
 * Fills a zeroed record from a full socket (not a request, not one in TIME_WAIT), but for what TCP and UDP have. A
 * program that knows the protocol has no code for the others: the verifier would go through that.
 */
static __always_inline void read_any_socket(struct socket_record *record, const struct sock *sk)
{
	unsigned long flags = BPF_CORE_READ(sk, __sk_common.skc_flags);
	unsigned long timeout = (unsigned long)read_integer(sk, sk_rcvtimeo);

	record->header.type = RECORD_SOCKET;
	record->header.size = sizeof(*record);
	read_jiffies();
	record->seen_ns = bpf_ktime_get_ns();
	read_name(&record->name, sk);
	record->flags = (BPF_CORE_READ(sk, sk_socket) ? SOCKET_ACCEPTED : 0) |
			(flags & SOCK_FLAG_DEAD ? SOCKET_DEAD : 0) |
			(flags & SOCK_FLAG_KEEPOPEN ? SOCKET_KEEPALIVE : 0);
	record->sk_err = BPF_CORE_READ(sk, sk_err);
	record->rcvtimeo_ns = timeout < MAX_JIFFY_OFFSET / cfg_tick_ns ? timeout * cfg_tick_ns : 0;
	record->rcvlowat = BPF_CORE_READ(sk, sk_rcvlowat);
	record->shutdown = read_integer(sk, sk_shutdown);
}

static __always_inline void read_tcp_socket(struct socket_record *record, const struct sock *sk)
{
	read_any_socket(record, sk);
	read_tcp(record, sk);
}

/* A connected socket keeps the number of the CPU that took its last datagram (__udp_queue_rcv_skb()). */
static __always_inline void read_udp(struct socket_record *record, const struct sock *sk)
{
	if (record->name.peer_port && (__s32)BPF_CORE_READ(sk, __sk_common.skc_incoming_cpu) < 0)
		record->flags |= SOCKET_NEVER_HEARD;
}

static __always_inline void read_udp_socket(struct socket_record *record, const struct sock *sk)
{
	read_any_socket(record, sk);
	read_udp(record, sk);
}

/* Of any protocol. */
static __always_inline void read_socket(struct socket_record *record, const struct sock *sk)
{
	read_any_socket(record, sk);
	if (record->name.kind == SOCKET_KIND_TCP)
		read_tcp(record, sk);
	if (record->name.kind == SOCKET_KIND_UDP)
		read_udp(record, sk);
}

static __always_inline void read_more(struct socket_record *record, const struct sock *sk)
{
	unsigned long timeout = (unsigned long)read_integer(sk, sk_sndtimeo);

	record->flags |= SOCKET_HAS_MORE;
	if (BPF_CORE_READ(sk, __sk_common.skc_flags) & SOCK_FLAG_LINGER)
		record->linger_ns = BPF_CORE_READ(sk, sk_lingertime) * cfg_tick_ns;
	record->sndtimeo_ns = timeout < MAX_JIFFY_OFFSET / cfg_tick_ns ? timeout * cfg_tick_ns : 0;
	record->send_buffer = BPF_CORE_READ(sk, sk_sndbuf);
}

static __always_inline void read_tcp_more(struct socket_record *record, const struct sock *sk)
{
	const struct tcp_sock *tp = (const struct tcp_sock *)sk;
	const struct net *net = BPF_CORE_READ(sk, __sk_common.skc_net.net);

	record->queued_bytes = BPF_CORE_READ(sk, sk_wmem_queued);
	record->orphan_retries = read_integer(net, ipv4.sysctl_tcp_orphan_retries);
	record->snd_nxt = BPF_CORE_READ(tp, snd_nxt);
	record->snd_una = BPF_CORE_READ(tp, snd_una);
	record->rcv_nxt = BPF_CORE_READ(tp, rcv_nxt);
	if (BPF_CORE_READ(sk, __sk_common.skc_flags) & SOCK_FLAG_DONE &&
	    record->rcv_nxt == BPF_CORE_READ(tp, copied_seq))
		record->flags |= SOCKET_EOF_READ;
}

/* The members that readers can do without. read_tcp_socket() must have read the socket. */
static __always_inline void read_tcp_socket_more(struct socket_record *record, const struct sock *sk)
{
	read_more(record, sk);
	read_tcp_more(record, sk);
}

/* The same, after read_socket(). */
static __always_inline void read_socket_more(struct socket_record *record, const struct sock *sk)
{
	read_more(record, sk);
	if (record->name.kind == SOCKET_KIND_TCP)
		read_tcp_more(record, sk);
	else
		record->queued_bytes = BPF_CORE_READ(sk, sk_wmem_alloc.refs.counter);
}

/* Whether nobody has accepted it at the other end: no file leads to that, and yet it is not closed. */
static __always_inline bool unix_peer_is_queued(const struct sock *sk)
{
	const struct sock *peer = BPF_CORE_READ((const struct unix_sock *)sk, peer);

	return peer && !BPF_CORE_READ(peer, sk_socket) &&
	       !(BPF_CORE_READ(peer, __sk_common.skc_flags) & SOCK_FLAG_DEAD);
}

/* The inode of the socket at the other end of a unix one; 0: it has none (yet). */
static __always_inline __u64 unix_peer_inode(const struct sock *sk)
{
	return BPF_CORE_READ((const struct unix_sock *)sk, peer, sk_socket, file, f_inode, i_ino);
}

#endif
