/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The command line: lines are words. Bad ones end with exit code 2, and never in another way. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "options/options.h"

#define WORDS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *argv[WORDS_MAX + 2] = {(char *)"sockstall"}, *at = text;
	struct options options;
	int argc = 1, code;

	memcpy(text, data, size);
	text[size] = '\0';
	while (at && argc <= WORDS_MAX)
		argv[argc++] = strsep(&at, "\n");
	code = options_parse(&options, argc, argv);
	if (code && code != 2)
		abort();
	if (!code)
		options_free(&options);
	free(text);
	return 0;
}
