/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/patience.h"

/* Output to stdout does not go through stdio, which would write parts of lines. */
static struct {
	char bytes[65536];
	size_t size;
	int error; /* the first; nothing is written after it: there would be a hole */
} standard;

static int failure(void)
{
	return errno ? -errno : -EIO;
}

static int write_standard(const char *bytes, size_t size)
{
	if (!standard.error && size)
		standard.error = patience_write(STDOUT_FILENO, bytes, size);
	return standard.error;
}

static int flush_standard(void)
{
	size_t size = standard.size;

	standard.size = 0;
	return write_standard(standard.bytes, size);
}

static int add_standard(const struct buffer *bytes)
{
	if (bytes->size > sizeof(standard.bytes) - standard.size && flush_standard())
		return standard.error;
	if (bytes->size > sizeof(standard.bytes))
		return write_standard(bytes->data, bytes->size);
	if (bytes->size)
		memcpy(standard.bytes + standard.size, bytes->data, bytes->size);
	standard.size += bytes->size;
	return standard.error;
}

int out_error(void)
{
	return standard.error;
}

bool out_gave_up(void)
{
	return standard.error == -ECANCELED;
}

int out_write(FILE *out, const struct buffer *bytes)
{
	if (out == stdout)
		return add_standard(bytes);
	errno = 0;
	return fwrite(bytes->data, 1, bytes->size, out) == bytes->size ? 0 : failure();
}

int out_flush(FILE *out)
{
	if (out == stdout)
		return flush_standard();
	errno = 0;
	return fflush(out) || ferror(out) ? failure() : 0;
}

bool out_has_color(bool no_color, FILE *out)
{
	const char *wish = getenv("NO_COLOR"), *term = getenv("TERM");

	if (no_color || (wish && *wish) || (term && !strcmp(term, "dumb")))
		return false;
	return isatty(fileno(out));
}

size_t out_width(FILE *out)
{
	const char *columns_text = getenv("COLUMNS");
	unsigned long columns_given = columns_text ? strtoul(columns_text, NULL, 10) : 0;
	struct winsize size;

	if (isatty(fileno(out)) && !ioctl(fileno(out), TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return columns_given && columns_given < 65536 ? columns_given : WIDTH_UNLIMITED;
}
