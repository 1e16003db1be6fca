/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/unit.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "base/array.h"

struct part {
	const char *start; /* NULL: none */
	size_t length;
};

static bool ends_in(struct part part, const char *suffix)
{
	size_t length = strlen(suffix);

	return part.length > length && !memcmp(part.start + part.length - length, suffix, length);
}

static bool is_unit(struct part part)
{
	static const char *const suffixes[] = {".service", ".scope", ".socket", ".mount", ".swap"};
	size_t i;

	for (i = 0; i < COUNT_OF(suffixes); i++)
		if (ends_in(part, suffixes[i]))
			return true;
	return false;
}

/* A manager for one user: there are units of its own in it. */
static bool is_manager(struct part part)
{
	static const char prefix[] = "user@";

	return part.length > sizeof(prefix) - 1 && !memcmp(part.start, prefix, sizeof(prefix) - 1) &&
	       isdigit((unsigned char)part.start[sizeof(prefix) - 1]) && ends_in(part, ".service");
}

/* Steps past slashes and one component. */
static struct part next_part(const char **path)
{
	struct part part = {.start = *path += strspn(*path, "/")};

	part.length = strcspn(part.start, "/");
	*path += part.length;
	/* A name that the kernel has for files of its own is written with this in front. */
	if (part.length && *part.start == '_')
		part = (struct part){part.start + 1, part.length - 1};
	return part;
}

static struct part find_unit(const char **path)
{
	struct part part = next_part(path);

	while (ends_in(part, ".slice"))
		part = next_part(path);
	return is_unit(part) ? part : (struct part){0};
}

static struct part unit_in(const char *cgroup)
{
	struct part unit = {0}, own;

	if (!cgroup)
		return unit;
	unit = find_unit(&cgroup);
	if (!unit.start || !is_manager(unit))
		return unit;
	own = find_unit(&cgroup);
	return own.start ? own : unit;
}

const char *unit_of(struct arena *arena, const char *cgroup)
{
	struct part unit = unit_in(cgroup);

	return unit.start ? arena_printf(arena, "%.*s", (int)unit.length, unit.start) : NULL;
}

bool unit_is(const char *name, const char *cgroup)
{
	struct part unit = unit_in(cgroup), wanted = {name, strlen(name)};

	if (!unit.start || strncmp(unit.start, name, wanted.length))
		return false;
	if (unit.length == wanted.length)
		return true;
	return !is_unit(wanted) && unit.length == wanted.length + strlen(".service") && ends_in(unit, ".service");
}
