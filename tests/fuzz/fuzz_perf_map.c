/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Perf maps: the first byte says in pieces of which size the rest is taken. The same names come of it as from one
 * piece.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "code/jit/perf_map.h"

static struct perf_name names[2][2];

static void take(struct perf_name *to, const char *bytes, size_t size, size_t piece)
{
	struct perf_scan scan = {.names = to, .count = 2};
	size_t part;

	to[0] = (struct perf_name){.address = 0x1010};
	to[1] = (struct perf_name){.address = 0x7f0000001000};
	for (; size; bytes += part, size -= part) {
		part = piece < size ? piece : size;
		perf_map_take(&scan, bytes, part);
	}
}

static void check_text(const char *text)
{
	for (; text && *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct perf_function function;
	size_t i;

	if (!size)
		return 0;
	take(names[0], (const char *)data + 1, size - 1, data[0] + 1U);
	take(names[1], (const char *)data + 1, size - 1, size);
	for (i = 0; i < 2; i++) {
		if (strcmp(names[0][i].name, names[1][i].name) != 0)
			abort();
		perf_function_read(&function, names[0][i].name);
		check_text(function.name);
		check_text(function.file);
	}
	return 0;
}
