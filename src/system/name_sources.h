/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Where names of containers and units come from on this machine: which of the places that container_names.h names are
 * there, and whether systemd runs. Only root writes there: no process chose those names.
 */
#ifndef SOCKSTALL_SYSTEM_NAME_SOURCES_H
#define SOCKSTALL_SYSTEM_NAME_SOURCES_H

#include "base/check_list.h"

/* An item for each place. One that is not there is no fault: this machine has no such runtime. */
void name_sources_check(struct check_list *list);

#endif
