/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/go/frames.h"

#include <string.h>

static bool read_word(const struct go_stack *stack, __u64 address, __u64 *word)
{
	__u64 at = address - stack->first;

	if (address < stack->first || at > stack->size || stack->size - at < sizeof(*word))
		return false;
	memcpy(word, stack->bytes + at, sizeof(*word));
	return true;
}

/* From one frame to the one above it. */
static bool next_frame(const struct go_stack *stack, const struct go_function *function, bool first, __u64 *code,
		       __u64 *at)
{
	__u64 above = *at + (__u64)function->frame;

	if (above < *at)
		return false;
	if (stack->has_link && first && !function->frame) {
		*code = stack->link;
		return true;
	}
	if (!read_word(stack, stack->has_link ? *at : above, code))
		return false;
	above += stack->has_link ? 0 : sizeof(*code);
	/* Frames lie one above the other: what does not is none, and would go round in circles. */
	if (above <= *at)
		return false;
	*at = above;
	return true;
}

size_t go_frames(const struct go_stack *stack, bool (*find)(void *context, __u64 address, struct go_function *function),
		 void *context, __u64 *addresses, size_t most)
{
	__u64 code = stack->code, at = stack->stack;
	struct go_function function;
	size_t count = 0;

	while (count < most && code && find(context, code - !!count, &function)) {
		addresses[count++] = code;
		if (function.frame < 0 || !next_frame(stack, &function, count == 1, &code, &at))
			break;
	}
	return count;
}
