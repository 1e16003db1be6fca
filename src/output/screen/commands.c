/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Commands on the evidence page. */
#include "base/text.h"
#include "output/screen/internal.h"

static int add(struct lines *lines, const char *command, size_t length, size_t width)
{
	struct buffer raw = {0}, text = {0};
	int error = buffer_append(&raw, command, length) ?: buffer_append(&raw, "", 1) ?:
		    text_printable(&text, raw.data) ?: buffer_append(&text, "", 1) ?:
		    lines_add_wrapped(lines, text.data, 0, 0, width);

	buffer_free(&raw);
	buffer_free(&text);
	return error;
}

int screen_add_commands(struct lines *lines, const char *commands, size_t width)
{
	const char *command;
	size_t length;
	int error = 0;

	while (!error && (command = text_line(&commands, &length)))
		error = add(lines, command, length, width);
	return error;
}
