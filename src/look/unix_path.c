/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/unix_path.h"

#include <string.h>

static const char *say_abstract(struct arena *arena, const char *name, size_t length)
{
	char text[LISTENER_PATH_MOST + 1];
	size_t i;

	for (i = 0; i < length; i++)
		text[i] = name[i] ? name[i] : '@';
	text[length] = '\0';
	return arena_printf(arena, "%s", text);
}

const char *unix_path(struct arena *arena, const struct listener_record *listener)
{
	size_t length = listener->path_length;

	if (listener->name.kind != SOCKET_KIND_UNIX || !length || length > LISTENER_PATH_MOST)
		return NULL;
	if (!listener->path[0])
		return say_abstract(arena, listener->path, length);
	return arena_printf(arena, "%.*s", (int)strnlen(listener->path, length), listener->path);
}
