/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The terminal of the live view: what it can do, how large it is, and its keys. It uses ncurses, which can serve one
 * terminal at a time.
 */
#ifndef SOCKSTALL_OUTPUT_SCREEN_CURSES_H
#define SOCKSTALL_OUTPUT_SCREEN_CURSES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <wchar.h>

#include "base/lines.h"

/* Where keys come from, also when stdin is something else. Belongs to the caller; NULL: nowhere. */
FILE *terminal_open_input(void);

/* Whether TERM names a terminal with a cursor that moves. Asked before newterm(): after it the terminal has got bytes.
 */
bool terminal_can_draw(int fd);

/* The size is the terminal's where it tells one. Called before newterm(). */
void terminal_own_size(int fd);

/* Makes the screen as large as the terminal is now. Returns true where that is another size. */
bool terminal_follow(int fd);

/* Whether it would. */
bool terminal_has_new_size(int fd);

/* Translates the result of get_wch() to a key of screen.h. 0: none of those. */
uint32_t terminal_key(int status, wint_t key);

/* The pair of colours of what is marked so: what terminal_init_colors() has made. */
void terminal_init_colors(void);

/* Puts a line of the screen there, in its style. */
void terminal_show(int y, const char *text, const struct line *line, bool color);

#endif
