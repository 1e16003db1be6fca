/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Network namespaces: which there are, and calls inside them. Shared by the files that go into them. */
#ifndef SOCKSTALL_PROBE_NAMESPACES_H
#define SOCKSTALL_PROBE_NAMESPACES_H

#include <sys/types.h>

#include "probe/internal.h"

/* A network namespace that was seen. */
struct probe_namespace {
	__u32 inode;
	__u32 pid; /* a thread in it; 0: none known */
	char name[256]; /* as `ip netns` has it; empty: none */
	bool seen; /* at this look */
	bool active; /* something stuck or pending at the last scan, or an event since */
	__u64 scanned; /* number of the look that scanned it last; 0: never */
	__u64 scanned_ns; /* and when: CLOCK_MONOTONIC */
	__u64 cost_ns; /* CPU time that took */
	bool put_off; /* at this look */
	struct buffer listeners; /* of the last scan, where the next may be put off */
};

struct probe_namespaces {
	struct probe_namespace *items;
	size_t count, capacity;
	size_t next; /* of those scanned in turn */
	int own_fd; /* handle of the namespace that sockstall runs in */
	__u32 own_inode;
	dev_t device; /* of all namespaces' files */
	bool only_own; /* others cannot be entered */
};

/* A handle of a namespace that is known, or a negative errno. Closed soon: it keeps alive what others may leave. */
int probe_namespace_open(struct probe *probe, __u32 inode);

/* Goes into the namespace until probe_namespace_leave(). Returns 0 or a negative errno: then it has not. */
int probe_namespace_enter(const struct probe *probe, const struct probe_namespace *namespace);
void probe_namespace_leave(const struct probe *probe, const struct probe_namespace *namespace);

/* Calls inside a namespace that is known; what it returns, or a negative errno. */
int probe_in_namespace(struct probe *probe, __u32 inode, int (*call)(void));

/* For kernels where BPF cannot assign cookies. Assigns cookies to the listeners of the caller's namespace. */
void probe_cookies_of_listeners(void);

/* Adds the UDP sockets that are connected to a DNS server and waited for. Likewise. */
int probe_dns_scan(struct probe *probe, const struct probe_namespace *namespace, struct buffer *buffer);

/* Adds the unix sockets that listen in a namespace. Returns 0 also where it is gone. */
int probe_unix_scan(struct probe *probe, const struct probe_namespace *namespace, struct buffer *buffer);

#endif
