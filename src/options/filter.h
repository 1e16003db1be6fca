/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which rows the options ask for. */
#ifndef SOCKSTALL_FILTER_H
#define SOCKSTALL_FILTER_H

#include <stdbool.h>

#include "options/options.h"
#include "rows/row.h"

/*
 * By --pid, --comm, --port, --peer, --netns and --cgroup. A row that does not know what an option asks
 * for does not match it. Records that are about sockstall itself always do.
 */
bool filter_matches(const struct options *options, const struct row *row);

/* Whether --comm, or --cgroup, asks for this; where it was not given, for everything. NULL: not known. */
bool filter_is_comm(const struct options *options, const char *comm);
bool filter_is_in_cgroup(const struct options *options, const char *cgroup);

#endif
