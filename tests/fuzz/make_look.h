/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Any bytes to looks that look_index() takes, so that a fuzzer spends its time behind it: the bytes are a list of
 * records, each a type, a length in two bytes, and contents. Missing bytes are zero, and counts of records that follow
 * are true. A corpus stays of use when records change.
 */
#ifndef SOCKSTALL_FUZZ_MAKE_LOOK_H
#define SOCKSTALL_FUZZ_MAKE_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "look/look.h"

struct input {
	const uint8_t *at, *end;
};

/* The next look of the input: true, and look is filled and indexed; or false at the end. */
bool make_look_next(struct input *input, struct look *look);

#endif
