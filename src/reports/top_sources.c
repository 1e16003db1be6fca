/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/top_sources.h"

#include <stdlib.h>
#include <string.h>

#include "base/wording.h"
#include "system/address.h"

struct network {
	__u8 address[16];
	__u64 count;
};

/* The rest of the address is cleared. */
static void take_network(struct network *network, const __u8 address[16])
{
	memcpy(network->address, address, sizeof(network->address));
	if (address_is_ipv4(address))
		network->address[15] = 0;
	else
		memset(network->address + 8, 0, 8);
	network->count = 1;
}

static int compare_addresses(const void *left, const void *right)
{
	const struct network *a = left, *b = right;

	return memcmp(a->address, b->address, sizeof(a->address));
}

static int compare_counts(const void *left, const void *right)
{
	const struct network *a = left, *b = right;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return compare_addresses(left, right);
}

/*
 * Networks that came by lately are counted where they are: of a flood's thousands of addresses there is little to sort
 * then.
 */
#define LATELY_BITS 10

static size_t place_of(const struct network *network)
{
	__u64 words[2];

	memcpy(words, network->address, sizeof(words));
	return (size_t)(((words[0] ^ words[1]) * 0x9e3779b97f4a7c15ULL) >>
			(64 - LATELY_BITS)); /* the golden ratio spreads them */
}

static size_t collect(struct network *networks, const struct look *look, __u64 cookie)
{
	struct network *lately[1 << LATELY_BITS] = {0}, **place;
	size_t i, count = 0;

	for (i = 0; i < look->requests.count; i++) {
		struct network *next = &networks[count];

		if (look->requests.items[i]->listener_cookie != cookie)
			continue;
		take_network(next, look->requests.items[i]->name.peer_addr);
		place = &lately[place_of(next)];
		if (*place && !compare_addresses(*place, next)) {
			(*place)->count++;
			continue;
		}
		*place = next;
		count++;
	}
	return count;
}

/* Equal ones, side by side after sorting, become one with their sum. */
static size_t sum_up(struct network *networks, size_t count)
{
	size_t i, kept = 0;

	for (i = 1; i < count; i++) {
		if (!compare_addresses(&networks[kept], &networks[i]))
			networks[kept].count += networks[i].count;
		else
			networks[++kept] = networks[i];
	}
	return count ? kept + 1 : 0;
}

static const char *say(struct arena *arena, const struct network *networks, size_t count)
{
	const char *text = NULL;
	__u64 others = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if (i >= TOP_SOURCES)
			others += networks[i].count;
		else
			text = arena_printf(arena, "%s%s%s/%d %llu", text ? text : "", text ? ", " : "",
					    say_address(arena, networks[i].address),
					    address_is_ipv4(networks[i].address) ? 24 : 64, networks[i].count);
	}
	return others ? arena_printf(arena, "%s, %zu others %llu", text, count - TOP_SOURCES, others) : text;
}

const char *top_sources(struct arena *arena, const struct look *look, __u64 listener_cookie)
{
	struct network *networks = calloc(look->requests.count + 1, sizeof(*networks));
	const char *text;
	size_t count;

	if (!networks)
		return NULL;
	count = collect(networks, look, listener_cookie);
	qsort(networks, count, sizeof(*networks), compare_addresses);
	count = sum_up(networks, count);
	qsort(networks, count, sizeof(*networks), compare_counts);
	text = say(arena, networks, count);
	free(networks);
	return text;
}
