/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The address spaces of processes, in regions, with the threads' stacks placed in them. */
#ifndef SOCKSTALL_REPORTS_REGIONS_H
#define SOCKSTALL_REPORTS_REGIONS_H

#include "rows/report.h"

/* Adds a row for each region of the look. A mapping that holds a stack and more is cut. Returns 0 or -ENOMEM. */
int report_regions(struct report *report, const struct look *look);

#endif
