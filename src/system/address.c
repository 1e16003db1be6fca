/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/address.h"

#include <arpa/inet.h>
#include <string.h>

unsigned int address_parse(const char *text, struct in6_addr *address)
{
	struct in_addr inet;

	if (inet_pton(AF_INET6, text, address) == 1)
		return 128;
	if (inet_pton(AF_INET, text, &inet) != 1)
		return 0;
	memset(address, 0, sizeof(*address));
	address->s6_addr[10] = address->s6_addr[11] = 0xff;
	memcpy(&address->s6_addr[12], &inet, sizeof(inet));
	return 32;
}

const char *say_address(struct arena *arena, const __u8 address[16])
{
	char text[INET6_ADDRSTRLEN] = "";

	if (address_is_ipv4(address))
		return arena_printf(arena, "%u.%u.%u.%u", address[12], address[13], address[14], address[15]);
	inet_ntop(AF_INET6, address, text, sizeof(text));
	return arena_printf(arena, "%s", text);
}

static const char *say_endpoint(struct arena *arena, const __u8 address[16], __u16 port)
{
	if (address_is_ipv4(address))
		return arena_printf(arena, "%u.%u.%u.%u:%u", address[12], address[13], address[14], address[15], port);
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
