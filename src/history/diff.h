/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What two recordings have in common, and what not. Pure.
 *
 * Process ids, descriptors, cookies and the ports that the kernel chose are others after every restart: stalls are known by
 * what stays. That is the type of record, the process's name, the namespace's name, and
 *
 *	of a listener      the address and port that it is bound to,
 *	of a client's end  the address and port that it connects to,
 *	of a server's end  its own port: who the clients are does not matter,
 *	of a loop          nothing more.
 *
 * Where it is not known which end this is, the smaller port is the server's. All stalls that are the same by this are one
 * thing, which has a worst verdict, a largest number at one time, and a longest that lasted.
 */
#ifndef SOCKSTALL_DIFF_H
#define SOCKSTALL_DIFF_H

#include "history/story.h"

/*
 * Appends a row for each thing that differs, and with `all` for those that do not, the worst first. Its time is the
 * end of `after`. Text lives in the report's arena or in the stories. Returns 0 or -ENOMEM.
 */
int diff_stories(struct report *report, const struct story *before, const struct story *after, bool all);

#endif
