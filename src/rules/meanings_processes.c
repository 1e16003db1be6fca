/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Meanings of verdicts on processes. */
#include "base/array.h"
#include "rules/meanings.h"

static const struct verdict_meaning processes[] = {
	{"process", "unreadable", "reads of the process do not come back, time after time (with --all)",
	 "At two looks or more, at least ten seconds apart, a read of its epoll descriptors, mappings, memory, program or "
	 "/proc slept for 50 ms. A read that only waited for a CPU is not counted.",
	 "It holds a lock over a page that a FUSE server or userfaultfd does not supply, or its program is on a file server "
	 "that does not answer. A process may do so on purpose, to hang whoever looks at it.",
	 "See whose process it is and on which file system its program is. Other tools that read it may hang."},
	{"process", "slow_to_read", "one read of the process did not come back in time; only with --all",
	 "At one look a read of it slept for 50 ms. It is tried again after ten seconds.", NULL, NULL},
};

const struct verdict_meanings process_meanings = {processes, COUNT_OF(processes)};
