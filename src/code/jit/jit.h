/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Names for native frames in no file, by the perf map of their process. In the worker alone. */
#ifndef SOCKSTALL_CODE_JIT_JIT_H
#define SOCKSTALL_CODE_JIT_JIT_H

#include "code/jit/perf_map.h"

/*
 * Fills in what the file says of these addresses. It is read as far as that takes, and not longer than for some time.
 */
void jit_read(int fd, struct perf_name *names, size_t count, bool (*has_time)(void));

#endif
