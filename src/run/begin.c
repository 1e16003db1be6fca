/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "run/begin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/out.h"
#include "base/patience.h"
#include "rights/privileges.h"

/* The wall clock may be set meanwhile: so often it is asked. */
#define ASKED_NS NS_PER_S

int begin_at_clock(uint64_t step_ns, uint64_t before_ns, int (*wait)(void *context, __u64 moment_ns), void *context)
{
	__u64 now = clock_ns(CLOCK_REALTIME), due, left;
	int ends = 0;

	if (!step_ns)
		return 0;
	for (due = (now / step_ns + 1) * step_ns - before_ns; now < due && !ends; now = clock_ns(CLOCK_REALTIME)) {
		left = due - now < ASKED_NS ? due - now : ASKED_NS;
		ends = wait(context, clock_ns(CLOCK_MONOTONIC) + left);
	}
	return ends;
}

unsigned int begin_privileges(const struct options *options)
{
	unsigned int privileges = 0;

	if (options->sinks.textfile || options->reacting.flight_ns || options->scope.interactive)
		privileges |= PRIVILEGE_ASKS_FILES;
	if (options->scope.interactive)
		privileges |= PRIVILEGE_STACKS;
	return privileges;
}

void begin_tell_ready(const struct sinks *sinks)
{
	if (sinks->ready_fd >= 0 && write(sinks->ready_fd, "\n", 1) != 1)
		fprintf(stderr, "sockstall: --ready-fd: %s\n", strerror(errno));
}

/* Where stderr is that same pipe, it is not waited for either. */
void end_tell_unread(void)
{
	static const char line[] = "sockstall: ended while its output was not read: the last records are missing\n";

	if (out_gave_up())
		patience_write(STDERR_FILENO, line, sizeof(line) - 1);
}
