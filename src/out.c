/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "out.h"

static int failure(void)
{
	return errno ? -errno : -EIO;
}

int out_write(FILE *out, const struct buffer *bytes)
{
	errno = 0;
	return fwrite(bytes->data, 1, bytes->size, out) == bytes->size ? 0 : failure();
}

int out_flush(FILE *out)
{
	errno = 0;
	return fflush(out) || ferror(out) ? failure() : 0;
}

bool out_has_color(const struct options *options, FILE *out)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (options->no_color || (no_color && *no_color) || (term && !strcmp(term, "dumb")))
		return false;
	return isatty(fileno(out));
}
