/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Events of handshakes between two looks: connect() begins, a SYN or SYN-ACK is retransmitted, a retransmitted
 * handshake ends. Nearly all handshakes complete at once: they send nothing to user space.
 */
#include "connectors.bpf.h"
#include "read_socket.bpf.h"

#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT	2
#define TCP_SYN_RECV	3
#define TCP_CLOSE	7

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} events SEC(".maps");

/*
 * Retransmissions only say which namespace deserves a look: what they lead to, the socket scan sees. In
 * a flood the first few of a look say enough.
 */
#define RETRANSMITS_PER_LOOK 1024

__u64 retransmits_epoch = 0;
__u64 retransmits_sent = 0;

static __always_inline bool enough_retransmits(void)
{
	if (retransmits_epoch != look_epoch) {
		retransmits_epoch = look_epoch;
		retransmits_sent = 0;
	}
	/* Not atomic: a few more do no harm, and an atomic that returns is Linux 5.12 (5ca419f2864a). */
	return retransmits_sent++ >= RETRANSMITS_PER_LOOK;
}

/* Returns a zeroed event, or NULL and counts it as lost. */
static __always_inline struct event_record *new_event(__u32 kind)
{
	struct event_record *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&lost_events, 1);
		return NULL;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->header.type = RECORD_EVENT;
	event->header.size = sizeof(*event);
	event->seen_ns = bpf_ktime_get_ns();
	event->kind = kind;
	return event;
}

static __always_inline void send_socket_event(__u32 kind, struct sock *sk)
{
	struct connector *connector = connector_of(sk);
	struct event_record *event = new_event(kind);

	if (!event)
		return;
	read_name(&event->name, sk);
	event->retransmits = BPF_CORE_READ((struct inet_connection_sock *)sk, icsk_retransmits);
	event->error = BPF_CORE_READ(sk, sk_err);
	if (connector) {
		event->connect_pid = connector->pid;
		event->connect_tid = connector->tid;
		__builtin_memcpy(event->connect_comm, connector->comm, sizeof(event->connect_comm));
	}
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

/* connect() runs in the process that called it, so current is the right one. */
static __always_inline void remember_connector(struct sock *sk)
{
	const struct task_struct *task = (const void *)bpf_get_current_task();
	struct connector connector = {.pid = own_tgid(task), .tid = own_tid(task)};

	bpf_get_current_comm(connector.comm, sizeof(connector.comm));
	if (!set_connector(sk, &connector))
		__sync_fetch_and_add(&lost_events, 1);
}

static __always_inline bool was_retransmitted(struct sock *sk)
{
	return BPF_CORE_READ((struct tcp_sock *)sk, total_retrans);
}

SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(handshakes_set_state, struct sock *sk, int from, int to)
{
	if (from == TCP_CLOSE && to == TCP_SYN_SENT)
		remember_connector(sk);
	else if (from == TCP_SYN_SENT && to == TCP_CLOSE)
		send_socket_event(EVENT_CONNECT_FAILED, sk);
	else if (from == TCP_SYN_SENT && to == TCP_ESTABLISHED && was_retransmitted(sk))
		send_socket_event(EVENT_CONNECTED, sk);
	else if (from == TCP_SYN_RECV && to == TCP_ESTABLISHED && was_retransmitted(sk))
		send_socket_event(EVENT_ACCEPTABLE, sk);
	if (from == TCP_SYN_SENT)
		forget_connector(sk);
	return 0;
}

/* Only the first argument is the same in all kernels. */
SEC("?tp_btf/tcp_retransmit_skb")
int BPF_PROG(handshakes_retransmit_syn, struct sock *sk)
{
	if (sk->__sk_common.skc_state == TCP_SYN_SENT && !enough_retransmits())
		send_socket_event(EVENT_SYN_RETRANSMIT, sk);
	return 0;
}

SEC("?tp_btf/tcp_retransmit_synack")
int BPF_PROG(handshakes_retransmit_synack, struct sock *sk, struct request_sock *request)
{
	struct event_record *event;

	if (enough_retransmits())
		return 0;
	event = new_event(EVENT_SYNACK_RETRANSMIT);
	if (!event)
		return 0;
	read_common_name(&event->name, &request->__req_common);
	event->name.kind = SOCKET_KIND_TCP;
	event->listener_cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	event->retransmits = BPF_CORE_READ(request, num_retrans);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
