/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/cgroup_choice.h"

#include <stdio.h>
#include <string.h>

#include "system/container.h"

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

/* Of v1's controllers the one that has its own cgroup deepest says most. */
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
