/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/wording.h"

#include <arpa/inet.h>
#include <string.h>

#include "system/address.h"

#define NS_PER_MS 1000000ULL
#define NS_PER_S  1000000000ULL

const char *say_duration(struct arena *arena, __u64 ns)
{
	/* To the nearest, as tables have it: the two must not differ. */
	__u64 ms = (ns + NS_PER_MS / 2) / NS_PER_MS, tenths = (ns + NS_PER_S / 20) / (NS_PER_S / 10);
	__u64 seconds = (ns + NS_PER_S / 2) / NS_PER_S;

	if (ms < 1000)
		return arena_printf(arena, "%llu ms", ms);
	if (tenths < 1200)
		return arena_printf(arena, "%llu.%llu s", tenths / 10, tenths % 10);
	if (seconds < 3600)
		return arena_printf(arena, "%llu min %llu s", seconds / 60, seconds % 60);
	if (seconds < 86400)
		return arena_printf(arena, "%llu h %llu min", seconds / 3600, seconds % 3600 / 60);
	return arena_printf(arena, "%llu d %llu h", seconds / 86400, seconds % 86400 / 3600);
}

const char *say_since(struct arena *arena, __u64 now_ns, __u64 then_ns)
{
	return say_duration(arena, now_ns > then_ns ? now_ns - then_ns : 0);
}

const char *say_until(struct arena *arena, __u64 now_ns, __u64 then_ns)
{
	return say_since(arena, then_ns, now_ns);
}

const char *say_count(struct arena *arena, __u64 count, const char *things)
{
	return arena_printf(arena, "%llu %.*s", count, (int)strlen(things) - (count == 1), things);
}

const char *say_address(struct arena *arena, const __u8 address[16])
{
	char text[INET6_ADDRSTRLEN] = "";

	if (address_is_ipv4(address))
		inet_ntop(AF_INET, address + 12, text, sizeof(text));
	else
		inet_ntop(AF_INET6, address, text, sizeof(text));
	return arena_printf(arena, "%s", text);
}

static const char *say_endpoint(struct arena *arena, const __u8 address[16], __u16 port)
{
	if (address_is_ipv4(address))
		return arena_printf(arena, "%s:%u", say_address(arena, address), port);
	return arena_printf(arena, "[%s]:%u", say_address(arena, address), port);
}

const char *say_local(struct arena *arena, const struct socket_name *name)
{
	return say_endpoint(arena, name->local_addr, name->local_port);
}

const char *say_peer(struct arena *arena, const struct socket_name *name)
{
	return say_endpoint(arena, name->peer_addr, name->peer_port);
}

const char *say_both_ends(struct arena *arena, const struct socket_name *name)
{
	if (!name->peer_port)
		return say_local(arena, name);
	return arena_printf(arena, "%s -> %s", say_local(arena, name), say_peer(arena, name));
}

const char *say_accept_queue(struct arena *arena, __u32 length, __u32 limit)
{
	return arena_printf(arena,
			    length > limit ? "accept queue is full (it holds %u, and its limit is %u)" :
					     "accept queue holds %u (its limit is %u)",
			    length, limit);
}

static const char *say_kill(struct arena *arena, const struct socket_name *name, __u32 tid)
{
	return tid ? arena_printf(arena, ", or nsenter -t %u -n ss -K 'src %s dst %s'", tid, say_local(arena, name),
				  say_peer(arena, name)) :
		     "";
}

/* Brackets are the shell's, too. */
const char *say_ending(struct arena *arena, const struct socket_name *name, __u32 tid)
{
	const char *quote = address_is_ipv4(name->local_addr) && address_is_ipv4(name->peer_addr) ? "" : "'";
	const char *netns = name->netns ? arena_printf(arena, " netns=%u", name->netns) : "";

	return arena_printf(arena, "sockstall end %slocal=%s%s %speer=%s%s%s%s", quote, say_local(arena, name), quote,
			    quote, say_peer(arena, name), quote, netns, say_kill(arena, name, tid));
}
