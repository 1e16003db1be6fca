/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* vsnprintf(3), quicker where it can be: a look that finds much is for the most part text that is made. */
#ifndef SOCKSTALL_BASE_FORMAT_H
#define SOCKSTALL_BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Writes and returns what vsnprintf(3) would. It does by itself %s, %c, %d, %i, %u, %x and %%, with l, ll or z before
 * them, a precision before s, and 0 with a width before u and x. A format with anything else goes to vsnprintf(3).
 */
int format_text(char *out, size_t room, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));

#endif
