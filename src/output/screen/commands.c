/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Commands on the evidence page. */
#include "base/text.h"
#include "output/advice.h"
#include "output/screen/internal.h"

int screen_add_commands(struct lines *lines, const char *commands, size_t width)
{
	const char *command;
	size_t length;
	int error = 0;

	while (!error && (command = text_line(&commands, &length)))
		error = advice_add_command(lines, command, length, 0, width);
	return error;
}
