/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who called connect(): kept with the socket itself from the moment it enters SYN_SENT. */
#ifndef SOCKSTALL_CONNECTORS_BPF_H
#define SOCKSTALL_CONNECTORS_BPF_H

#include "shared.bpf.h"

struct connector {
	__u32 pid;
	__u32 tid;
	char comm[16];
};

SOCKET_STORAGE(connectors, struct connector);

static __always_inline struct connector *connector_of(void *sk)
{
	return compat_socket_storage(connectors, sk, false);
}

#endif
