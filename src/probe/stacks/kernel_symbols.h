/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Stacks of the kernel as text: a part of the probe. */
#ifndef SOCKSTALL_PROBE_STACKS_KERNEL_SYMBOLS_H
#define SOCKSTALL_PROBE_STACKS_KERNEL_SYMBOLS_H

#include "probe/internal.h"
#include "stack_sample.h"

/* Between two frames of a text. */

/* When first needed. Returns 0, also where the kernel does not tell; or -ENOMEM. */
int kernel_symbols_read(struct symbol_cache *symbols);

/* Appends the kernel's frames. Returns 0 or -ENOMEM. */
int kernel_symbols_say(const struct symbol_cache *symbols, const struct stack_sample *sample, struct buffer *text);

#endif
