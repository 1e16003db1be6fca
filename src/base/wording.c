/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/wording.h"

#include <string.h>

#include "base/clock.h"

const char *say_duration(struct arena *arena, __u64 ns)
{
	/* To the nearest, as tables have it: the two must not differ. */
	__u64 ms = (ns + NS_PER_MS / 2) / NS_PER_MS, tenths = (ns + NS_PER_S / 20) / (NS_PER_S / 10);
	__u64 seconds = (ns + NS_PER_S / 2) / NS_PER_S;

	if (ms < 1000)
		return arena_printf(arena, "%llu ms", ms);
	if (tenths < 1200)
		return arena_printf(arena, "%llu.%llu s", tenths / 10, tenths % 10);
	if (seconds < 3600)
		return arena_printf(arena, "%llu min %llu s", seconds / 60, seconds % 60);
	if (seconds < 86400)
		return arena_printf(arena, "%llu h %llu min", seconds / 3600, seconds % 3600 / 60);
	return arena_printf(arena, "%llu d %llu h", seconds / 86400, seconds % 86400 / 3600);
}

const char *say_since(struct arena *arena, __u64 now_ns, __u64 then_ns)
{
	return say_duration(arena, now_ns > then_ns ? now_ns - then_ns : 0);
}

const char *say_until(struct arena *arena, __u64 now_ns, __u64 then_ns)
{
	return say_since(arena, then_ns, now_ns);
}

const char *say_count(struct arena *arena, __u64 count, const char *things)
{
	return arena_printf(arena, "%llu %.*s", count, (int)strlen(things) - (count == 1), things);
}
