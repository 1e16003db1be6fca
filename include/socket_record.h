/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Sockets as the kernel holds them. Field names are the kernel's where it has one. */
#ifndef SOCKSTALL_SOCKET_RECORD_H
#define SOCKSTALL_SOCKET_RECORD_H

#include "record.h"

/* The kind of thing that a descriptor leads to. */
enum socket_kind {
	SOCKET_KIND_NONE,
	SOCKET_KIND_TCP,
	SOCKET_KIND_UDP,
	SOCKET_KIND_UNIX,
	SOCKET_KIND_PIPE,
	SOCKET_KIND_OTHER, /* netlink, packet, vsock, … */
};

/*
 * A connection over a unix socket that no one has accepted has a record like one over TCP: state TCP_ESTABLISHED,
 * without SOCKET_ACCEPTED; listener_cookie, in whose queue it lies; connect_*, who made it; peer_inode, its client's
 * socket. Those of one listener follow it, the oldest first. A thread that sleeps in connect() because that queue is
 * full has one, too: state TCP_SYN_SENT, with listener_cookie and connect_*, and no more: its own record has the rest.
 */

/* Who and where; the first part of every socket's record. */
struct socket_name {
	__u64 cookie; /* SO_COOKIE; 0 where the kernel has not given it one yet */
	__u64 inode; /* in sockfs, as `ss -e` shows it; 0 before accept() */
	__u32 netns; /* inode of the network namespace */
	__u16 family; /* AF_INET, AF_INET6 or AF_UNIX; the socket's own, also where the address is mapped */
	__u8 kind; /* enum socket_kind */
	__u8 state; /* TCP_ESTABLISHED … as in tcp(7) and linux/tcp.h */
	__u16 local_port;
	__u16 peer_port;
	__u32 uid;
	__u8 local_addr[16];
	__u8 peer_addr[16];
};

_Static_assert(sizeof(struct socket_name) == 64, "socket_name");

enum socket_flag {
	SOCKET_ACCEPTED = 1 << 0, /* a descriptor exists: sk_socket is set */
	SOCKET_DEAD = 1 << 1, /* SOCK_DEAD: orphaned, the application has closed it */
	SOCKET_KEEPALIVE = 1 << 2, /* SOCK_KEEPOPEN */
	SOCKET_PORT_BOUND = 1 << 3, /* SOCK_BINDPORT_LOCK: bind() named the port, so never an accepted socket */
	SOCKET_LISTENER_CHILD = 1 << 4, /* sk_max_ack_backlog is set: inherited from a listener */
	SOCKET_AUTOBOUND = 1 << 5, /* inet_bind_bucket.fastreuse == -1: connect() chose the port */
	SOCKET_RETRANSMIT_TIMER = 1 << 6, /* icsk_pending: timer_ns is the retransmission timer */
	SOCKET_PROBE_TIMER = 1 << 7, /* icsk_pending: timer_ns is the zero window probe timer */
	SOCKET_LOSS_TIMER = 1 << 8, /* icsk_pending: timer_ns is the tail loss or reordering timer */
	SOCKET_NONBLOCKING = 1 << 9, /* O_NONBLOCK of the descriptor that was looked through */
	SOCKET_EOF_READ = 1 << 10, /* the peer's FIN has come, and the application has read the end of file */
	SOCKET_TIMEWAIT =
		1 << 11, /* all that is left of it is an entry, which timer_ns ends: name and times are known */
	SOCKET_HAS_MORE = 1 << 12, /* the members from sndtimeo_ns on were read */
	SOCKET_FOR_CHAINS =
		1 << 13, /* found by the walk of all files: an end of what is awaited, and of no other interest */
	SOCKET_FIRST_SEEN =
		1 << 14, /* unix, UDP: entered_ns is when a look first saw it: it is as old as that, or older */
	SOCKET_UNREAD_CUT = 1 << 15, /* there is more to read than unread_bytes: it was too much to count */
	SOCKET_PEER_QUEUED = 1 << 16, /* unix: its other end lies in an accept queue */
	SOCKET_NEVER_HEARD = 1 << 17, /* a UDP socket that is connected: nothing has come on it since then */
	SOCKET_ACKED_SINCE =
		1
		<< 18, /* the peer has seen a segment that we sent soon after our last data: the acknowledgement of its own */
};

struct socket_record {
	struct record_header header;
	struct socket_name name;
	__u32 flags; /* enum socket_flag */
	__u32 sk_err;
	__u64 seen_ns;
	/* Bytes. Sent and acked count payload and the SYN and FIN where the kernel does. */
	__u64 bytes_received;
	__u64 bytes_sent; /* without retransmissions */
	__u64 bytes_acked;
	__u32 unacked_bytes; /* snd_nxt - snd_una */
	__u32 unread_bytes; /* rcv_nxt - copied_seq; for UDP and unix: rmem in use */
	__u32 unsent_bytes; /* write_seq - snd_nxt */
	__u32 snd_wnd;
	/* Ages, at a tick's resolution. */
	__u64 last_received_ns; /* icsk_ack.lrcvtime: data, or when the connection was made */
	__u64 last_sent_ns; /* lsndtime: data (also sent again), or when the connection was made */
	__u64 last_ack_ns; /* rcv_tstamp: any ACK */
	__u64 first_sent_ns; /* retrans_stamp: of a SYN, when it was first sent; of data, when first sent again */
	__u64 timer_ns; /* icsk retransmit timer: see flags for what it will do */
	__u64 keepalive_timer_ns; /* sk_timer; 0 where it is not running */
	__u64 rto_ns;
	__u64 rto_max_ns;
	__u64 rcvtimeo_ns; /* SO_RCVTIMEO; 0: none */
	/* Limits in force: the socket's own or else its namespace's. */
	__u64 keepalive_time_ns;
	__u64 keepalive_intvl_ns;
	__u64 user_timeout_ns; /* TCP_USER_TIMEOUT; 0: none */
	__u32 keepalive_probes;
	__u32 retries2; /* tcp_retries2 */
	__u32 syn_retries; /* TCP_SYNCNT or tcp_syn_retries */
	__u32 syn_linear_timeouts; /* tcp_syn_linear_timeouts, Linux 6.5; else 0 */
	/* Counts. */
	__u32 retransmits; /* icsk_retransmits: timeouts in a row */
	__u32 backoff;
	__u32 probes_out; /* icsk_probes_out: unanswered keepalive or window probes */
	__u32 total_retrans;
	__u32 packets_out;
	__u32 rcvlowat;
	__u32 shutdown; /* RCV_SHUTDOWN 1, SEND_SHUTDOWN 2 */
	/* All our data is acknowledged, by a segment that came after the peer's last byte:
	 * snd_wl1 == rcv_nxt. Tells who spoke last where both spoke within one tick. */
	__u32 acked_after_received;
	/* The process that called connect(), where sockstall saw it do so; else 0. */
	__u32 connect_pid;
	__u32 connect_tid;
	char connect_comm[16];
	__u64 peer_inode; /* unix: of the socket at the other end; pipe: a number among those of this look; 0: not known */
	__u64 listener_cookie; /* not accepted: whose accept queue it lies in; 0 where not known */
	/* Only where SOCKET_HAS_MORE: what readers can do without. */
	__u64 sndtimeo_ns; /* SO_SNDTIMEO; 0: none */
	__u64 entered_ns; /* SOCKET_TIMEWAIT: since when; 0: not known */
	__u32 queued_bytes; /* memory of what waits to be sent or taken: sk_wmem_queued, unix: sk_wmem_alloc */
	__u32 send_buffer; /* sk_sndbuf */
	__u32 orphan_retries; /* tcp_orphan_retries of the namespace; 0: 8 while the timer is short of its longest */
	/* The next byte each way: one end's are the other end's, whatever address translation lies between. */
	__u32 snd_nxt;
	__u32 rcv_nxt;
	__u32 snd_una;
	__u64 linger_ns; /* SO_LINGER; 0: not set */
	/* Of every TCP socket. */
	__u32 data_segs_in, data_segs_out;
	/*
	 * delivered_mstamp, to the microsecond. With data in flight: since when none of it has been acknowledged,
	 * however often it was sent again. Else: when our last data was acknowledged; no later acknowledgement moves
	 * it.
	 */
	__u64 delivered_ns;
	__u64 busy_since_ns; /* chrono_start: since when there has always been something unsent or unacknowledged; 0: not so */
	/* Filled by user space, from the looks before (src/look/spoken.h): */
	__u64 peer_silence_ns; /* the longest silence after which the peer spoke again, without a word of ours between; 0: none seen */
	__u32 peer_repeats; /* how often it was seen to do so */
	__u32 spoke_last; /* enum speaker: as a look saw it right after the last data; 0: none did */
	/*
	 * A thread waits to write into a unix socket or a pipe: since this scan none has seen anything taken. 0: not
	 * known.
	 */
	__u64 untaken_since_ns;
};

_Static_assert(sizeof(struct socket_record) == 408, "socket_record");

/* The two ends of a connection; the key of a table in BPF. */
struct peer_key {
	__u8 local_addr[16];
	__u8 peer_addr[16];
	__u16 local_port;
	__u16 peer_port;
};

_Static_assert(sizeof(struct peer_key) == 36, "peer_key");

/* A half-open connection: the SYN has come, the handshake is not complete. */
struct request_record {
	struct record_header header;
	struct socket_name name;
	__u64 listener_cookie;
	__u64 seen_ns;
	__u64 first_synack_ns; /* snt_synack */
	__u64 timer_ns; /* rsk_timer */
	__u64 timeout_ns; /* of the first SYN-ACK; doubles each time. Linux 5.17, before: TCP_TIMEOUT_INIT */
	__u64 rto_max_ns;
	__u32 num_retrans; /* SYN-ACKs sent again, for whatever reason */
	__u32 num_timeout; /* expiries of the timer: this is what the limit is on */
	__u32 synack_retries; /* the limit: TCP_SYNCNT of the listener or tcp_synack_retries */
	__u32 acked; /* the peer's ACK has come */
	__u32 defer_accept; /* of the listener: timeouts to wait for data; 0: off */
	__u32 orphaned; /* the listener has been closed: the next expiry ends it */
};

_Static_assert(sizeof(struct request_record) == 144, "request_record");

struct listener_record {
	struct record_header header;
	struct socket_name name;
	__u64 seen_ns;
	__u32 accept_queue; /* sk_ack_backlog */
	__u32 accept_queue_max; /* sk_max_ack_backlog; the queue holds one more */
	__u32 syn_queue; /* icsk_accept_queue.qlen: half-open */
	__u32 syn_queue_young; /* icsk_accept_queue.young: of these, not yet retransmitted to */
	__u32 drops; /* sk_drops */
	__u32 defer_accept;
	__u32 synack_retries;
	__u32 somaxconn; /* of the namespace */
	__u32 max_syn_backlog; /* of the namespace */
	__u32 syncookies; /* tcp_syncookies of the namespace: 0, 1 or 2 */
	__u32 reuseport; /* SO_REUSEPORT */
	__u32 of_kernel; /* sk_kern_sock: not made by a process, and none has it open */
	__u64 full_since_ns; /* at every look since this one the accept queue was full; 0: it is not */
	/* Only of SOCKET_KIND_UNIX, where all that is TCP's above is 0. */
	__u16 sock_type; /* SOCK_STREAM or SOCK_SEQPACKET; 0: not known */
	__u16 path_length;
	__u32 unused;
	char path[112]; /* sun_path: path_length bytes, of which any may be NUL; the first one is in an abstract name */
};

#define LISTENER_PATH_MOST 108 /* UNIX_PATH_MAX */

_Static_assert(sizeof(struct listener_record) == 256, "listener_record");

#endif
