/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Text for programs and for terminals. Text from another process (comm, paths, names) is hostile. It goes through
 * text_printable() on its way to a person, and through text_clean() into a file that programs read. JSON has escapes of
 * its own: there text_utf8() makes it valid, and characters that are not text_is_harmless() are escaped (rows/json.c).
 *
 * Numbers are written with a decimal point in every locale. Functions that append return 0 or -ENOMEM.
 */
#ifndef SOCKSTALL_BASE_TEXT_H
#define SOCKSTALL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Appends without a NUL. */
int text_add(struct buffer *out, const char *text);
int text_printf(struct buffer *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
int text_spaces(struct buffer *out, size_t count);

/*
 * The character at the start of text: returns its length in bytes and sets *code; 0 where text ends or
 * is no valid UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF).
 */
size_t text_decode(const char *text, uint32_t *code);

/* How many bytes the first characters take, so many at most. A byte that is no part of a valid one counts as one. */
size_t text_prefix(const char *text, size_t characters);

/* Appends text as valid UTF-8: every byte that is no part of a valid character becomes U+FFFD. */
int text_utf8(struct buffer *out, const char *text);

/*
 * Appends text so that a terminal shows it and does nothing else. Control characters, invalid bytes,
 * invisible characters and those that change the direction of writing become \x1b, \u202e; so does
 * everything but ASCII where the locale is not UTF-8.
 */
int text_printable(struct buffer *out, const char *text);

/* Likewise, but the same in every locale: characters beyond ASCII stay as they are. */
int text_clean(struct buffer *out, const char *text);

/* In every locale: no control character, none that is invisible, none that changes the direction of writing. */
bool text_is_harmless(uint32_t code);

/* The locale's encoding is UTF-8. Only what goes to a person depends on it, JSON never does. */
bool text_locale_is_utf8(void);

/*
 * The next line of text that may be NULL, without its end; NULL: there is no more. *next is where to go on, and is
 * moved behind the line.
 */
const char *text_line(const char **next, size_t *length);

/* Columns that printable text takes on a terminal. */
size_t text_width(const char *text);

enum text_cut {
	CUT_END, /* "some te…" */
	CUT_MIDDLE, /* "some…ext": where the end tells most */
};

/* Appends printable text, shortened so that it takes at most `width` columns. */
int text_fit(struct buffer *out, const char *text, size_t width, enum text_cut cut);

/*
 * How many bytes of printable text make its first line of at most `width` columns, broken at a space
 * where there is one; *next is where the second line begins. At least one character, except at the end. A command in it
 * (sockstall, nsenter, kill, …) begins a line of its own rather than be broken.
 */
size_t text_wrap(const char *text, size_t width, size_t *next);

#define TEXT_MICROSECONDS 6 /* digits of the second, as all emitters write it */

/* RFC 3339, UTC, with 0 to 9 digits of the second: 2026-11-23T02:34:31.123456Z */
int text_time(struct buffer *out, uint64_t realtime_ns, unsigned int digits);

/* The same in the zone of TZ or the machine: 2026-11-23T03:34:31+01:00. tzset() must have been called. */
int text_local_time(struct buffer *out, uint64_t realtime_ns, unsigned int digits);

/* A duration for a person: 85us, 350ms, 31.2s, 4m05s, 2h10m, 3d04h. Seconds must be finite. */
int text_duration(struct buffer *out, double seconds);

/* A number for a person, with three digits or more: 0.42, 12.3, 1234. It must be finite. */
int text_rate(struct buffer *out, double value);

/*
 * A number for a program: rounded to six decimals, as short as possible, without an exponent.
 * It must be finite.
 */
int text_number(struct buffer *out, double value);

#endif
