/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/cgroup.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "system/process.h"

/* ---- Containers ---- */

#define ID_LENGTH (CONTAINER_ID_SIZE - 1)

/*
 * Words that may precede an id in a part of a path. Monitors (libpod-conmon-ID.scope, crio-conmon-ID.scope) carry the
 * id as well and run outside of the container.
 */
static const char *const runtimes[] = {
	"", /* Docker, Kubernetes and LXC-like layouts with cgroupfs: /docker/ID, /kubepods/…/ID */
	"docker-", /* Docker with systemd: docker-ID.scope */
	"cri-containerd-", /* containerd with systemd: cri-containerd-ID.scope */
	"cri-containerd:", /* containerd set to cgroupfs below systemd: kubepods-pod1.slice:cri-containerd:ID */
	"crio-",
	"libpod-", /* Podman: libpod-ID.scope, and libpod-ID with cgroupfs */
	"libpod-payload-", /* Podman in a unit of systemd's, with --cgroups=split */
	"nerdctl-", /* containerd with nerdctl: nerdctl-ID.scope */
};

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_id(const char *text)
{
	size_t i;

	for (i = 0; i < ID_LENGTH; i++) {
		if (!is_hex(text[i]))
			return false;
	}
	return true;
}

static bool is_runtime(const char *prefix, size_t length)
{
	size_t i;

	for (i = 0; i < COUNT_OF(runtimes); i++) {
		if (strlen(runtimes[i]) == length && !memcmp(runtimes[i], prefix, length))
			return true;
	}
	return false;
}

/* The prefix that counts begins behind the slice, where systemd's slice:prefix:ID form was used. */
static size_t slice_length(const char *part, size_t length)
{
	const char *end = memmem(part, length, ".slice:", 7);

	return end ? (size_t)(end - part) + 7 : 0;
}

/* The id in one part of the path, which is `length` long; or NULL. */
static const char *id_in(const char *part, size_t length)
{
	size_t skip = slice_length(part, length);

	part += skip;
	length -= skip;
	if (length > 6 && !memcmp(part + length - 6, ".scope", 6))
		length -= 6;
	if (length < ID_LENGTH || !is_id(part + length - ID_LENGTH))
		return NULL;
	return is_runtime(part, length - ID_LENGTH) ? part + length - ID_LENGTH : NULL;
}

/* Where in the path the innermost container's id is: 64 digits. NULL: nowhere, also where cgroup is NULL. */
static const char *container_find(const char *cgroup)
{
	const char *found = NULL;

	while (cgroup && *cgroup) {
		size_t length = strcspn(cgroup, "/");
		const char *id = id_in(cgroup, length);

		if (id)
			found = id;
		cgroup += length + (cgroup[length] == '/');
	}
	return found;
}

const char *container_id(struct arena *arena, const char *cgroup)
{
	const char *found = container_find(cgroup);

	return found ? arena_printf(arena, "%.*s", ID_LENGTH, found) : NULL;
}

void container_id_copy(char id[CONTAINER_ID_SIZE], const char *cgroup)
{
	const char *found = container_find(cgroup);

	snprintf(id, CONTAINER_ID_SIZE, "%.*s", ID_LENGTH, found ? found : "");
}

/* ---- Which of them is shown ---- */

/* The kernel's word for a cgroup that was removed while the process ended in it. */
#define DELETED " (deleted)"

enum rank {
	RANK_NONE,
	RANK_ROOT,
	RANK_V1,
	RANK_V2,
	RANK_V1_CONTAINER,
	RANK_V2_CONTAINER,
};

static int rank_of(const char *path, bool is_v2)
{
	if (!strcmp(path, "/"))
		return RANK_ROOT;
	if (container_find(path))
		return is_v2 ? RANK_V2_CONTAINER : RANK_V1_CONTAINER;
	return is_v2 ? RANK_V2 : RANK_V1;
}

static size_t path_length(const char *path)
{
	size_t length = strcspn(path, "\n"), end = strlen(DELETED);

	if (length > end && !memcmp(path + length - end, DELETED, end))
		length -= end;
	return length;
}

/* Among v1's controllers, the one that has its own cgroup deepest says most. */
static bool is_better(const struct cgroup_choice *choice, const char *path, int rank)
{
	if (rank != choice->rank)
		return rank > choice->rank;
	return strlen(path) > strlen(choice->path);
}

void cgroup_choice_add(struct cgroup_choice *choice, const char *line)
{
	const char *colon = strchr(line, ':'), *second = colon ? strchr(colon + 1, ':') : NULL;
	char path[CGROUP_MAX];
	int rank;

	if (!second || second[1] != '/')
		return;
	snprintf(path, sizeof(path), "%.*s", (int)path_length(second + 1), second + 1);
	rank = rank_of(path, !strncmp(line, "0::", 3));
	if (!is_better(choice, path, rank))
		return;
	memcpy(choice->path, path, sizeof(path));
	choice->rank = rank;
}

/* ---- Of a process ---- */

char *process_cgroup(unsigned int pid)
{
	char path[64], line[CGROUP_MAX + 256];
	struct cgroup_choice choice = {0};
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	file = fopen(path, "re");
	if (!file)
		return NULL;
	while (fgets(line, sizeof(line), file))
		cgroup_choice_add(&choice, line);
	fclose(file);
	if (!choice.path[0] || (!strcmp(choice.path, "/") && process_is_ending(pid)))
		return NULL;
	return strdup(choice.path);
}
