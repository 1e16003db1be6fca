/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * sched_info.last_arrival is on the scheduler's clock, which nothing shows to user space. But a thread
 * that has just woken got its CPU just now: the moment at which it looks at CLOCK_MONOTONIC and its own
 * last_arrival, read by the scan that follows, are the same moment on the two clocks. If it was switched
 * out in between, the counts of switches differ and the pair is thrown away.
 *
 * The pair is also useless if a hypervisor took the CPU away in between: there was no switch, but the thread has then
 * "used" much CPU for a nap. It naps again.
 *
 * Stamps of TCP are in jiffies. They are dated rightly (bpf/read_socket.bpf.h) if jiffies are on time once in a look.
 * So a look begins when they are.
 */
#include <sys/resource.h>
#include <time.h>

#include "probe/internal.h"

#define NAP_NS 20000

/* A look waits at most this many ticks for jiffies that are late. */
#define TICKS_LATE 10

/* More CPU time than a nap takes on the slowest machine, and little beside the 20 ms that an age may be wrong by. */
#define NAP_CPU_NS 1000000
#define NAPS	   5

/* Returns whether it was left alone. */
static bool nap(struct probe_clock *clock)
{
	__u64 used_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	struct timespec length = {.tv_nsec = NAP_NS};

	clock_nanosleep(CLOCK_MONOTONIC, 0, &length, NULL);
	clock->woke_ns = clock_ns(CLOCK_MONOTONIC);
	return clock_ns(CLOCK_THREAD_CPUTIME_ID) - used_ns < NAP_CPU_NS;
}

void probe_clock_prepare(struct probe_clock *clock)
{
	struct rusage usage;
	int naps = 0;

	do
		clock->disturbed = !nap(clock);
	while (clock->disturbed && ++naps < NAPS);
	getrusage(RUSAGE_THREAD, &usage);
	clock->switches = (__u64)usage.ru_nvcsw + (__u64)usage.ru_nivcsw;
}

/* The coarse clock goes on with jiffies, and is late with them. */
static bool jiffies_are_late(__u64 tick_ns)
{
	__u64 coarse_ns = clock_ns(CLOCK_MONOTONIC_COARSE);

	return clock_ns(CLOCK_MONOTONIC) - coarse_ns > tick_ns * 3 / 2;
}

void probe_clock_begin(const struct sockstall_bpf *skeleton)
{
	__u64 tick_ns = skeleton->rodata->cfg_tick_ns;
	struct timespec length = {.tv_nsec = (long)tick_ns};
	int ticks;

	for (ticks = 0; ticks < TICKS_LATE && jiffies_are_late(tick_ns); ticks++)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &length, NULL);
	if (skeleton->bss->jiffy_zero)
		skeleton->bss->jiffy_zero_before = skeleton->bss->jiffy_zero;
	skeleton->bss->jiffy_zero = 0;
}

void probe_clock_finish(struct probe_clock *clock, const struct sockstall_bpf *skeleton)
{
	__u64 arrival = skeleton->bss->self_last_arrival;

	if (!arrival || skeleton->bss->self_switches != clock->switches || (clock->disturbed && clock->valid))
		return;
	clock->offset_ns = (__s64)(clock->woke_ns - arrival);
	clock->valid = true;
}
