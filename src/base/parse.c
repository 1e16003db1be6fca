/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/parse.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"

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

int number_parse(const char *text, uint64_t low, uint64_t high, uint64_t *number)
{
	uint64_t value = 0;
	const char *at;

	for (at = text; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *at - '0', &value))
			return -EINVAL;
	}
	if (at == text || *at || value < low || value > high)
		return -EINVAL;
	*number = value;
	return 0;
}

/* How many ns a unit has; 0: there is no such unit. */
static uint64_t duration_unit(const char *text)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {{"", NS_PER_S}, {"ms", NS_PER_MS}, {"s", NS_PER_S}, {"m", NS_PER_MIN}, {"h", NS_PER_H}};
	size_t i;

	for (i = 0; i < COUNT_OF(units); i++) {
		if (!strcmp(text, units[i].name))
			return units[i].ns;
	}
	return 0;
}

int duration_parse(const char *text, uint64_t *ns)
{
	static const char digits[] = "0123456789";
	size_t whole = strspn(text, digits), decimals = 0, i;
	uint64_t total = 0, unit, place;

	if (text[whole] == '.') {
		decimals = strspn(text + whole + 1, digits);
		if (!decimals)
			return -EINVAL;
	}
	unit = duration_unit(text + whole + (decimals ? decimals + 1 : 0));
	if (!whole || !unit)
		return -EINVAL;
	for (i = 0; i < whole; i++) {
		if (__builtin_mul_overflow(total, 10, &total) || __builtin_add_overflow(total, text[i] - '0', &total))
			return -EINVAL;
	}
	if (__builtin_mul_overflow(total, unit, &total))
		return -EINVAL;
	for (i = 1, place = unit / 10; i <= decimals && place; i++, place /= 10) {
		if (__builtin_add_overflow(total, (text[whole + i] - '0') * place, &total))
			return -EINVAL;
	}
	*ns = total;
	return 0;
}

int duration_parse_within(const char *text, uint64_t low, uint64_t high, uint64_t *ns)
{
	uint64_t value;
	int err = duration_parse(text, &value);

	if (err)
		return err;
	if (value < low || value > high)
		return -EINVAL;
	*ns = value;
	return 0;
}
