/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "apart/foreign_losses.h"

void foreign_losses_add(struct foreign_losses *losses, __u32 pid, __u64 count)
{
	size_t i;

	for (i = 0; i < losses->count && i < FOREIGN_NAMED && losses->items[i].pid != pid; i++)
		;
	if (i == losses->count)
		losses->items[losses->count++] = (struct foreign_loss){.pid = i < FOREIGN_NAMED ? pid : 0};
	losses->items[i].count += count;
}

void foreign_losses_note(struct foreign_losses *losses, __u32 pid)
{
	foreign_losses_add(losses, pid, 1);
}
