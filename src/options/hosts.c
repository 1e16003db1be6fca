/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The file of --hosts: read before there is anything else, with the caller's own descriptors; see values.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "options/values.h"
#include "system/hosts.h"

/* Returns the text, NUL-terminated, in the arena. NULL: *error says why, as far as it can be told. */
static char *read_file(FILE *file, struct arena *arena, const char **error)
{
	char *text = arena_alloc(arena, HOSTS_MOST + 1);
	size_t size = text ? fread(text, 1, HOSTS_MOST + 1, file) : 0;

	if (!text)
		*error = strerror(ENOMEM);
	else if (ferror(file))
		*error = strerror(errno);
	else if (size > HOSTS_MOST)
		*error = "it is larger than 1 MiB";
	else if (memchr(text, '\0', size))
		*error = "it is no text";
	return *error ? NULL : text;
}

static const char *take_text(struct options *options, char *text, struct arena *messages)
{
	const char *why;
	size_t bad;

	options->scope.hosts = hosts_parse(&options->texts, text, &bad, &why);
	if (why)
		return arena_printf(messages, "line %zu: %s", bad, why);
	return options->scope.hosts ? NULL : strerror(ENOMEM);
}

const char *option_read_hosts(struct options *options, struct arena *arena)
{
	const char *path = options->hosts_file, *error = NULL;
	FILE *file = path ? fopen(path, "re") : NULL;
	char *text;

	if (!path)
		return NULL;
	if (!file)
		return arena_printf(arena, "--hosts %s: %s", path, strerror(errno));
	text = read_file(file, &options->texts, &error);
	fclose(file);
	if (text)
		error = take_text(options, text, arena);
	return error ? arena_printf(arena, "--hosts %s: %s", path, error) : NULL;
}
