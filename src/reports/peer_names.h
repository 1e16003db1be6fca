/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Names of the other ends of connections: the pods and containers of this machine, else those of --hosts. */
#ifndef SOCKSTALL_REPORTS_PEER_NAMES_H
#define SOCKSTALL_REPORTS_PEER_NAMES_H

#include "rows/report.h"
#include "system/hosts.h"

/* Names the peers of the rows from `first` on. hosts may be NULL. Returns 0 or -ENOMEM. */
int peer_names_fill(struct report *report, size_t first, const struct look *look, const struct hosts *hosts);

#endif
