/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "base/array.h"
#include "base/clock.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ELLIPSIS    "\xe2\x80\xa6" /* U+2026 */

#define TIME_DIGITS 9

/* Without libm. The value must fit. */
static int64_t nearest(double value)
{
	return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

static double magnitude(double value)
{
	return value < 0 ? -value : value;
}

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
		size = vsnprintf(at, room, format, arguments);
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
	static const char *const commands[] = {"sockstall ", "nsenter ", "kill -", "prlimit -", "sysctl -"};

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

int text_time(struct buffer *out, uint64_t realtime_ns, unsigned int digits)
{
	time_t seconds = (time_t)(realtime_ns / NS_PER_S);
	char date[32], fraction[TIME_DIGITS + 1];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm))
		return -EINVAL;
	snprintf(fraction, sizeof(fraction), "%09u", (unsigned int)(realtime_ns % NS_PER_S));
	return text_printf(out, "%s%s%.*sZ", date, digits ? "." : "", (int)digits, fraction);
}

/* Below a minute: one decimal, if it tells something. */
static int short_duration(struct buffer *out, double seconds)
{
	if (seconds < 0.0009995)
		return text_printf(out, "%" PRId64 "us", nearest(seconds * 1e6));
	if (seconds < 0.9995)
		return text_printf(out, "%" PRId64 "ms", nearest(seconds * 1e3));
	return text_printf(out, "%" PRId64 ".%" PRId64 "s", nearest(seconds * 10) / 10, nearest(seconds * 10) % 10);
}

int text_duration(struct buffer *out, double seconds)
{
	uint64_t whole;

	if (seconds < 0)
		return text_add(out, "-") ?: text_duration(out, -seconds);
	if (seconds < 59.95)
		return short_duration(out, seconds);
	if (seconds >= 1e15)
		return text_printf(out, "%.0fd", seconds / 86400);
	whole = (uint64_t)nearest(seconds);
	if (whole < 3600)
		return text_printf(out, "%" PRIu64 "m%02" PRIu64 "s", whole / 60, whole % 60);
	if (whole < 86400)
		return text_printf(out, "%" PRIu64 "h%02" PRIu64 "m", whole / 3600, whole / 60 % 60);
	return text_printf(out, "%" PRIu64 "d%02" PRIu64 "h", whole / 86400, whole / 3600 % 24);
}

/* Appends value as an integer number of 10^-decimals; no printf of a double, for that follows the locale. */
static int add_fixed(struct buffer *out, double value, unsigned int decimals, double scale)
{
	int64_t scaled = nearest(value * scale), unit = nearest(scale);

	if (scaled < 0) {
		scaled = -scaled;
		return text_printf(out, "-%" PRId64 ".%0*" PRId64, scaled / unit, (int)decimals, scaled % unit);
	}
	return text_printf(out, "%" PRId64 ".%0*" PRId64, scaled / unit, (int)decimals, scaled % unit);
}

int text_rate(struct buffer *out, double value)
{
	double size = magnitude(value);

	if (size < 0.005)
		return text_add(out, "0");
	if (size < 9.995)
		return add_fixed(out, value, 2, 1e2);
	if (size < 99.95)
		return add_fixed(out, value, 1, 1e1);
	return text_printf(out, "%.0f", value);
}

int text_number(struct buffer *out, double value)
{
	size_t from = out->size;
	int error;

	/* Above this a double has no six decimals, and the sum does not fit into 64 bits. */
	if (magnitude(value) >= 1e12)
		return text_printf(out, "%.0f", value);
	if (magnitude(value) < 0.5e-6)
		return text_add(out, "0");
	error = add_fixed(out, value, 6, 1e6);
	if (error)
		return error;
	while (out->size > from && out->data[out->size - 1] == '0')
		out->size--;
	if (out->data[out->size - 1] == '.')
		out->size--;
	return 0;
}
