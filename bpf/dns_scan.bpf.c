/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The DNS scan: UDP sockets of one network namespace that are connected to port 53 and that somebody waits for in poll,
 * select or epoll, as resolvers do. All others pass by for the price of reading their port.
 */
#include "held.bpf.h"

#define DNS_PORT 53

struct dns_scratch {
	struct held_record held;
	struct socket_record socket;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dns_scratch);
} dns_scratch SEC(".maps");

SEC("?iter/udp")
int dns_scan(struct bpf_iter__udp *ctx)
{
	struct udp_sock *udp = ctx->udp_sk;
	struct seq_file *seq = ctx->meta->seq;
	struct dns_scratch *s;
	const struct sock *sk;
	__u32 zero = 0;

	if (ctx->meta->seq_num == 0)
		note_own_level();
	if (!udp)
		return 0;
	sk = (const struct sock *)udp;
	if (BPF_CORE_READ(sk, __sk_common.skc_dport) != __builtin_bswap16(DNS_PORT))
		return 0;
	s = bpf_map_lookup_elem(&dns_scratch, &zero);
	if (!s)
		return 0;
	__builtin_memset(s, 0, sizeof(*s));
	s->held.header.type = RECORD_HELD;
	s->held.header.size = sizeof(s->held);
	read_waiters(&s->held, sk);
	if (!(s->held.flags & (HELD_EPOLL | HELD_POLL)) || !s->held.waiter_tid)
		return 0;
	read_udp_socket(&s->socket, sk);
	bpf_seq_write(seq, &s->held, sizeof(s->held));
	bpf_seq_write(seq, &s->socket, sizeof(s->socket));
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
