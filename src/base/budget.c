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
	if (budget->now_ns) {
		pay_both(budget, (now_ns - budget->now_ns) / BUDGET_DIVISOR);
		*(put_off ? &budget->put_off_debt_ns : &budget->debt_ns) += cpu_ns - budget->cpu_ns;
	}
	budget->cpu_ns = cpu_ns;
	budget->now_ns = now_ns;
}

__u64 budget_wait(const struct budget *budget)
{
	const __u64 most_ns = BUDGET_SPAN_NS / BUDGET_DIVISOR;
	__u64 divisor = budget->put_off_debt_ns ? 2 * BUDGET_DIVISOR : BUDGET_DIVISOR;

	return budget->debt_ns > most_ns ? (budget->debt_ns - most_ns) * divisor : 0;
}

bool budget_is_paid(const struct budget *budget)
{
	return !budget->put_off_debt_ns;
}
