/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/budget.h"

static __u64 least(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

/* Returns what is left of the credit. */
static __u64 pay(__u64 *debt_ns, __u64 credit_ns)
{
	__u64 paid = least(*debt_ns, credit_ns);

	*debt_ns -= paid;
	return credit_ns - paid;
}

/* What was put off is due some time, however dear the rest is: half of the credit is for it first. */
static void pay_both(struct budget *budget, __u64 credit_ns)
{
	__u64 half_ns = credit_ns / 2;
	__u64 left_ns = pay(&budget->put_off_debt_ns, half_ns) + credit_ns - half_ns;

	pay(&budget->put_off_debt_ns, pay(&budget->debt_ns, left_ns));
}

void budget_spend(struct budget *budget, __u64 cpu_ns, __u64 now_ns, bool put_off)
{
	__u64 spent_ns = cpu_ns - budget->cpu_ns;

	if (budget->now_ns)
		pay_both(budget, (now_ns - budget->now_ns) / BUDGET_DIVISOR);
	*(put_off ? &budget->put_off_debt_ns : &budget->debt_ns) += spent_ns;
	/* To get started is no look. */
	if (budget->now_ns && !put_off)
		budget->look_ns += spent_ns;
	budget->cpu_ns = cpu_ns;
	budget->now_ns = now_ns;
}

void budget_next_look(struct budget *budget)
{
	/* One that was all put off says nothing about the others. */
	if (!budget->look_ns)
		return;
	budget->look_before_ns = budget->look_ns;
	budget->look_ns = 0;
}

/* How many times longer than until it is paid for the next look waits, while there is other debt: in 1000. */
static __u64 patience(const struct budget *budget)
{
	return least(1000 + budget->debt_ns * 1000 / BUDGET_DEBT_NS, 1000ULL * BUDGET_PATIENCE);
}

__u64 budget_wait(const struct budget *budget)
{
	__u64 divisor = budget->put_off_debt_ns ? 2 * BUDGET_DIVISOR : BUDGET_DIVISOR;
	__u64 usual_ns = least(budget->look_ns, budget->look_before_ns);
	__u64 wait_ns = least(budget->debt_ns, usual_ns * patience(budget) / 1000);
	__u64 above_ns = budget->debt_ns > BUDGET_MOST_NS ? budget->debt_ns - BUDGET_MOST_NS : 0;

	return (wait_ns > above_ns ? wait_ns : above_ns) * divisor;
}

bool budget_is_paid(const struct budget *budget)
{
	return !budget->put_off_debt_ns;
}
