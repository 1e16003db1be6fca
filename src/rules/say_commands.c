/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/say_commands.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"

#define DIGITS "0123456789"

/* How a command goes on behind its beginning. Each returns the bytes that belong to it; 0: it is none. */
static size_t ends_there(const char *at)
{
	(void)at;
	return 1; /* see length_of() */
}

/* "12", or "12,34" */
static size_t numbers(const char *at)
{
	size_t length = strspn(at, DIGITS);

	while (length && at[length] == ',' && strchr(DIGITS, at[length + 1]) && at[length + 1])
		length += 1 + strspn(at + length + 1, DIGITS);
	return length;
}

static size_t numbers_and(const char *at, const char *rest)
{
	size_t length = numbers(at);

	return length && !strncmp(at + length, rest, strlen(rest)) ? length + strlen(rest) : 0;
}

static size_t process(const char *at)
{
	return numbers(at);
}

static size_t process_watches(const char *at)
{
	return numbers_and(at, " --watches") ?: numbers(at);
}

static size_t descriptors(const char *at)
{
	return numbers_and(at, "/fd");
}

static size_t to_bracket(const char *at)
{
	return strchr(at, ')') ? strcspn(at, ")") : 0;
}

/* "12 -n ss -K 'src 10.0.0.1:80 dst 10.0.0.2:5000'" */
static size_t to_quote(const char *at)
{
	size_t length = numbers_and(at, " -n ss -K '");
	const char *end = length ? strchr(at + length, '\'') : NULL;

	return end ? (size_t)(end + 1 - at) : 0;
}

/* "10.0.0.1:80 peer=10.0.0.2:5000 netns=4026531840": up to what stands behind it. */
static size_t to_next(const char *at)
{
	static const char *const ends[] = {", or ", "; "};
	size_t length = strlen(at);

	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		const char *end = strstr(at, ends[i]);

		if (end && (size_t)(end - at) < length)
			length = (size_t)(end - at);
	}
	return length;
}

static const struct {
	const char *begin;
	size_t before; /* so many bytes of it stand before the command */
	size_t (*rest)(const char *at);
} known[] = {
	{"sockstall threads -p ", 0, process},
	{"sockstall readers -p ", 0, process},
	{"sockstall chains -a -p ", 0, process},
	{"sockstall loops -p ", 0, process_watches},
	{"sockstall handshakes --port ", 0, process},
	{"accept it: sockstall handshakes", 11, ends_there},
	{"that machine: sockstall chains", 14, ends_there},
	{"sockstall end local=", 0, to_next},
	{"sockstall end 'local=", 0, to_next},
	{", or nsenter -t ", 5, to_quote},
	{"resume it: kill -CONT ", 11, process},
	{"an event: strace -p ", 10, process},
	{"work off the loop: gdb -p ", 19, process},
	{"does not close (ls -l /proc/", 16, descriptors},
	{"and answers (dig @", 13, to_bracket},
	{"that listens (ss -lnp", 14, ends_there},
	{"its socket: systemctl list-sockets", 12, ends_there},
	{"the packets (nft list ruleset", 13, ends_there},
	{"sysctl -w net.ipv4.tcp_syncookies=1", 0, ends_there},
};

/* The length of the command that begins here, with what stands before it; 0: none does. */
static size_t length_of(const char *at, size_t *before)
{
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		size_t begin, rest;

		if (*at != *known[i].begin || strncmp(at, known[i].begin, strlen(known[i].begin)))
			continue;
		begin = strlen(known[i].begin);
		rest = known[i].rest(at + begin);
		*before = known[i].before;
		if (rest)
			return begin + (known[i].rest == ends_there ? 0 : rest);
	}
	return 0;
}

/* Whether one of the lines is this. */
static bool has_line(const char *lines, const char *line, size_t length)
{
	const char *at;
	size_t size;

	while ((at = text_line(&lines, &size)))
		if (size == length && !strncmp(at, line, length))
			return true;
	return false;
}

static const char *add_line(struct arena *arena, const char *lines, const char *line, size_t length)
{
	if (has_line(lines, line, length))
		return lines;
	return arena_printf(arena, "%s%s%.*s", lines ? lines : "", lines ? "\n" : "", (int)length, line);
}

/* Where the next word or the next comma is: all commands begin at one. There are many rows with an advice. */
static const char *next_place(const char *at)
{
	do
		at++;
	while (*at && *at != ' ' && *at != '(' && *at != ',');
	while (*at == ' ' || *at == '(')
		at++;
	return at;
}

const char *say_commands(struct arena *arena, const char *advice)
{
	const char *lines = NULL;
	size_t length, before;

	for (const char *at = advice; at && *at;) {
		length = length_of(at, &before);
		if (length)
			lines = add_line(arena, lines, at + before, length - before);
		at = length ? at + length : next_place(at);
	}
	return lines;
}

const char *say_commands_and(struct arena *arena, const char *commands, const char *others)
{
	while (others && *others) {
		const char *end = strstr(others, ", ");
		size_t length = end ? (size_t)(end - others) : strlen(others);

		commands = add_line(arena, commands, others, length);
		others += length + (end ? strlen(", ") : 0);
	}
	return commands;
}

size_t say_commands_shortest(void)
{
	size_t shortest = SIZE_MAX;

	for (size_t i = 0; i < COUNT_OF(known); i++)
		shortest = strlen(known[i].begin) < shortest ? strlen(known[i].begin) : shortest;
	return shortest;
}
