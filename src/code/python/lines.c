/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/python/lines.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes of an instruction: the table counts in these. */
#define UNIT 2

/* What a first byte says of the entry: see the enum _PyCodeLocationInfoKind of CPython. */
enum {
	ONE_LINE = 10, /* and up to 12: so many lines further */
	NO_COLUMNS = 13,
	LONG = 14,
	NONE = 15,
};

struct table {
	const unsigned char *at, *end;
};

/* Six bits a byte, the lowest first; another follows where the seventh is set. */
static __u32 take_number(struct table *table)
{
	__u32 value = 0, byte = 64;
	unsigned int shift;

	for (shift = 0; byte & 64 && table->at < table->end; shift += 6) {
		byte = *table->at++;
		if (shift < 30)
			value |= (byte & 63) << shift;
	}
	return value;
}

/* With the sign in the lowest bit. */
static __s64 take_signed(struct table *table)
{
	__u32 value = take_number(table);

	return value & 1 ? -(__s64)(value >> 1) : (__s64)(value >> 1);
}

/* How much further than the entry before the line is. */
static __s64 take_lines(struct table *table, unsigned int code)
{
	if (code == NO_COLUMNS || code == LONG)
		return take_signed(table);
	return code >= ONE_LINE && code < NO_COLUMNS ? code - ONE_LINE : 0;
}

/* Only first bytes have the highest bit. */
static void skip_rest(struct table *table)
{
	while (table->at < table->end && !(*table->at & 0x80))
		table->at++;
}

__u32 python_line(const void *bytes, size_t size, __u32 first_line, __u64 offset)
{
	struct table table = {bytes, (const unsigned char *)bytes + size};
	__s64 line = first_line;
	__u64 end = 0;
	unsigned int first, code;

	while (table.at < table.end) {
		first = *table.at++;
		if (!(first & 0x80))
			return 0;
		code = first >> 3 & 15;
		end += ((first & 7) + 1) * UNIT;
		line += take_lines(&table, code);
		if (offset < end)
			return code != NONE && line > 0 && line <= INT32_MAX ? (__u32)line : 0;
		skip_rest(&table);
	}
	return 0;
}
