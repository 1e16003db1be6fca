/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What looks may cost: a twentieth of one CPU in the long run. Pure.
 *
 * CPU time beyond it is a debt, which is paid off as time passes. To begin counts as a look, up to a tenth of a second:
 * so much debt delays nothing. With more, the next look waits until this one is paid for, and up to three times as
 * long: then ten seconds with a dear look hold fewer others. The cheaper of the last two looks counts. So the first
 * one, or a single dear one, delays nothing, unless the debt is that of ten seconds.
 *
 * Work that can be put off (probe/sockets.c) has a separate debt: it delays no look, but the work is not done again
 * before it is paid.
 */
#ifndef SOCKSTALL_BASE_BUDGET_H
#define SOCKSTALL_BASE_BUDGET_H

#include <stdbool.h>

#include <linux/types.h>

#define BUDGET_DIVISOR 20
#define BUDGET_WEIGHT  3
#define BUDGET_FREE_NS 100000000ULL /* of debt, which delays nothing; */
#define BUDGET_DEBT_NS 100000000ULL /* what is more than that by so much makes a look count twice; */
#define BUDGET_MOST_NS 500000000ULL /* and what is more than that is waited for */

/* All zero: nothing is accounted for yet. */
struct budget {
	__u64 cpu_ns, now_ns; /* CPU time, and CLOCK_MONOTONIC, up to which it is */
	__u64 debt_ns; /* CPU time */
	__u64 put_off_debt_ns; /* likewise, of looks with what can be put off */
	__u64 look_ns, look_before_ns; /* of this look, so far, and of the one before */
};

/*
 * All that was spent since the last call, or with the first: since the CPU time was 0. put_off: this was a look with
 * what can be put off, or what was made of that.
 */
void budget_spend(struct budget *budget, __u64 cpu_ns, __u64 now_ns, bool put_off);

/* From here on it is spent on another look. */
void budget_next_look(struct budget *budget);

/* How long to wait for the next look at least, ns. */
__u64 budget_wait(const struct budget *budget);

/* Whether what can be put off may be done at this look. */
bool budget_is_paid(const struct budget *budget);

#endif
