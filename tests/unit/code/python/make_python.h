/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * An interpreter's memory as CPython 3.11 lays it out: for unit tests and the seeds of a fuzzer. Use: fill the image,
 * read it.
 */
#ifndef SOCKSTALL_UNIT_MAKE_PYTHON_H
#define SOCKSTALL_UNIT_MAKE_PYTHON_H

#include <stdint.h>
#include <string.h>

#include "code/python/python.h"

/* All of it lies at one address; its first chunks are the thread's stack. */
#define IMAGE	      0x100000ULL
#define IMAGE_SIZE    8192U
#define IMAGE_STACK   1024U
#define IMAGE_CFRAME  0x100U
#define IMAGE_RUNTIME 0x400U
#define IMAGE_INTERP  0x480U
#define IMAGE_THREAD  0x500U
#define IMAGE_OTHER   0x600U
#define IMAGE_FRAMES  0x800U
#define IMAGE_CODES   0xc00U
#define IMAGE_TEXTS   0x1200U
#define IMAGE_LINES   0x1a00U
#define CODE_TYPE     (IMAGE + 0x10)
#define TEXT_TYPE     (IMAGE + 0x20)
#define BYTES_TYPE    (IMAGE + 0x30)
#define VERSION_3_11  0x030b02f0U

static char image[IMAGE_SIZE];

static inline void put_word(uint32_t at, uint64_t value)
{
	memcpy(image + at, &value, sizeof(value));
}

static inline void put_byte(uint32_t at, uint8_t value)
{
	image[at] = (char)value;
}

/* An ASCII text. Returns its address. */
static inline uint64_t put_text(uint32_t at, const char *text)
{
	const uint32_t state = 1 << 2 | 1 << 5 | 1 << 6;

	put_word(at + 8, TEXT_TYPE);
	put_word(at + 16, strlen(text));
	memcpy(image + at + 32, &state, sizeof(state));
	memcpy(image + at + 48, text, strlen(text) + 1);
	return IMAGE + at;
}

/*
 * The `number`th function: its first instruction is on `line`, the second on the next. Returns the address of its
 * frame.
 */
static inline uint64_t put_function(uint32_t number, const char *name, const char *file, uint32_t line,
				    uint64_t previous, bool entry)
{
	static const uint8_t lines[] = {13 << 3 | 0x80, 0, 13 << 3 | 0x80, 2};
	const uint32_t frame = IMAGE_FRAMES + number * 0x60, code = IMAGE_CODES + number * 0xe0;
	const uint32_t texts = IMAGE_TEXTS + number * 0x140, table = IMAGE_LINES + number * 0x40;

	put_word(table + 8, BYTES_TYPE);
	put_word(table + 16, sizeof(lines));
	memcpy(image + table + 32, lines, sizeof(lines));
	put_word(code + 8, CODE_TYPE);
	memcpy(image + code + 72, &line, sizeof(line));
	put_word(code + 112, put_text(texts, file));
	put_word(code + 128, put_text(texts + 0xa0, name));
	put_word(code + 136, IMAGE + table);
	put_word(frame + 32, IMAGE + code);
	put_word(frame + 48, previous);
	put_word(frame + 56, IMAGE + code + 184 + 2);
	put_byte(frame + 68, entry);
	return IMAGE + frame;
}

/* Thread 77, in fetch < handle (both in one call) < main; and thread 78 before it, whose stack is another. */
static inline void make_python(void)
{
	uint64_t frame;

	memset(image, 0, sizeof(image));
	put_word(IMAGE_RUNTIME + 40, IMAGE + IMAGE_INTERP);
	put_word(IMAGE_INTERP + 16, IMAGE + IMAGE_OTHER);
	put_word(IMAGE_OTHER + 8, IMAGE + IMAGE_THREAD);
	put_word(IMAGE_OTHER + 16, IMAGE + IMAGE_INTERP);
	put_word(IMAGE_OTHER + 56, IMAGE + IMAGE_LINES);
	put_word(IMAGE_OTHER + 160, 78);
	put_word(IMAGE_THREAD + 16, IMAGE + IMAGE_INTERP);
	put_word(IMAGE_THREAD + 56, IMAGE + IMAGE_CFRAME);
	put_word(IMAGE_THREAD + 160, 77);
	frame = put_function(2, "main", "/usr/lib/python3.11/runpy.py", 300, 0, true);
	frame = put_function(1, "handle", "/srv/web/__init__.py", 200, frame, true);
	frame = put_function(0, "Store.fetch", "/srv/app.py", 100, frame, false);
	put_word(IMAGE_CFRAME + 8, frame);
}

static inline struct python image_python(void)
{
	return (struct python){.version = VERSION_3_11,
			       .runtime = IMAGE + IMAGE_RUNTIME,
			       .code_type = CODE_TYPE,
			       .text_type = TEXT_TYPE,
			       .bytes_type = BYTES_TYPE};
}

#endif
