/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/listeners.h"

#include <errno.h>
#include <stdlib.h>

#include "base/sorted.h"
#include "system/address.h"

__u64 listeners_syn_room(const struct listener_record *listener)
{
	__u64 room = listener->accept_queue_max, unproven = listener->max_syn_backlog - listener->max_syn_backlog / 4;

	return !listener->syncookies && unproven && unproven < room ? unproven : room;
}

static int compare_port(__u32 netns, __u16 port, const struct socket_name *name)
{
	int order = COMPARE(netns, name->netns);

	return order ? order : COMPARE(port, name->local_port);
}

static int compare_ports(const void *left, const void *right)
{
	const struct listener_record *a = *(const struct listener_record *const *)left;
	const struct listener_record *b = *(const struct listener_record *const *)right;
	int order = compare_port(a->name.netns, a->name.local_port, &b->name);

	return order ? order : COMPARE(a->name.cookie, b->name.cookie);
}

static int compare_cookies(const void *left, const void *right)
{
	const struct listener_record *a = *(const struct listener_record *const *)left;
	const struct listener_record *b = *(const struct listener_record *const *)right;

	return COMPARE(a->name.cookie, b->name.cookie);
}

static const struct listener_record **sorted(const struct look *look, int (*compare)(const void *, const void *))
{
	size_t i, count = look->listeners.count;
	const struct listener_record **items = calloc(count + 1, sizeof(*items));

	if (!items)
		return NULL;
	for (i = 0; i < count; i++)
		items[i] = look->listeners.items[i];
	qsort(items, count, sizeof(*items), compare);
	return items;
}

int listeners_index(struct listeners *listeners, const struct look *look)
{
	listeners->count = look->listeners.count;
	listeners->by_port = sorted(look, compare_ports);
	listeners->by_cookie = sorted(look, compare_cookies);
	return listeners->by_port && listeners->by_cookie ? 0 : -ENOMEM;
}

void listeners_free(struct listeners *listeners)
{
	free(listeners->by_port);
	free(listeners->by_cookie);
	*listeners = (struct listeners){0};
}

static int compare_with_cookie(const void *key, const void *item)
{
	__u64 cookie = *(const __u64 *)key;

	return COMPARE(cookie, (*(const struct listener_record *const *)item)->name.cookie);
}

size_t listeners_find(const struct listeners *listeners, __u64 cookie)
{
	const struct listener_record **found = NULL;

	if (cookie && listeners->count)
		found = bsearch(&cookie, listeners->by_cookie, listeners->count, sizeof(*found), compare_with_cookie);
	return found ? (size_t)(found - listeners->by_cookie) : LISTENERS_NONE;
}

/* Where the listeners on this port begin, or would begin. */
static size_t first_on_port(const struct listeners *listeners, __u32 netns, __u16 port)
{
	return LOWER_BOUND(listeners->count, at, compare_port(netns, port, &listeners->by_port[at]->name) > 0);
}

static bool is_on_port(const struct listeners *listeners, size_t i, __u32 netns, __u16 port)
{
	return i < listeners->count && !compare_port(netns, port, &listeners->by_port[i]->name);
}

/* How well a listener's address fits a connection's; 0: not at all. :: takes IPv4 too, 0.0.0.0 no IPv6. */
static int fit(const struct listener_record *listener, const struct socket_name *name)
{
	const __u8 *address = listener->name.local_addr;

	if (address_equal(address, name->local_addr))
		return 3;
	if (!address_is_any(address))
		return 0;
	if (address_is_ipv4(address) == address_is_ipv4(name->local_addr))
		return 2;
	return address_is_ipv4(address) ? 0 : 1;
}

static bool has_waiting(const struct listener_record *listener)
{
	return listener->accept_queue;
}

bool listener_is_full(const struct listener_record *listener)
{
	return listener->accept_queue > listener->accept_queue_max;
}

/* The one that fits best; of several that do, one of which this is true. */
static const struct listener_record *find_best(const struct listeners *listeners, const struct socket_name *name,
					       bool (*better)(const struct listener_record *listener))
{
	size_t i = first_on_port(listeners, name->netns, name->local_port);
	const struct listener_record *best = NULL;
	int best_fit = 0;

	for (; is_on_port(listeners, i, name->netns, name->local_port); i++) {
		int this_fit = fit(listeners->by_port[i], name) * 2;

		if (this_fit && better(listeners->by_port[i]))
			this_fit++;
		if (this_fit > best_fit) {
			best = listeners->by_port[i];
			best_fit = this_fit;
		}
	}
	return best;
}

const struct listener_record *listeners_of(const struct listeners *listeners, const struct socket_name *name)
{
	return find_best(listeners, name, has_waiting);
}

const struct listener_record *listeners_full(const struct listeners *listeners, const struct socket_name *name)
{
	const struct listener_record *best = find_best(listeners, name, listener_is_full);

	return best && listener_is_full(best) ? best : NULL;
}
