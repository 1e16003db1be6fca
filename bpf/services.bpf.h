/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Sums over the connections of each listener, counted as the socket scan passes them. bpf_iter_tcp walks the listening
 * hash first, so each connection finds its listener's counters. A connection costs a lookup and some additions. Counts
 * hold for one walk of one network namespace: then user space takes them out.
 */
#ifndef SOCKSTALL_SERVICES_BPF_H
#define SOCKSTALL_SERVICES_BPF_H

#include "read_socket.bpf.h"
#include "service_record.h"

/* Addresses and ports that are listened on in one network namespace. */
#define SERVICES_MOST 1024
#define SERVICE_NONE  0xffffffff

/*
 * If the peer sends sooner than this after we did, it is an acknowledgement of its protocol, or a question asked at
 * once.
 */
#define SERVICE_GAP_NS 200000000ULL

/* Below this is the first group of ages; each of the others is twice as long. */
#define SERVICE_FIRST_AGE_NS 500000000ULL

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SERVICES_MOST);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct service_place);
	__type(value, __u32); /* in service_counts */
} service_places SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SERVICES_MOST);
	__type(key, __u32);
	__type(value, struct service_record);
} service_counts SEC(".maps");

/* User space sets all of these before a walk. */
__u32 service_count = 0;
__u64 lost_services = 0; /* listeners for which there was no room */
__u64 services_previous_ns = 0; /* the moment of the look before; 0: there was none */

/* The connection before, and what it was counted as: many come by one after another. */
struct service_place service_last_place = {};
__u32 service_last = SERVICE_NONE;
__u64 service_last_socket = 0; /* the iterator shows a socket twice if there was no room for what it wrote */

static __always_inline struct service_record *service_at(__u32 index)
{
	return bpf_map_lookup_elem(&service_counts, &index);
}

static __always_inline void service_begin(struct service_record *service, const struct listener_record *listener)
{
	__builtin_memset(service, 0, sizeof(*service));
	service->header.type = RECORD_SERVICE;
	service->header.size = sizeof(*service);
	service->name = listener->name;
	service->seen_ns = listener->seen_ns;
	service->seen_tick = moment_to_jiffy(service->seen_ns);
	service->listeners = 1;
	service->previous_ns = services_previous_ns;
}

static __always_inline bool is_shown_again(const struct sock_common *common)
{
	bool again = service_last_socket == (__u64)common;

	service_last_socket = (__u64)common;
	return again;
}

static __always_inline void services_add_listener(const struct sock_common *common,
						  const struct listener_record *listener)
{
	struct service_place place = {.port = listener->name.local_port};
	struct service_record *service;
	__u32 index = service_count, *known;

	if (is_shown_again(common))
		return;
	__builtin_memcpy(place.address, listener->name.local_addr, sizeof(place.address));
	known = bpf_map_lookup_elem(&service_places, &place);
	if (known) {
		service = service_at(*known);
		if (service)
			service->listeners++;
		return;
	}
	service = service_at(index);
	if (!service || bpf_map_update_elem(&service_places, &place, &index, BPF_ANY)) {
		lost_services++;
		return;
	}
	service_begin(service, listener);
	service_count = index + 1;
}

/* Listened on at its own address, or at the wildcard of its socket's family. */
static __always_inline __u32 find_service(struct service_place *place, __u16 family)
{
	const __u32 *index = bpf_map_lookup_elem(&service_places, place);

	if (index)
		return *index;
	__builtin_memset(place->address, 0, sizeof(place->address));
	if (family == AF_INET)
		map_ipv4(place->address, 0);
	index = bpf_map_lookup_elem(&service_places, place);
	return index ? *index : SERVICE_NONE;
}

static __always_inline bool is_last_place(const struct service_place *place)
{
	const __u64 *a = (const void *)place->address, *b = (const void *)service_last_place.address;

	return place->port == service_last_place.port && a[0] == b[0] && a[1] == b[1];
}

static __always_inline struct service_record *service_of(struct sock_common *common)
{
	struct service_place place __attribute__((aligned(8))) = {.port = common->skc_num};
	__u16 family = common->skc_family;

	if (family == AF_INET6)
		BPF_CORE_READ_INTO((struct in6_addr *)place.address, common, skc_v6_rcv_saddr);
	else
		map_ipv4(place.address, common->skc_rcv_saddr);
	if (!is_last_place(&place)) {
		service_last_place = place;
		service_last = find_service(&place, family);
	}
	return service_last == SERVICE_NONE ? NULL : service_at(service_last);
}

/* The time of a stamp of tcp_jiffies32. Anything that came after the listener was passed counts as of that moment. */
static __always_inline __u64 service_moment(const struct service_record *service, __u32 stamp)
{
	__u32 ticks = service->seen_tick - stamp;
	__u64 age = (__s32)ticks > 0 ? ticks * cfg_tick_ns : 0;

	return age < service->seen_ns ? service->seen_ns - age : 1;
}

static __always_inline void keep_latest(__u64 *latest, __u64 moment)
{
	if (moment > *latest)
		*latest = moment;
}

static __always_inline bool is_first(__u64 earliest, __u64 moment)
{
	return !earliest || moment < earliest;
}

/*
 * The peer spoke last. Where both spoke within one tick: we did, if something of ours is not acknowledged, or an
 * acknowledgement came that is not the peer's last data (snd_wl1: see reader_speaker()). Keepalive makes that true
 * later on: then a question that came within one tick of our answer is taken for answered, which is the quiet error.
 */
static __always_inline bool peer_spoke_last(const struct tcp_sock *tp, __u32 sent, __u32 received, bool unread)
{
	if (!tp->bytes_received)
		return false;
	if (!tp->bytes_sent)
		return true;
	if (sent != received)
		return (__s32)(received - sent) > 0;
	return unread || (tp->write_seq == tp->snd_una && tp->snd_wl1 != tp->rcv_nxt);
}

/* The group of what is that old. By way of memory: else the verifier walks what follows once for each group. */
static __always_inline __u32 group_of(struct service_record *service, __u64 age)
{
	volatile __u32 *at = &service->pad;
	__u64 limit = SERVICE_FIRST_AGE_NS;
	__u32 i;

	for (i = 0; i < SERVICE_AGES - 1 && age >= limit; i++)
		limit *= 2;
	*at = i;
	i = *at;
	return i < SERVICE_AGES ? i : 0;
}

static __always_inline void add_pending(struct service_record *service, const struct tcp_sock *tp, __u64 moment,
					bool asked, bool unread)
{
	const struct socket *socket = tp->inet_conn.icsk_inet.sk.sk_socket;
	__u32 group = group_of(service, service->seen_ns - moment);
	struct service_age *age = &service->ages[group];
	struct service_span *span = &service->spans[group];
	bool worst = forget(unread ? is_first(service->oldest_unread_ns, moment)
				   : !service->oldest_unread_ns && is_first(service->oldest_pending_ns, moment));

	service->pending++;
	age->count++;
	age->asked += asked;
	age->unread += unread;
	if (is_first(span->oldest_ns, moment))
		span->oldest_ns = moment;
	keep_latest(&span->newest_ns, moment);
	if (asked && is_first(age->oldest_ns, moment))
		age->oldest_ns = moment;
	if (asked)
		keep_latest(&age->newest_ns, moment);
	if (is_first(service->oldest_pending_ns, moment))
		service->oldest_pending_ns = moment;
	if (unread && is_first(service->oldest_unread_ns, moment))
		service->oldest_unread_ns = moment;
	if (worst) {
		service->worst_cookie = tp->inet_conn.icsk_inet.sk.__sk_common.skc_cookie.counter;
		service->worst_inode = BPF_CORE_READ(socket, file, f_inode, i_ino);
	}
}

static __always_inline void add_times(struct service_record *service, const struct tcp_sock *tp, __u64 sent,
				      __u64 received)
{
	bool answered = forget(!!tp->bytes_sent), asked = forget(!!tp->bytes_received);

	service->connections++;
	service->answered += answered;
	service->asked += asked;
	service->sent += answered && sent >= service->previous_ns;
	service->began += asked && received >= service->previous_ns;
	if (answered)
		keep_latest(&service->last_sent_ns, sent);
	if (asked)
		keep_latest(&service->last_received_ns, received);
}

/*
 * One that was accepted from a listener: origin_flags() says how that shows. A peer that has sent its FIN may have
 * given up: nothing is owed to it.
 */
static __always_inline void services_add_connection(struct sock_common *common, bool is_open)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(common);
	struct service_record *service;
	__u32 sent_tick, received_tick;
	__u64 sent, received;
	bool unread;

	if (!tp || !tp->inet_conn.icsk_inet.sk.sk_max_ack_backlog || !tp->inet_conn.icsk_inet.sk.sk_socket)
		return;
	service = service_of(common);
	if (!service || is_shown_again(common))
		return;
	sent_tick = tp->lsndtime;
	received_tick = tp->inet_conn.icsk_ack.lrcvtime;
	sent = forget(service_moment(service, sent_tick));
	received = forget(service_moment(service, received_tick));
	unread = forget(tp->rcv_nxt != tp->copied_seq);
	add_times(service, tp, sent, received);
	if (is_open && peer_spoke_last(tp, sent_tick, received_tick, unread))
		add_pending(service, tp, received,
			    forget(unread || !tp->bytes_sent || received >= sent + SERVICE_GAP_NS), unread);
}

#endif
