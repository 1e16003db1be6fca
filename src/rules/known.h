/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Programs that are known for a verdict: where to look first. */
#ifndef SOCKSTALL_RULES_KNOWN_H
#define SOCKSTALL_RULES_KNOWN_H

#include <stddef.h>

/* One or two sentences without markup; NULL: none stands out. `report` is a type of record: "reader". */
const char *known_programs(const char *report, const char *verdict);

/* How many verdicts have one. */
extern const size_t known_programs_count;

#endif
