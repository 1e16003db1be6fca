/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The kinds of report there are: each is one file, report_<name>.c, and stands in reports[]. */
#ifndef SOCKSTALL_REPORT_KINDS_H
#define SOCKSTALL_REPORT_KINDS_H

#include "rows/report.h"

extern const struct report_kind report_handshakes;
extern const struct report_kind report_readers;
extern const struct report_kind report_loops;
extern const struct report_kind report_writers;
extern const struct report_kind report_closing;
extern const struct report_kind report_chains;
extern const struct report_kind report_threads;
extern const struct report_kind report_watches;

#endif
