/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/name_sources.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "system/container_names.h"

static const char *const runtimes[CONTAINER_FILES] = {
	"containerd", "k3s", "k0s", "nerdctl", "docker", "podman, cri-o", "podman, its list",
};

/* The folder in which the runtime has a folder for each container, or its list. */
static const char *folder_of(struct arena *arena, const char *file)
{
	const char *id = strstr(file, "/%s"), *end = id ? id : strrchr(file, '/');

	return arena_printf(arena, "%.*s", (int)(end - file), file);
}

static void add(struct check_list *list, const char *name, const char *folder, const char *purpose)
{
	struct check_item *item = folder ? check_list_add(list, CHECK_SOURCE, name, purpose) : NULL;

	if (!item)
		return;
	if (!faccessat(AT_FDCWD, folder, R_OK | X_OK, AT_EACCESS)) {
		item->state = CHECK_YES;
	} else if (errno == ENOENT || errno == ENOTDIR) {
		item->state = CHECK_NONE;
	} else {
		item->state = CHECK_NO;
		item->reason = arena_printf(&list->arena, "%s: %s", folder, strerror(errno));
		item->effect = "containers have their ids in place of names";
	}
}

void name_sources_check(struct check_list *list)
{
	for (size_t i = 0; i < CONTAINER_FILES; i++)
		add(list, runtimes[i], folder_of(&list->arena, container_files[i]), "pods, containers, images");
	add(list, "systemd", "/run/systemd/system", "units");
}
