/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which processes could not be looked at. Pure. */
#ifndef SOCKSTALL_APART_FOREIGN_LOSSES_H
#define SOCKSTALL_APART_FOREIGN_LOSSES_H

#include <stddef.h>

#include <linux/types.h>

/* A process that could not be looked at since the last time this was asked. */
struct foreign_loss {
	__u32 pid; /* 0: more of them than are named */
	__u64 count; /* of its reads that were not done */
};

/* Losses of one look that are named one by one; the rest is one more loss. */
#define FOREIGN_NAMED 16

struct foreign_losses {
	struct foreign_loss items[FOREIGN_NAMED + 1];
	size_t count;
};

/* One more read that was not done; or `count` more. */
void foreign_losses_note(struct foreign_losses *losses, __u32 pid);
void foreign_losses_add(struct foreign_losses *losses, __u32 pid, __u64 count);

#endif
