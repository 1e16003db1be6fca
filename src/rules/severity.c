/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/severity.h"

#include <stddef.h>

#include "base/array.h"

enum severity severity_of_chain(bool deadlock, uint64_t waiters)
{
	if (deadlock)
		return SEVERITY_DEADLOCK;
	return waiters >= 50 ? SEVERITY_STALLED : waiters >= 5 ? SEVERITY_STARVED : SEVERITY_WAITING;
}

/* Doubling counts, not one more: 2, 4, 8, 16, 32 waiters. */
static int64_t weight_of_waiters(uint64_t waiters)
{
	int64_t weight = 0;

	for (; waiters > 1 && weight < 5; waiters /= 2)
		weight++;
	return weight;
}

static int64_t weight_of_age(double age_s)
{
	static const double steps[] = {10, 60, 600, 3600};
	int64_t weight = 0;

	for (size_t i = 0; i < COUNT_OF(steps); i++)
		weight += age_s >= steps[i];
	return weight;
}

int64_t severity_weighed(enum severity level, uint64_t waiters, double age_s)
{
	if (level == SEVERITY_NONE)
		return level;
	return level + weight_of_waiters(waiters) + weight_of_age(age_s);
}

int64_t severity_raised(int64_t severity, uint64_t count, double oldest_s)
{
	int64_t weighed =
		severity_weighed((enum severity)(severity - severity % (SEVERITY_WEIGHT_MOST + 1)), count, oldest_s);

	return weighed > severity ? weighed : severity;
}
