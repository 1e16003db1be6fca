/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/places.h"

#include <string.h>

bool places_is_loopback(const __u8 address[16])
{
	static const __u8 mapped[12] = {[10] = 0xff, [11] = 0xff}, one[16] = {[15] = 1};

	return (!memcmp(address, mapped, 12) && address[12] == 127) || !memcmp(address, one, 16);
}

bool places_has_address(const struct look *look, __u32 netns, const __u8 address[16])
{
	size_t i;

	for (i = 0; i < look->addresses.count; i++)
		if ((!netns || look->addresses.items[i]->netns == netns) &&
		    !memcmp(look->addresses.items[i]->address, address, 16))
			return true;
	return false;
}

__u32 places_netns_of(const struct look *look, __u32 from, const __u8 address[16])
{
	__u32 found = 0;
	size_t i;

	if (places_is_loopback(address) || places_has_address(look, from, address))
		return from;
	for (i = 0; i < look->addresses.count; i++) {
		const struct address_record *record = look->addresses.items[i];

		if (memcmp(record->address, address, 16))
			continue;
		if (found && found != record->netns)
			return 0;
		found = record->netns;
	}
	return found;
}
