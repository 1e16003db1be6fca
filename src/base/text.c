/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/text.h"

#include <errno.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/format.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ELLIPSIS    "\xe2\x80\xa6" /* U+2026 */

int text_add(struct buffer *out, const char *text)
{
	return buffer_append(out, text, strlen(text));
}

int text_printf(struct buffer *out, const char *format, ...)
{
	size_t room = 64; /* enough for nearly all, so that most text is formatted once */

	for (;;) {
		char *at = buffer_reserve(out, room);
		va_list arguments;
		int size;

		if (!at)
			return -ENOMEM;
		va_start(arguments, format);
		room = out->capacity - out->size;
		size = format_text(at, room, format, arguments);
		va_end(arguments);
		if (size < 0)
			return -EINVAL;
		if ((size_t)size < room) {
			out->size += (size_t)size;
			return 0;
		}
		room = (size_t)size + 1;
	}
}

int text_spaces(struct buffer *out, size_t count)
{
	char *at;

	if (!count)
		return 0;
	at = buffer_reserve(out, count);
	if (!at)
		return -ENOMEM;
	memset(at, ' ', count);
	out->size += count;
	return 0;
}

/* How long a character is by its first byte, and the smallest code that may be that long. */
static size_t sequence(unsigned char first, uint32_t *bits, uint32_t *smallest)
{
	if (first < 0x80) {
		*bits = first;
		*smallest = 1;
		return 1;
	}
	if ((first & 0xe0) == 0xc0) {
		*bits = first & 0x1f;
		*smallest = 0x80;
		return 2;
	}
	if ((first & 0xf0) == 0xe0) {
		*bits = first & 0x0f;
		*smallest = 0x800;
		return 3;
	}
	if ((first & 0xf8) == 0xf0) {
		*bits = first & 0x07;
		*smallest = 0x10000;
		return 4;
	}
	return 0;
}

size_t text_decode(const char *text, uint32_t *code)
{
	uint32_t bits, smallest;
	size_t size = sequence((unsigned char)text[0], &bits, &smallest);

	for (size_t i = 1; i < size; i++) {
		unsigned char byte = (unsigned char)text[i];

		/* Also the way out at the NUL. */
		if ((byte & 0xc0) != 0x80)
			return 0;
		bits = bits << 6 | (byte & 0x3f);
	}
	if (!size || bits < smallest || bits > 0x10ffff || (bits >= 0xd800 && bits <= 0xdfff))
		return 0;
	*code = bits;
	return size;
}

size_t text_prefix(const char *text, size_t characters)
{
	const char *end = text;
	uint32_t code;

	while (*end && characters--)
		end += text_decode(end, &code) ?: 1;
	return (size_t)(end - text);
}

int text_utf8(struct buffer *out, const char *text)
{
	const char *valid = text; /* what has not been appended yet begins here */
	int error = 0;

	while (*text && !error) {
		uint32_t code;
		size_t size = text_decode(text, &code);

		text += size;
		if (size)
			continue;
		error = buffer_append(out, valid, (size_t)(text - valid)) ?: text_add(out, REPLACEMENT);
		valid = ++text;
	}
	return error ?: buffer_append(out, valid, (size_t)(text - valid));
}

bool text_locale_is_utf8(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* Characters that show nothing, or that change how their neighbours are shown. */
static bool is_deceptive(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x061c, 0x061c}, /* Arabic letter mark */
		{0x180e, 0x180e}, /* Mongolian vowel separator */
		{0x200b, 0x200f}, /* zero width, left-to-right and right-to-left marks */
		{0x2028, 0x202e}, /* line and paragraph separators, bidi embeddings and overrides */
		{0x2060, 0x206f}, /* word joiner, invisible operators, bidi isolates */
		{0xfeff, 0xfeff}, /* byte order mark */
		{0xfff9, 0xfffb}, /* interlinear annotation */
		{0xe0000, 0xe007f}, /* tags */
	};

	for (size_t i = 0; i < COUNT_OF(ranges); i++) {
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	}
	return false;
}

bool text_is_harmless(uint32_t code)
{
	if (code < 0x80)
		return code >= 0x20 && code != 0x7f;
	/* C1 controls are terminal commands as well. */
	return code >= 0xa0 && !is_deceptive(code);
}

/* In Latin-1 even parts of a character would be C1 controls. */
static bool is_printable(uint32_t code)
{
	return text_is_harmless(code) && (code < 0x80 || (text_locale_is_utf8() && wcwidth((wchar_t)code) >= 0));
}

static int add_escape(struct buffer *out, uint32_t code)
{
	if (code < 0x80)
		return text_printf(out, "\\x%02x", code);
	return text_printf(out, code > 0xffff ? "\\U%08x" : "\\u%04x", code);
}

static int add_shown(struct buffer *out, const char *text, bool (*is_shown)(uint32_t code))
{
	int error = 0;

	while (*text && !error) {
		uint32_t code;
		size_t size = text_decode(text, &code);

		if (!size)
			error = text_printf(out, "\\x%02x", (unsigned char)*text);
		else if (is_shown(code))
			error = buffer_append(out, text, size);
		else
			error = add_escape(out, code);
		text += size ? size : 1;
	}
	return error;
}

int text_printable(struct buffer *out, const char *text)
{
	return add_shown(out, text, is_printable);
}

int text_clean(struct buffer *out, const char *text)
{
	return add_shown(out, text, text_is_harmless);
}

/* The next character of printable text. Returns its bytes and sets the columns it takes. */
static size_t step(const char *text, size_t *width)
{
	uint32_t code;
	size_t size = text_decode(text, &code);
	int columns = size ? wcwidth((wchar_t)code) : -1;

	*width = columns >= 0 ? (size_t)columns : 1;
	return size ? size : *text != '\0';
}

const char *text_line(const char **next, size_t *length)
{
	const char *line = *next;

	if (!line || !*line)
		return NULL;
	*length = strcspn(line, "\n");
	*next = line + *length + (line[*length] != '\0');
	return line;
}

size_t text_width(const char *text)
{
	size_t total = 0, width, size;

	while ((size = step(text, &width))) {
		total += width;
		text += size;
	}
	return total;
}

/* How many bytes of text fit into `width` columns. */
static size_t prefix(const char *text, size_t width)
{
	size_t at = 0, used = 0, more, size;

	while ((size = step(text + at, &more)) && used + more <= width) {
		used += more;
		at += size;
	}
	return at;
}

/* Where the last part of text begins that fits into `width` columns. */
static size_t suffix(const char *text, size_t width)
{
	size_t total = text_width(text), at = 0, more, size;

	while (total > width && (size = step(text + at, &more))) {
		total -= more;
		at += size;
	}
	return at;
}

int text_fit(struct buffer *out, const char *text, size_t width, enum text_cut cut)
{
	size_t tail;

	if (text_width(text) <= width)
		return text_add(out, text);
	if (!width)
		return 0;
	tail = cut == CUT_MIDDLE ? (width - 1) / 2 : 0;
	return buffer_append(out, text, prefix(text, width - 1 - tail)) ?:
	       text_add(out, text_locale_is_utf8() ? ELLIPSIS : "~") ?:
	       text_add(out, text + suffix(text, tail));
}

/* Commands that advice names, which are copied from a screen. */
static bool is_command(const char *text)
{
	static const char *const commands[] = {"sockstall ",   "nsenter ",    "kill -",	      "prlimit -",
					       "sysctl -",     "kubectl -",   "journalctl -", "systemctl status ",
					       "docker logs ", "podman logs "};

	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (!strncmp(text, commands[i], strlen(commands[i])))
			return true;
	return false;
}

/* Where a command begins that a line of this length would break; 0: nowhere. It ends where the sentence goes on. */
static size_t broken_command(const char *text, size_t end)
{
	for (size_t i = 1; text[end] && i < end; i++)
		if (text[i - 1] == ' ' && is_command(text + i) && i + strcspn(text + i, ";,") > end)
			return i;
	return 0;
}

size_t text_wrap(const char *text, size_t width, size_t *next)
{
	size_t end = prefix(text, width), space, command, ignored;

	if (!end) /* a character wider than the line */
		end = step(text, &ignored);
	for (space = end; text[end] && space && text[space] != ' '; space--)
		;
	if (text[end] && space)
		end = space;
	command = broken_command(text, end);
	if (command)
		end = command - 1;
	*next = end;
	while (text[*next] == ' ')
		(*next)++;
	return end;
}
