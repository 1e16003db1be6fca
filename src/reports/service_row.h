/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Rows of services. */
#ifndef SOCKSTALL_REPORTS_SERVICE_ROW_H
#define SOCKSTALL_REPORTS_SERVICE_ROW_H

#include "reports/reports.h"
#include "rules/service.h"

/* One service on its way into the report. */
struct service {
	const struct service_record
		*record; /* NULL: a unix socket, whose connections tell nothing of requests and answers */
	const struct listener_record *unix_one; /* then */
	const struct socket_name *name;
	__u64 syn_queue, drops;
	double drops_s; /* in which they were counted; NAN: they are not known */
	__u32 accept_queue, accept_queue_max;
	__u64 oldest_queued_ns;
};

/* Adds its row, as the rule for this evidence has it. The owner may be NULL. Returns 0 or -ENOMEM. */
int service_row_add(struct report *report, const struct look *look, const struct scope *scope,
		    const struct service *service, const struct owner_record *owner,
		    const struct service_evidence *evidence);

#endif
