/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/words.h"

#include <stdbool.h>
#include <string.h>

/* Appends one word to `to`; returns what follows it, or NULL: a quote has no end. */
static const char *take_word(const char *at, char *to)
{
	char quote = 0;

	for (; *at && (quote || (*at != ' ' && *at != '\t')); at++) {
		bool escapes = *at == '\\' && quote != '\'';

		if (quote && *at == quote)
			quote = 0;
		else if (!quote && (*at == '\'' || *at == '"'))
			quote = *at;
		else if (escapes && at[1] && (!quote || at[1] == '"' || at[1] == '\\'))
			*to++ = *++at;
		else
			*to++ = *at;
	}
	*to = '\0';
	return quote ? NULL : at;
}

const char *command_line_split(const char *text, struct arena *arena, char *words[COMMAND_LINE_WORDS + 1])
{
	size_t count = 0;

	for (text += strspn(text, " \t"); *text; text += strspn(text, " \t")) {
		if (count == COMMAND_LINE_WORDS)
			return "too many words";
		words[count] = arena_alloc(arena, strlen(text) + 1);
		if (!words[count])
			return "no memory";
		text = take_word(text, words[count++]);
		if (!text)
			return "a quote has no end";
	}
	words[count] = NULL;
	return count && *words[0] ? NULL : "a command is missing";
}
