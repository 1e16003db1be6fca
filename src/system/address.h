/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Addresses as records hold them: 16 bytes, IPv4 mapped (RFC 4291, 2.5.5.2). */
#ifndef SOCKSTALL_SYSTEM_ADDRESS_H
#define SOCKSTALL_SYSTEM_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "base/buffer.h"
#include "socket_record.h"

static inline bool address_is_ipv4(const __u8 address[16])
{
	static const __u8 prefix[12] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(address, prefix, sizeof(prefix));
}

static inline bool address_equal(const __u8 a[16], const __u8 b[16])
{
	return !memcmp(a, b, 16);
}

/* 0.0.0.0 or :: */
static inline bool address_is_any(const __u8 address[16])
{
	static const __u8 zero[16];

	if (address_is_ipv4(address))
		return !memcmp(address + 12, zero, 4);
	return !memcmp(address, zero, sizeof(zero));
}

/* Both ends are on this machine: whoever dies, its kernel says so at once. */
static inline bool address_peer_is_here(const struct socket_name *name)
{
	static const __u8 loopback[16] = {[15] = 1};

	if (address_is_ipv4(name->peer_addr) && name->peer_addr[12] == 127)
		return true;
	return address_equal(name->peer_addr, loopback) || address_equal(name->peer_addr, name->local_addr);
}

/*
 * An address of either family as IPv6, IPv4 mapped. Returns how many bits a prefix of it can have: 32
 * or 128; 0 where it is no address.
 */
unsigned int address_parse(const char *text, struct in6_addr *address);

/* An address as text (RFC 5952), IPv4-mapped as IPv4. Text belongs to the arena and is never NULL. */
const char *say_address(struct arena *arena, const __u8 address[16]);

/* "10.0.0.1:80", "[2001:db8::1]:80" */
const char *say_local(struct arena *arena, const struct socket_name *name);
const char *say_peer(struct arena *arena, const struct socket_name *name);

/* "10.0.0.1:80 -> 10.0.0.2:4000"; of what has no peer (a listener, who takes from everybody) its own end. */
const char *say_both_ends(struct arena *arena, const struct socket_name *name);

#endif
