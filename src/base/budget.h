/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What looks may cost: a twentieth of one CPU. Pure.
 *
 * What was spent beyond it is a debt, which is paid off as time passes. As long as it is no more than the budget of ten
 * seconds it delays nothing, so that a single dear look stretches nothing; what is above that is waited for.
 *
 * What can be put off (probe_netns.c) has a debt of its own: it delays no look, but is not done again before that is
 * paid.
 */
#ifndef SOCKSTALL_BUDGET_H
#define SOCKSTALL_BUDGET_H

#include <stdbool.h>

#include <linux/types.h>

#define BUDGET_DIVISOR 20
#define BUDGET_SPAN_NS 10000000000ULL

/* All zero: nothing is accounted for yet. */
struct budget {
	__u64 cpu_ns, now_ns;  /* CPU time, and CLOCK_MONOTONIC, up to which it is */
	__u64 debt_ns;	       /* CPU time */
	__u64 put_off_debt_ns; /* likewise, of looks with what can be put off */
};

/*
 * All that was spent since the last call, or with the first: nothing. put_off: this was a look with what can be put
 * off, or what was made of that.
 */
void budget_spend(struct budget *budget, __u64 cpu_ns, __u64 now_ns, bool put_off);

/* How long to wait for the next look at least, ns. */
__u64 budget_wait(const struct budget *budget);

/* Whether what can be put off may be done at this look. */
bool budget_is_paid(const struct budget *budget);

#endif
