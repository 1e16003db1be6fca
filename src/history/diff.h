/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Compares two recordings. Pure.
 *
 * Process ids, descriptors, cookies and ports chosen by the kernel change with every restart. So stalls are matched by
 * what stays: the type of record, the name of the process, the name of the namespace, and
 *
 *	of a listener      the address and port that it is bound to,
 *	of a client's end  the address and port that it connects to,
 *	of a server's end  its own port: who the clients are does not matter,
 *	of a loop          nothing more.
 *
 * Where it is not known which end this is, the smaller port is the server's. Stalls that match are one thing, with its
 * worst verdict, its largest number at one time and its longest duration.
 */
#ifndef SOCKSTALL_HISTORY_DIFF_H
#define SOCKSTALL_HISTORY_DIFF_H

#include "history/story.h"

/*
 * Appends a row for each thing that differs, and with `all` for those that do not, the worst first. Its time is the
 * end of `after`. Text lives in the report's arena or in the stories. Returns 0 or -ENOMEM.
 */
int diff_stories(struct report *report, const struct story *before, const struct story *after, bool all);

#endif
