/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The process that called connect(), kept while the socket is in SYN_SENT. The socket always leaves that state through
 * inet_sk_set_state(), and then nobody asks for the process any more.
 */
#ifndef SOCKSTALL_CONNECTORS_BPF_H
#define SOCKSTALL_CONNECTORS_BPF_H

#include "shared.bpf.h"

struct connector {
	__u32 pid;
	__u32 tid;
	char comm[16];
};

/*
 * The key is the socket's address, which never leaves the kernel. Preallocated, because nothing else is safe in a
 * tracepoint of older kernels. No local storage of the socket: making and freeing it costs a connection ten times as
 * much. When the map is full, the entries in it stay: they may be the stuck ones.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct connector);
} connectors __weak SEC(".maps");

static __always_inline struct connector *connector_of(const void *sk)
{
	__u64 key = (__u64)sk;

	return bpf_map_lookup_elem(&connectors, &key);
}

static __always_inline bool set_connector(const void *sk, const struct connector *connector)
{
	__u64 key = (__u64)sk;

	return !bpf_map_update_elem(&connectors, &key, connector, BPF_ANY);
}

static __always_inline void forget_connector(const void *sk)
{
	__u64 key = (__u64)sk;

	bpf_map_delete_elem(&connectors, &key);
}

#endif
