/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Where on this machine an address is. Addresses are known in looks that have chains. Pure. */
#ifndef SOCKSTALL_LOOK_PLACES_H
#define SOCKSTALL_LOOK_PLACES_H

#include <stdbool.h>

#include "look/look.h"

bool places_is_loopback(const __u8 address[16]);

/* Whether a namespace has the address, or, with netns 0, any. */
bool places_has_address(const struct look *look, __u32 netns, const __u8 address[16]);

/*
 * The namespace in which a packet to this address ends if it is sent in `from`; 0: in none that is seen, or several
 * have the address. A namespace that has the address itself sends to no other.
 */
__u32 places_netns_of(const struct look *look, __u32 from, const __u8 address[16]);

#endif
