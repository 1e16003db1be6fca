/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/phrases.h"

#include "base/wording.h"

#include <string.h>

#include "system/address.h"

const char *say_accept_queue(struct arena *arena, __u32 length, __u32 limit)
{
	return arena_printf(arena,
			    length > limit ? "accept queue is full (%u, limit %u)" : "accept queue holds %u (limit %u)",
			    length, limit);
}

static const char *say_kill(struct arena *arena, const struct socket_name *name, __u32 tid)
{
	return tid ? arena_printf(arena, ", or nsenter -t %u -n ss -K 'src %s dst %s'", tid, say_local(arena, name),
				  say_peer(arena, name))
		   : "";
}

/* Brackets are the shell's, too. */
const char *say_ending(struct arena *arena, const struct socket_name *name, __u32 tid)
{
	const char *quote = address_is_ipv4(name->local_addr) && address_is_ipv4(name->peer_addr) ? "" : "'";
	const char *netns = name->netns ? arena_printf(arena, " netns=%u", name->netns) : "";

	return arena_printf(arena, "sockstall end %slocal=%s%s %speer=%s%s%s%s", quote, say_local(arena, name), quote,
			    quote, say_peer(arena, name), quote, netns, say_kill(arena, name, tid));
}

const char *say_see_path(struct arena *arena, const struct socket_name *name)
{
	const char *peer = say_peer(arena, name);

	if (address_peer_is_here(name))
		return arena_printf(arena,
				    "%s is on this machine: see whether a filter drops the packets (nft list ruleset, "
				    "iptables-save)",
				    peer);
	return arena_printf(arena, "see whether %s is up and the path to it is open", peer);
}

const char *say_see_listener(struct arena *arena, const struct socket_name *name)
{
	const char *peer = say_peer(arena, name);

	if (address_peer_is_here(name))
		return arena_printf(arena,
				    "%s is on this machine: see whether its accept queue is full (sockstall handshakes "
				    "--port %u), or a filter drops the SYN",
				    peer, name->peer_port);
	return arena_printf(arena, "see whether %s is up, listens, and has room in its accept queue", peer);
}

const char *say_listener_owner(const char *owner)
{
	return owner ? owner : "the application";
}

const char *say_listener_queue(struct arena *arena, const struct listener_record *listener)
{
	if (!listener)
		return "its listener is not known";
	return arena_printf(arena, "the %s",
			    say_accept_queue(arena, listener->accept_queue, listener->accept_queue_max));
}

/* How to raise the limit of the accept queue. The limit is the smaller of two. */
static const char *say_raise(struct arena *arena, const struct listener_record *listener)
{
	if (listener->somaxconn && listener->accept_queue_max >= listener->somaxconn)
		return arena_printf(arena, "net.core.somaxconn (now %u)", listener->somaxconn);
	return arena_printf(arena, "the backlog of its listen call (now %u)", listener->accept_queue_max);
}

const char *say_look_at(struct arena *arena, const char *owner, const char *owner_pids)
{
	if (owner_pids)
		return arena_printf(arena, "see what the process is doing instead: sockstall threads -p %s",
				    owner_pids);
	if (!owner)
		return "find the process that listens (ss -lnp) and see what it is doing instead";
	return arena_printf(arena,
			    "%s listens for a service that has not taken over its socket: systemctl list-sockets names "
			    "the service, systemctl status says why",
			    owner);
}

const char *say_full(struct arena *arena, const char *owner, const char *owner_pids,
		     const struct listener_record *listener)
{
	if (!listener)
		return say_look_at(arena, owner, owner_pids);
	return arena_printf(arena, "%s; if the queue fills up only in load peaks, raise %s",
			    say_look_at(arena, owner, owner_pids), say_raise(arena, listener));
}

const char *say_quota(struct arena *arena, const struct thread_record *thread)
{
	return arena_printf(arena, "cpu.max %s of each %s", say_duration(arena, thread->quota_ns),
			    say_duration(arena, thread->quota_period_ns));
}
