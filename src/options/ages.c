/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "options/ages.h"

uint64_t min_age_of(const struct scope *scope, enum row_type type)
{
	if (scope->min_age_given)
		return scope->min_age_ns;
	if (type == ROW_SERVICE)
		return SERVICE_MIN_AGE_NS;
	return type == ROW_LOOP ? LOOP_MIN_AGE_NS : DEFAULT_MIN_AGE_NS;
}

uint64_t closing_min_age(const struct scope *scope)
{
	return scope->min_age_given ? scope->min_age_ns : CLOSING_MIN_AGE_NS;
}
