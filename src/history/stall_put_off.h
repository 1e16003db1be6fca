/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Stalls that a look has left out: of namespaces that are put off, and chains. Pure. */
#ifndef SOCKSTALL_HISTORY_STALL_PUT_OFF_H
#define SOCKSTALL_HISTORY_STALL_PUT_OFF_H

#include "rows/report.h"

/* True if the socket or the chain was not looked at, and nothing else tells that the stall has ended. */
bool stall_goes_on(const struct row *row, struct report *report, const struct look *look);

/* What is left of its times, after so many seconds. */
void stall_count_down(struct row *row, double passed);

/* Whether one of these has put off a namespace or chains. */
bool stalls_put_off(const struct report *report, const struct looks *looks);

#endif
