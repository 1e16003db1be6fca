/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/jit/jit.h"

#include <unistd.h>

void jit_read(int fd, struct perf_name *names, size_t count, bool (*has_time)(void))
{
	static char bytes[65536];
	struct perf_scan scan = {.names = names, .count = count};
	off_t at = 0;
	ssize_t got = 1;

	while (got > 0 && has_time()) {
		got = pread(fd, bytes, sizeof(bytes), at);
		if (got > 0)
			perf_map_take(&scan, bytes, (size_t)got);
		at += got;
	}
}
