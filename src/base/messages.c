/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/messages.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/patience.h"
#include "base/text.h"

static int add_line(struct messages *messages, const char *text)
{
	struct buffer line = {0};
	int err = text_add(&line, "sockstall: ") ?: text_printable(&line, text) ?: text_add(&line, "\n");

	if (!err && !messages->hold)
		patience_write(STDERR_FILENO, line.data, line.size);
	else if (!err && messages->held.size + line.size <= MESSAGES_HELD)
		err = buffer_append(&messages->held, line.data, line.size);
	buffer_free(&line);
	return err;
}

/* The message is often that there is no memory: so the line is made without any, in ASCII, cut where it is longer. */
static void say_without_memory(const char *format, va_list arguments)
{
	char line[512] = "sockstall: ";
	size_t i, length = strlen(line);

	vsnprintf(line + length, sizeof(line) - length - 1, format, arguments);
	for (i = length; line[i]; i++)
		if (line[i] < ' ' || line[i] > '~')
			line[i] = '?';
	line[i++] = '\n';
	patience_write(STDERR_FILENO, line, i);
}

static void say(struct messages *messages, const char *format, va_list arguments)
{
	char *text = NULL;
	va_list again;

	va_copy(again, arguments);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	if ((!text || add_line(messages, text)) && !messages->hold)
		say_without_memory(format, again);
	va_end(again);
	free(text);
}

void messages_say(struct messages *messages, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(messages, format, arguments);
	va_end(arguments);
}

void messages_tell(const char *format, ...)
{
	struct messages messages = {0};
	va_list arguments;

	va_start(arguments, format);
	say(&messages, format, arguments);
	va_end(arguments);
}

void messages_end(struct messages *messages)
{
	if (messages->held.size)
		patience_write(STDERR_FILENO, messages->held.data, messages->held.size);
	buffer_free(&messages->held);
}
