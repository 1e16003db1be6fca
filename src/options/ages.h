/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* How old a stall must be to be reported. All in ns. */
#ifndef SOCKSTALL_OPTIONS_AGES_H
#define SOCKSTALL_OPTIONS_AGES_H

#include "base/clock.h"
#include "options/options.h"
#include "rows/row.h"

#define DEFAULT_MIN_AGE_NS NS_PER_S
#define LOOP_MIN_AGE_NS	   (100 * NS_PER_MS) /* of a loop, where --min-age is not given; */
#define SERVICE_MIN_AGE_NS (10 * NS_PER_S) /* of a service; */
#define CLOSING_MIN_AGE_NS (60 * NS_PER_S) /* and of a connection that an application has yet to close */

/* How old a stall of this type must be to be stuck, in ns: kinds apply it to what they find. */
uint64_t min_age_of(const struct scope *scope, enum row_type type);

/* The same for connections that an application has yet to close. */
uint64_t closing_min_age(const struct scope *scope);

#endif
