/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/hosts.h"

#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "system/address.h"

#define SPACES " \t\r\f\v"

struct host {
	struct in6_addr address;
	const char *name;
	size_t place; /* in the file */
};

struct hosts {
	struct host *items; /* sorted by address */
	size_t count;
};

static int compare(const void *left, const void *right)
{
	const struct host *a = left, *b = right;
	int order = memcmp(&a->address, &b->address, sizeof(a->address));

	return order ? order : COMPARE(a->place, b->place);
}

/* Takes the zone of a link-local address off: "fe80::1%eth0". */
static bool take_address(char *text, struct in6_addr *address)
{
	char *zone = strchr(text, '%');

	if (zone && strchr(text, ':'))
		*zone = '\0';
	return address_parse(text, address);
}

/* NULL: it is right, also where it has nothing. */
static const char *take_line(struct hosts *hosts, char *line)
{
	struct host *host = &hosts->items[hosts->count];
	char *rest, *address, *name;

	line[strcspn(line, "#")] = '\0';
	address = strtok_r(line, SPACES, &rest);
	if (!address)
		return NULL;
	if (!take_address(address, &host->address))
		return "it does not begin with an IPv4 or IPv6 address";
	name = strtok_r(NULL, SPACES, &rest);
	if (!name)
		return "the address has no name";
	if (strlen(name) > HOSTS_NAME_MOST)
		return "the name is too long";
	host->name = name;
	host->place = hosts->count++;
	return NULL;
}

static size_t count_lines(const char *text)
{
	size_t lines = 1;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

const struct hosts *hosts_parse(struct arena *arena, char *text, size_t *bad, const char **why)
{
	struct hosts *hosts = arena_alloc(arena, sizeof(*hosts));
	char *line = text;

	*bad = 0;
	*why = NULL;
	if (hosts)
		hosts->items = arena_alloc(arena, count_lines(text) * sizeof(*hosts->items));
	if (!hosts || !hosts->items)
		return NULL;
	while (line && !*why) {
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		++*bad;
		*why = take_line(hosts, line);
		line = end ? end + 1 : NULL;
	}
	if (*why)
		return NULL;
	if (hosts->count)
		qsort(hosts->items, hosts->count, sizeof(*hosts->items), compare);
	return hosts;
}

const char *hosts_name(const struct hosts *hosts, const void *address)
{
	size_t i, count = hosts ? hosts->count : 0;

	i = LOWER_BOUND(count, at, memcmp(&hosts->items[at].address, address, 16) < 0);
	return i < count && !memcmp(&hosts->items[i].address, address, 16) ? hosts->items[i].name : NULL;
}
