/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Cookies of TCP sockets, where BPF cannot have them drawn (before Linux 5.12). The kernel draws one whenever it tells
 * of a socket over netlink: so each socket without is asked for by its addresses, once in its life.
 */
#include <unistd.h>

#include <bpf/bpf.h>

#include "look/records.h"
#include "probe/load/load.h"
#include "probe/namespaces.h"
#include "probe/owners.h"
#include "system/diag.h"
#include "system/diag_ask.h"

void probe_cookies_of_listeners(void)
{
	int diag = diag_open_here();

	if (diag < 0)
		return;
	diag_touch_listeners(diag);
	close(diag);
}

/* 0: the kernel knows no such connection, or no longer. */
static __u64 ask_cookie(int diag, const struct socket_name *name)
{
	struct diag_socket found;

	return diag_get(diag, name, 0, &found) ? 0 : found.name.cookie;
}

/* The name in a record of a TCP connection, or NULL. Listeners got their cookies before. */
static struct socket_name *connection_of(struct record_header *header)
{
	struct socket_name *name = NULL;

	if (header->type == RECORD_SOCKET)
		name = &((struct socket_record *)header)->name;
	else if (header->type == RECORD_REQUEST)
		name = &((struct request_record *)header)->name;
	return name && name->kind == SOCKET_KIND_TCP && name->peer_port ? name : NULL;
}

/* The netlink socket of the namespace that was asked last: records of one mostly stand together. */
struct asker {
	int diag; /* or negative */
	__u32 netns; /* 0: none yet */
};

static void close_asker(const struct asker *asker)
{
	if (asker->netns && asker->diag >= 0)
		close(asker->diag);
}

static int diag_of(struct probe *probe, struct asker *asker, __u32 netns)
{
	if (asker->netns == netns)
		return asker->diag;
	close_asker(asker);
	asker->netns = netns;
	asker->diag = probe_in_namespace(probe, netns, diag_open_here);
	return asker->diag;
}

/* Draws the cookie of a unix socket that somebody asks for. */
static __u64 draw_unix(struct probe *probe, struct asker *asker, __u64 inode)
{
	__u32 netns;
	int diag;

	if (bpf_map_lookup_elem(bpf_map__fd(probe->attached.skeleton->maps.wanted_sockets), &inode, &netns))
		return 0;
	diag = diag_of(probe, asker, netns);
	return diag < 0 ? 0 : diag_unix_cookie(diag, inode);
}

void probe_cookies_of_owners(struct probe *probe, struct buffer *scan)
{
	const struct socket_record *connection = NULL;
	struct record_header *header;
	struct asker asker = {0};
	size_t offset = 0;

	if (probe_features()->local_storage)
		return;
	probe_cookies_draw(probe, scan);
	while ((header = record_next(scan, &offset))) {
		struct owner_record *owner = (void *)header;

		if (header->type == RECORD_SOCKET)
			connection = (const void *)header;
		if (header->type != RECORD_OWNER || owner->cookie)
			continue;
		if (connection && connection->name.inode == owner->inode)
			owner->cookie = connection->name.cookie;
		else
			owner->cookie = draw_unix(probe, &asker, owner->inode);
	}
	close_asker(&asker);
}

void probe_cookies_draw(struct probe *probe, struct buffer *buffer)
{
	struct record_header *header;
	struct asker asker = {0};
	size_t offset = 0;

	if (probe_features()->local_storage)
		return;
	while ((header = record_next(buffer, &offset))) {
		struct socket_name *name = connection_of(header);
		int diag;

		if (!name || name->cookie)
			continue;
		diag = diag_of(probe, &asker, name->netns);
		if (diag >= 0)
			name->cookie = ask_cookie(diag, name);
	}
	close_asker(&asker);
}
