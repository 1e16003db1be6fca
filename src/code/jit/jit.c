/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/jit/jit.h"

#include <unistd.h>

#include "base/clock.h"

/* The disk may be slow. Whoever waits for the answer gives up after 250 ms without one. */
#define READ_NS (100 * NS_PER_MS)

void jit_read(int fd, struct perf_name *names, size_t count, bool (*has_time)(void))
{
	static char bytes[65536];
	struct perf_scan scan = {.names = names, .count = count};
	const __u64 until = clock_ns(CLOCK_MONOTONIC) + READ_NS;
	off_t at = 0;
	ssize_t got = 1;
	size_t i;

	while (got > 0 && has_time() && clock_ns(CLOCK_MONOTONIC) < until) {
		got = pread(fd, bytes, sizeof(bytes), at);
		if (got > 0)
			perf_map_take(&scan, bytes, (size_t)got);
		at += got;
	}
	/* The last line counts: one further on might say something else. */
	for (i = 0; got && i < count; i++)
		names[i].name[0] = '\0';
}
