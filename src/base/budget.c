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

/* Half of the credit goes to the work that was put off: it is due some time, however dear the rest is. */
static void pay_both(struct budget *budget, __u64 credit_ns)
{
	__u64 half_ns = credit_ns / 2;
	__u64 left_ns = pay(&budget->put_off_debt_ns, half_ns) + credit_ns - half_ns;

	pay(&budget->put_off_debt_ns, pay(&budget->debt_ns, left_ns));
}

void budget_spend(struct budget *budget, __u64 cpu_ns, __u64 now_ns, bool put_off)
{
	__u64 spent_ns = cpu_ns - budget->cpu_ns;

	if (!budget->now_ns) {
		budget->debt_ns = least(spent_ns, BUDGET_FREE_NS);
	} else {
		pay_both(budget, (now_ns - budget->now_ns) / BUDGET_DIVISOR);
		*(put_off ? &budget->put_off_debt_ns : &budget->debt_ns) += spent_ns;
		budget->look_ns += put_off ? 0 : spent_ns;
	}
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

/* How much of a look's cost counts while there is this much debt, in thousandths. */
static __u64 weight(__u64 debt_ns)
{
	return least(1000 + (debt_ns - BUDGET_FREE_NS) * 1000 / BUDGET_DEBT_NS, 1000ULL * BUDGET_WEIGHT);
}

__u64 budget_wait(const struct budget *budget)
{
	__u64 divisor = budget->put_off_debt_ns ? 2 * BUDGET_DIVISOR : BUDGET_DIVISOR;
	__u64 usual_ns = least(budget->look_ns, budget->look_before_ns), debt_ns = budget->debt_ns, wait_ns;

	if (debt_ns <= BUDGET_FREE_NS)
		return 0;
	wait_ns = least(debt_ns, usual_ns * weight(debt_ns) / 1000);
	/* Dear looks and cheap ones in turn. */
	if (debt_ns > BUDGET_MOST_NS && debt_ns - BUDGET_MOST_NS > wait_ns)
		wait_ns = debt_ns - BUDGET_MOST_NS;
	return wait_ns * divisor;
}

bool budget_is_paid(const struct budget *budget)
{
	return !budget->put_off_debt_ns;
}
