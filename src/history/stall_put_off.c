/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "history/stall_put_off.h"

#include "reports/reports.h"

static void count_down(double *left_s, double passed)
{
	*left_s = *left_s > passed ? *left_s - passed : *left_s > 0 ? 0 : *left_s;
}

void stall_count_down(struct row *row, double passed)
{
	if (row->type == ROW_HANDSHAKE) {
		count_down(&row->handshake.next_retransmit_s, passed);
		count_down(&row->handshake.gives_up_s, passed);
	} else if (row->type == ROW_CLOSING) {
		count_down(&row->closing.gives_up_s, passed);
	}
}

bool stall_goes_on(const struct row *row, struct report *report, const struct look *look)
{
	if (row->type == ROW_CHAIN)
		return !report_has_chains(report, row->host_at);
	if (row->type != ROW_HANDSHAKE && row->type != ROW_LISTENER && row->type != ROW_CLOSING &&
	    row->type != ROW_SERVICE)
		return false;
	return row->netns != NOT_KNOWN && look_is_put_off(look, (__u32)row->netns) &&
	       !report_why_closed(&report->arena, row, look);
}

bool stalls_put_off(const struct report *report, const struct looks *looks)
{
	for (size_t i = 0; i < looks->count; i++) {
		const struct look *look = looks->items[i].look;

		if (look && (look->head->put_off || !report_has_chains(report, look->host_at)))
			return true;
	}
	return false;
}
