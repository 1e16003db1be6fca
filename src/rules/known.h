/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Programs that are known for a verdict: where to look first. */
#ifndef SOCKSTALL_RULES_KNOWN_H
#define SOCKSTALL_RULES_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

/* One or two sentences without markup; NULL: none stands out. `report` is a type of record: "reader". */
const char *known_programs(const char *report, const char *verdict);

/* How many verdicts have one. */
extern const size_t known_programs_count;

/*
 * Whether a server of this name depends on no other server, and answers some requests only when there is something to
 * answer. The name has at most 16 bytes, as the kernel has it. Then a request that its loop has read, and left, is no
 * fault.
 */
bool known_to_wait(const char *comm);

#endif
