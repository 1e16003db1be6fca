/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/say_names.h"

#include <stdbool.h>
#include <string.h>

#define NAME_MOST 253

/* No shell makes anything else of it, and no program takes it for an option. */
static bool is_safe(const char *name)
{
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return name && strlen(name) <= NAME_MOST && strspn(name, LETTERS) && !name[strspn(name, LETTERS "._@:-")];
#undef LETTERS
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), size = strlen(end);

	return length > size && !strcmp(text + length - size, end);
}

static const char *say_pod(struct arena *arena, const struct names *names)
{
	if (!is_safe(names->pod) || !is_safe(names->namespace))
		return NULL;
	if (!is_safe(names->container))
		return arena_printf(arena, "kubectl -n %s describe pod %s", names->namespace, names->pod);
	return arena_printf(arena, "kubectl -n %s describe pod %s, kubectl -n %s logs %s -c %s", names->namespace,
			    names->pod, names->namespace, names->pod, names->container);
}

/* The path tells whose container it is: docker-ID.scope or /docker/ID, libpod-ID.scope. */
static const char *say_container(struct arena *arena, const struct names *names)
{
	const char *runtime = NULL;

	if (names->pod || !names->cgroup || !is_safe(names->container))
		return NULL;
	if (strstr(names->cgroup, "/libpod-"))
		runtime = "podman";
	else if (strstr(names->cgroup, "/docker-") || strstr(names->cgroup, "/docker/"))
		runtime = "docker";
	return runtime ? arena_printf(arena, "%s logs %s", runtime, names->container) : NULL;
}

/* The units of a user are for that user's own manager. */
static const char *say_unit(struct arena *arena, const struct names *names)
{
	if (!is_safe(names->unit) || !ends_with(names->unit, ".service") || !names->cgroup ||
	    strstr(names->cgroup, "/user.slice/"))
		return NULL;
	return arena_printf(arena, "systemctl status %s, journalctl -u %s", names->unit, names->unit);
}

const char *say_names(struct arena *arena, const struct names *names)
{
	return say_pod(arena, names) ?: say_container(arena, names) ?: say_unit(arena, names);
}
