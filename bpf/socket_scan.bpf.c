/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The socket scan: TCP sockets of one network namespace that take part in a handshake: listeners, half-open requests,
 * SYN_SENT, and connections that no one has accepted; those that are being closed and do not get on with it; and
 * established ones that may be stuck. All others pass by for the price of reading their state; those that were accepted
 * are counted by listener.
 */
#include "connectors.bpf.h"
#include "held.bpf.h"
#include "read_socket.bpf.h"
#include "services.bpf.h"

#define TCP_ESTABLISHED	 1 /* net/tcp_states.h */
#define TCP_SYN_SENT	 2
#define TCP_FIN_WAIT1	 4
#define TCP_FIN_WAIT2	 5
#define TCP_TIME_WAIT	 6
#define TCP_CLOSE_WAIT	 8
#define TCP_LAST_ACK	 9
#define TCP_LISTEN	 10
#define TCP_CLOSING	 11
#define TCP_NEW_SYN_RECV 12

/* Connections of one queue whose listener is noted, and of all of them. */
#define QUEUE_WALK		65536
#define QUEUE_WALK_WITHOUT_LOOP 32
#define QUEUED_MAX		65536

#define TCP_TIMEWAIT_NS	    60000000000ULL /* TCP_TIMEWAIT_LEN */
#define TCP_TIMEOUT_INIT_NS 1000000000ULL /* RFC 6298, 2.1 */

union socket_scratch {
	struct socket_record socket;
	struct request_record request;
	struct listener_record listener;
	struct held_record held;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, union socket_scratch);
} socket_scratch SEC(".maps");

/*
 * Listeners can share a port (SO_REUSEPORT): then the address does not tell in whose queue a connection lies. The queue
 * does: it is walked when its listener comes by, which is before the connections do. User space removes entries whose
 * connections have gone by then: by the next look an address may be another socket's.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, QUEUED_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64); /* address of the socket; never leaves the kernel */
	__type(value, __u64); /* cookie of the listener */
} queued_sockets SEC(".maps");

/* Since user space last asked: those that were noted, and those for which there was no room, or no end of the walk. */
__u64 noted_queued = 0;
__u64 lost_queued = 0;

/*
 * Half-open connections that the look has room for yet, and how many found none. In a flood of a million to count them
 * costs a third of what it costs to bring them along.
 */
__u64 requests_room = 0;
__u64 lost_requests = 0;

struct queue_walk {
	struct request_sock *request;
	__u64 cookie; /* of the listener */
	__u32 turns;
};

/* Returns 1 at the end of the queue. */
static long note_one(__u32 index, void *context)
{
	struct queue_walk *walk = context;
	struct request_sock *request = walk->request;
	__u64 sk;

	if (!request)
		return 1;
	sk = (__u64)BPF_CORE_READ(request, sk);
	if (bpf_map_update_elem(&queued_sockets, &sk, &walk->cookie, BPF_ANY))
		lost_queued++;
	else
		noted_queued++;
	walk->turns++;
	walk->request = BPF_CORE_READ(request, dl_next);
	return 0;
}

/*
 * bpf_loop() is Linux 5.17 (e6f2dd0f8067), and before 5.13 (69c087ba6225) a program that so much as names a callback
 * is refused. So there is a program for each. Without it every turn is verified on its own: there must be few.
 */
static __always_inline void note_queue(const struct inet_connection_sock *listener,
				       const struct listener_record *record, bool with_loop)
{
	struct queue_walk walk = {
		.request = BPF_CORE_READ(listener, icsk_accept_queue.rskq_accept_head),
		.cookie = record->name.cookie,
	};
	int turn;

	if (with_loop) {
		bpf_loop(QUEUE_WALK, note_one, &walk, 0);
	} else {
		for (turn = 0; turn < QUEUE_WALK_WITHOUT_LOOP; turn++)
			if (note_one(turn, &walk))
				break;
	}
	if (walk.request)
		lost_queued += record->accept_queue > walk.turns ? record->accept_queue - walk.turns : 1;
}

static __always_inline __u64 listener_of(struct sock_common *common)
{
	__u64 sk = (__u64)common;
	const __u64 *found = bpf_map_lookup_elem(&queued_sockets, &sk);
	__u64 cookie = found ? *found : 0;

	if (cookie)
		bpf_map_delete_elem(&queued_sockets, &sk);
	return cookie;
}

static __always_inline __u32 synack_retries_of(const struct inet_connection_sock *listener)
{
	const struct net *net = BPF_CORE_READ(listener, icsk_inet.sk.__sk_common.skc_net.net);

	return own_or(read_integer(listener, icsk_syn_retries), read_integer(net, ipv4.sysctl_tcp_synack_retries));
}

static __always_inline void scan_listener(struct seq_file *seq, struct listener_record *record,
					  struct sock_common *common, bool with_loop)
{
	const struct inet_connection_sock *icsk = (const void *)common;
	const struct sock *sk = (const void *)common;
	const struct net *net = BPF_CORE_READ(common, skc_net.net);

	__builtin_memset(record, 0, sizeof(*record));
	compat_draw_cookie(common);
	record->header.type = RECORD_LISTENER;
	record->header.size = sizeof(*record);
	read_jiffies();
	record->seen_ns = bpf_ktime_get_ns();
	read_name(&record->name, sk);
	record->accept_queue = BPF_CORE_READ(sk, sk_ack_backlog);
	record->accept_queue_max = BPF_CORE_READ(sk, sk_max_ack_backlog);
	record->syn_queue = BPF_CORE_READ(icsk, icsk_accept_queue.qlen.counter);
	record->syn_queue_young = BPF_CORE_READ(icsk, icsk_accept_queue.young.counter);
	record->drops = BPF_CORE_READ(sk, sk_drops.counter);
	record->defer_accept = BPF_CORE_READ(icsk, icsk_accept_queue.rskq_defer_accept);
	record->synack_retries = synack_retries_of(icsk);
	record->somaxconn = BPF_CORE_READ(net, core.sysctl_somaxconn);
	record->max_syn_backlog = BPF_CORE_READ(net, ipv4.sysctl_max_syn_backlog);
	record->syncookies = read_integer(net, ipv4.sysctl_tcp_syncookies);
	record->reuseport = BPF_CORE_READ_BITFIELD_PROBED(common, skc_reuseport);
	record->of_kernel = BPF_CORE_READ_BITFIELD_PROBED(sk, sk_kern_sock);
	if (record->reuseport && record->accept_queue)
		note_queue(icsk, record, with_loop);
	bpf_seq_write(seq, record, sizeof(*record));
	if (cfg_services)
		services_add_listener(common, record);
}

/*
 * The facts that requests of one listener share, kept while they come one after another: in a flood nearly all are of
 * one listener. Valid for one walk: by the next the address may be another socket's.
 */
struct request_origin {
	__u64 session; /* of the iterator; 0: none yet */
	__u64 listener; /* its address */
	__u64 cookie;
	__u64 rto_max_ns;
	__u32 synack_retries;
	__u32 defer_accept;
	__u32 orphaned;
	__u32 netns;
};

/* One, and not one for each CPU: between two reads of the iterator its reader may go to another. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct request_origin);
} request_origins SEC(".maps");

static __always_inline const struct request_origin *find_origin(__u64 session,
								const struct inet_connection_sock *listener)
{
	__u32 zero = 0;
	struct request_origin *origin = bpf_map_lookup_elem(&request_origins, &zero);

	if (!origin || (origin->session == session && origin->listener == (__u64)listener))
		return origin;
	origin->session = session;
	origin->listener = (__u64)listener;
	origin->cookie = BPF_CORE_READ(listener, icsk_inet.sk.__sk_common.skc_cookie.counter);
	origin->netns = BPF_CORE_READ(listener, icsk_inet.sk.__sk_common.skc_net.net, ns.inum);
	origin->rto_max_ns = rto_max_ns_of((const struct sock *)listener);
	origin->synack_retries = synack_retries_of(listener);
	origin->defer_accept = BPF_CORE_READ(listener, icsk_accept_queue.rskq_defer_accept);
	origin->orphaned = BPF_CORE_READ(listener, icsk_inet.sk.__sk_common.skc_state) != TCP_LISTEN;
	return origin;
}

/*
 * Where there are a hundred thousand, loads through a pointer that the verifier knows cost a third of what probing
 * does.
 */
static __always_inline void scan_request(const struct bpf_iter_meta *meta, struct request_record *record,
					 struct sock_common *common)
{
	const struct request_origin *origin =
		find_origin(meta->session_id, (const void *)BPF_CORE_READ(common, skc_listener));
	const struct tcp_request_sock *tcp = bpf_skc_to_tcp_request_sock(common);
	const struct request_sock *request;
	__u32 timeout;

	if (!origin || !tcp)
		return;
	request = &tcp->req.req;
	timeout = compat_request_timeout(request);
	__builtin_memset(record, 0, sizeof(*record));
	compat_draw_cookie(common);
	record->header.type = RECORD_REQUEST;
	record->header.size = sizeof(*record);
	record->seen_ns = bpf_ktime_get_ns();
	READ_COMMON(&record->name, common, load_member);
	record->name.netns = origin->netns;
	record->name.kind = SOCKET_KIND_TCP;
	record->listener_cookie = origin->cookie;
	record->first_synack_ns = tcp->snt_synack * NS_PER_US;
	record->timer_ns = jiffy_to_moment(request->rsk_timer.expires);
	record->timeout_ns = timeout ? timeout * cfg_tick_ns : TCP_TIMEOUT_INIT_NS;
	record->rto_max_ns = origin->rto_max_ns;
	record->num_retrans = request->num_retrans;
	record->num_timeout = BPF_CORE_READ_BITFIELD(request, num_timeout);
	record->acked = BPF_CORE_READ_BITFIELD(&tcp->req, acked);
	record->synack_retries = origin->synack_retries;
	record->defer_accept = origin->defer_accept;
	record->orphaned = origin->orphaned;
	bpf_seq_write(meta->seq, record, sizeof(*record));
}

static __always_inline void scan_socket(struct seq_file *seq, struct socket_record *record, struct sock_common *common,
					bool more)
{
	const struct connector *connector;

	__builtin_memset(record, 0, sizeof(*record));
	compat_draw_cookie(common);
	read_tcp_socket(record, (const struct sock *)common);
	if (more)
		read_tcp_socket_more(record, (const struct sock *)common);
	connector = cfg_handshakes && record->name.state == TCP_SYN_SENT ? connector_of(common) : NULL;
	if (connector) {
		record->connect_pid = connector->pid;
		record->connect_tid = connector->tid;
		__builtin_memcpy(record->connect_comm, connector->comm, sizeof(record->connect_comm));
	}
	if (cfg_handshakes && !(record->flags & SOCKET_ACCEPTED))
		record->listener_cookie = listener_of(common);
	bpf_seq_write(seq, record, sizeof(*record));
}

/* No file leads to it, and yet it is not an orphan: it lies in an accept queue. */
static __always_inline bool is_not_accepted(struct sock_common *common)
{
	const struct sock *sk = (const void *)common;

	return !BPF_CORE_READ(sk, sk_socket) && !(BPF_CORE_READ(common, skc_flags) & SOCK_FLAG_DEAD);
}

/* ---- Connections that are being closed ---- */

static __always_inline __u64 quiet_ns(struct sock_common *common, __u64 now)
{
	__u64 heard = jiffies32_to_moment(BPF_CORE_READ((const struct tcp_sock *)common, rcv_tstamp), now);

	return heard < now ? now - heard : 0;
}

/* Our FIN has been sent, or cannot be, and nothing answers; or it is the application's turn and it stays quiet. */
static __always_inline bool is_closing(struct sock_common *common, __u8 state)
{
	const struct inet_connection_sock *icsk = (const void *)common;

	if (!closing_quiet_ns || quiet_ns(common, bpf_ktime_get_ns()) >= closing_quiet_ns)
		return true;
	if (state == TCP_CLOSE_WAIT || state == TCP_FIN_WAIT2)
		return false;
	return BPF_CORE_READ(icsk, icsk_retransmits) || BPF_CORE_READ(icsk, icsk_pending) == ICSK_TIME_PROBE0;
}

/*
 * A connection that the application has closed, and its peer not: for the last minute of FIN_WAIT2 the kernel keeps
 * only an entry like one in TIME_WAIT (tcp_time_wait()).
 */
static __always_inline void scan_timewait(struct seq_file *seq, struct socket_record *record,
					  struct sock_common *common)
{
	const struct inet_timewait_sock *timewait = (const void *)common;
	__u32 entered = compat_timewait_entered(timewait);

	if (BPF_CORE_READ(timewait, tw_substate) != TCP_FIN_WAIT2 || (closing_quiet_ns && !entered))
		return;
	__builtin_memset(record, 0, sizeof(*record));
	compat_draw_cookie(common);
	record->header.type = RECORD_SOCKET;
	record->header.size = sizeof(*record);
	record->seen_ns = bpf_ktime_get_ns();
	read_common_name(&record->name, common);
	record->name.kind = SOCKET_KIND_TCP;
	record->name.state = TCP_FIN_WAIT2;
	record->flags = SOCKET_DEAD | SOCKET_TIMEWAIT;
	record->timer_ns = jiffy_to_moment(BPF_CORE_READ(timewait, tw_timer.expires));
	if (entered)
		record->entered_ns = stamp_to_moment(entered, false, record->seen_ns);
	bpf_seq_write(seq, record, sizeof(*record));
}

/* ---- Which sockets ---- */

enum socket_choice {
	CHOICE_NONE,
	CHOICE_HANDSHAKE,
	CHOICE_CLOSING,
	CHOICE_HELD,
};

static __always_inline enum socket_choice choose_socket(struct sock_common *common, __u8 state)
{
	switch (state) {
	case TCP_SYN_SENT:
		if (cfg_handshakes)
			return CHOICE_HANDSHAKE;
		return cfg_held && has_file(common) ? CHOICE_HELD : CHOICE_NONE;
	case TCP_ESTABLISHED:
		if (cfg_handshakes && is_not_accepted(common))
			return CHOICE_HANDSHAKE;
		return cfg_held && is_held(common) ? CHOICE_HELD : CHOICE_NONE;
	case TCP_CLOSE_WAIT:
		if (is_not_accepted(common))
			return cfg_handshakes ? CHOICE_HANDSHAKE : CHOICE_NONE;
		if (cfg_held && is_held_sender(common))
			return CHOICE_HELD;
		return cfg_closing && is_closing(common, state) ? CHOICE_CLOSING : CHOICE_NONE;
	case TCP_FIN_WAIT1:
	case TCP_FIN_WAIT2:
	case TCP_LAST_ACK:
	case TCP_CLOSING:
		return cfg_closing && is_closing(common, state) ? CHOICE_CLOSING : CHOICE_NONE;
	}
	return CHOICE_NONE;
}

static __always_inline int scan(struct bpf_iter__tcp *ctx, bool with_loop)
{
	struct sock_common *common = ctx->sk_common;
	struct seq_file *seq = ctx->meta->seq;
	enum socket_choice choice;
	union socket_scratch *s;
	__u32 zero = 0;

	if (!common)
		return 0;
	s = bpf_map_lookup_elem(&socket_scratch, &zero);
	if (!s)
		return 0;
	switch (common->skc_state) {
	case TCP_LISTEN:
		if (cfg_handshakes)
			scan_listener(seq, &s->listener, common, with_loop);
		return 0;
	case TCP_NEW_SYN_RECV:
		if (!cfg_handshakes)
			return 0;
		if (!requests_room) {
			lost_requests++;
			return 0;
		}
		requests_room--;
		scan_request(ctx->meta, &s->request, common);
		return 0;
	case TCP_TIME_WAIT:
		/* The kernel ends it within this time anyway. */
		if (cfg_closing && closing_quiet_ns < TCP_TIMEWAIT_NS)
			scan_timewait(seq, &s->socket, common);
		return 0;
	}
	if (cfg_services && (common->skc_state == TCP_ESTABLISHED || common->skc_state == TCP_CLOSE_WAIT))
		services_add_connection(common, common->skc_state == TCP_ESTABLISHED);
	choice = forget(choose_socket(common, common->skc_state));
	if (cfg_held && choice == CHOICE_HELD) /* without, there may be no map for it */
		write_held(seq, &s->held, common);
	choice = forget(choice);
	if (choice)
		scan_socket(seq, &s->socket, common, choice != CHOICE_HANDSHAKE || want_chains());
	return 0;
}

SEC("?iter/tcp")
int socket_scan(struct bpf_iter__tcp *ctx)
{
	return scan(ctx, true);
}

SEC("?iter/tcp")
int socket_scan_without_loop(struct bpf_iter__tcp *ctx)
{
	return scan(ctx, false);
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
