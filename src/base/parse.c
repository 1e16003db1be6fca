/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/parse.h"

#include <string.h>

static unsigned int digit_of(char character)
{
	if (character >= '0' && character <= '9')
		return (unsigned int)(character - '0');
	if (character >= 'a' && character <= 'f')
		return (unsigned int)(character - 'a') + 10;
	return 16;
}

const char *take_number(const char *at, const char *end, unsigned int base, __u64 *number)
{
	const char *start = at;
	__u64 value = 0;

	for (; at && at < end && digit_of(*at) < base; at++) {
		if (__builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, digit_of(*at), &value))
			return NULL;
	}
	*number = value;
	return at > start ? at : NULL;
}

const char *take_text(const char *at, const char *end, const char *text)
{
	size_t length = strlen(text);

	return at && (size_t)(end - at) >= length && !memcmp(at, text, length) ? at + length : NULL;
}

const char *take_spaces(const char *at, const char *end)
{
	while (at && at < end && *at == ' ')
		at++;
	return at;
}
