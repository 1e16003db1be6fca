/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/process_cgroup.h"

#include <stdio.h>
#include <string.h>

#include "system/cgroup_choice.h"

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
	return choice.path[0] ? strdup(choice.path) : NULL;
}
