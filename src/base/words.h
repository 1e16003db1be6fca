/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef SOCKSTALL_BASE_WORDS_H
#define SOCKSTALL_BASE_WORDS_H

#include "base/buffer.h"

#define COMMAND_LINE_WORDS 64

/*
 * Splits a command into words, as a shell would if it knew nothing but quotes: words are separated by spaces and tabs;
 * 'single quotes' keep all between them; "double quotes" too, but for \" and \\; outside of quotes \ keeps the
 * character behind it. No variables, no patterns, no pipes. Words live in the arena; a NULL follows the last. Returns
 * NULL, or what is wrong. Pure.
 */
const char *command_line_split(const char *text, struct arena *arena, char *words[COMMAND_LINE_WORDS + 1]);

#endif
