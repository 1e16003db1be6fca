/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/format.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

/* Digits of the largest number, and no more are asked for. */
#define DIGITS_MOST 20

struct directive {
	unsigned int width; /* filled up with zeros */
	int precision; /* of text; -1: none */
	bool precision_given; /* as an argument: * */
	unsigned int longs; /* how many l stand there */
	bool size; /* z */
	char conversion;
};

struct text {
	char *out;
	size_t room, length; /* length: of all, also of what has no room */
	va_list arguments;
};

static void add(struct text *text, const char *from, size_t length)
{
	size_t left = text->room > text->length ? text->room - text->length : 0;

	if (left)
		memcpy(text->out + text->length, from, length < left ? length : left);
	text->length += length;
}

/* ---- What a format says ---- */

/* Moves *at behind the number. Returns it; or more than DIGITS_MOST. */
static unsigned int parse_number(const char **at)
{
	unsigned int number = 0;

	for (; **at >= '0' && **at <= '9'; (*at)++)
		number = number > DIGITS_MOST ? number : number * 10 + (unsigned int)(**at - '0');
	return number;
}

/* Returns what is behind the precision. */
static const char *parse_precision(struct directive *directive, const char *at)
{
	directive->precision = -1;
	if (*at != '.')
		return at;
	directive->precision_given = at[1] == '*';
	if (directive->precision_given)
		return at + 2;
	at++;
	directive->precision = (int)parse_number(&at);
	return at;
}

static bool is_known(const struct directive *directive)
{
	bool has_precision = directive->precision_given || directive->precision >= 0;
	bool is_long = directive->longs || directive->size;

	switch (directive->conversion) {
	case 's':
		return !directive->width && !is_long && directive->precision <= DIGITS_MOST;
	case 'c':
	case '%':
		return !directive->width && !is_long && !has_precision;
	case 'd':
	case 'i':
		return !directive->width && !has_precision && directive->longs <= 2;
	case 'u':
	case 'x':
		return directive->width <= DIGITS_MOST && !has_precision && directive->longs <= 2;
	default:
		return false;
	}
}

/* Reads one from behind its %. Returns what is behind it; NULL: it is not for us. */
static const char *parse_directive(struct directive *directive, const char *at)
{
	*directive = (struct directive){0};
	if (*at == '0') {
		at++;
		directive->width = parse_number(&at);
	}
	at = parse_precision(directive, at);
	for (; *at == 'l'; at++)
		directive->longs++;
	directive->size = *at == 'z';
	at += directive->size;
	directive->conversion = *at;
	return is_known(directive) ? at + 1 : NULL;
}

/* ---- What it asks for ---- */

static unsigned long long take_unsigned(struct text *text, const struct directive *directive)
{
	if (directive->size)
		return va_arg(text->arguments, size_t);
	if (directive->longs == 2)
		return va_arg(text->arguments, unsigned long long);
	if (directive->longs)
		return va_arg(text->arguments, unsigned long);
	return va_arg(text->arguments, unsigned int);
}

static long long take_signed(struct text *text, const struct directive *directive)
{
	if (directive->size)
		return va_arg(text->arguments, ssize_t);
	if (directive->longs == 2)
		return va_arg(text->arguments, long long);
	if (directive->longs)
		return va_arg(text->arguments, long);
	return va_arg(text->arguments, int);
}

static void add_number(struct text *text, unsigned long long number, unsigned int base, unsigned int width)
{
	char digits[DIGITS_MOST];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	while (at && sizeof(digits) - at < width)
		digits[--at] = '0';
	add(text, digits + at, sizeof(digits) - at);
}

static void add_signed(struct text *text, long long number)
{
	if (number < 0)
		add(text, "-", 1);
	add_number(text, number < 0 ? -(unsigned long long)number : (unsigned long long)number, 10, 0);
}

/* Returns false where libc has a text of its own. */
static bool add_text(struct text *text, const struct directive *directive)
{
	int precision = directive->precision_given ? va_arg(text->arguments, int) : directive->precision;
	const char *argument = va_arg(text->arguments, const char *);

	if (!argument)
		return false;
	add(text, argument, precision < 0 ? strlen(argument) : strnlen(argument, (size_t)precision));
	return true;
}

static bool add_argument(struct text *text, const struct directive *directive)
{
	char character;

	switch (directive->conversion) {
	case 's':
		return add_text(text, directive);
	case 'c':
		character = (char)va_arg(text->arguments, int);
		add(text, &character, 1);
		return true;
	case '%':
		add(text, "%", 1);
		return true;
	case 'u':
		add_number(text, take_unsigned(text, directive), 10, directive->width);
		return true;
	case 'x':
		add_number(text, take_unsigned(text, directive), 16, directive->width);
		return true;
	default:
		add_signed(text, take_signed(text, directive));
		return true;
	}
}

/* Returns false where it is for libc to do. */
static bool add_all(struct text *text, const char *format)
{
	struct directive directive;

	for (;;) {
		size_t plain = (size_t)(strchrnul(format, '%') - format);

		add(text, format, plain);
		format += plain;
		if (!*format)
			return text->length < INT_MAX;
		format = parse_directive(&directive, format + 1);
		if (!format || !add_argument(text, &directive))
			return false;
	}
}

int format_text(char *out, size_t room, const char *format, va_list arguments)
{
	struct text text = {.out = out, .room = room};
	bool done;

	va_copy(text.arguments, arguments);
	done = add_all(&text, format);
	va_end(text.arguments);
	if (!done)
		return vsnprintf(out, room, format, arguments);
	if (room)
		out[text.length < room ? text.length : room - 1] = '\0';
	return (int)text.length;
}
