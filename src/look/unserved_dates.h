/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Epoll instances with something to read that no thread waits for: since when scans of all files have found them so.
 * Pure.
 */
#ifndef SOCKSTALL_LOOK_UNSERVED_DATES_H
#define SOCKSTALL_LOOK_UNSERVED_DATES_H

#include <stdbool.h>

#include "base/buffer.h"
#include "owner_record.h"

/*
 * Dates the instances of a new scan, an array of struct epoll_record, by those of the scan before; sorts them, too.
 * Where waits are not counted nothing tells whether they were served in between: then none gets a date.
 */
void unserved_date(struct buffer *epolls, const struct buffer *before, bool waits_are_counted);

/* Whether another scan is due at `now`, to see whether they still are. scanned_ns: when the last was made. */
bool unserved_is_due(const struct buffer *epolls, __u64 scanned_ns, __u64 now);

/*
 * Whether a scan is due for a loop that left its instance at left_ns: once it has been away for a second, then each
 * time that it has been away for twice as long, as a client may ask by then; and at last every 30 s. Where its own
 * counters tell that it has stalled, they tell it sooner than the second scan.
 */
bool unserved_may_be_new(__u64 left_ns, bool counters_tell, __u64 scanned_ns, __u64 now);

/*
 * Whether a scan some time after the last would settle it, and no wait on them was counted in the records of this look.
 */
bool unserved_is_open(const struct buffer *epolls, const struct buffer *look);

#endif
