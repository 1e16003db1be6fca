/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A table of functions as Go 1.19 makes it, with three functions. */
#ifndef SOCKSTALL_MAKE_PCLNTAB_H
#define SOCKSTALL_MAKE_PCLNTAB_H

#include <string.h>

#include <linux/types.h>

#define TABLE_SIZE 512
#define TABLE_TEXT 0x401000

/* Where its parts are. */
enum {
	AT_NAMES = 72,
	AT_UNITS = 128,
	AT_FILES = 144,
	AT_VALUES = 208,
	AT_TABLE = 256,
	AT_DESCRIPTIONS = 32, /* in the table */
	DESCRIPTION = 40,
};

static inline void put(char *table, size_t at, __u64 value, size_t size)
{
	memcpy(table + at, &value, size);
}

/* The tables of values are in bytes from AT_VALUES. */
static inline void put_function(char *table, unsigned int number, __u32 code, __u32 name, __u32 frames, __u32 files,
				__u32 lines)
{
	const size_t at = AT_TABLE + AT_DESCRIPTIONS + number * DESCRIPTION;
	const __u32 words[] = {code, name, 0, 0, frames, files, lines, 0, 0};

	put(table, AT_TABLE + number * 8, code, 4);
	put(table, AT_TABLE + number * 8 + 4, AT_DESCRIPTIONS + number * DESCRIPTION, 4);
	memcpy(table + at, words, sizeof(words));
}

static inline void make_pclntab(char table[TABLE_SIZE])
{
	static const char names[] = "\0main.main\0main.(*Store).Get\0runtime.goexit";
	static const char files[] = "/src/app/main.go\0/src/app/store.go\0/go/src/syscall.go";
	static const __u32 units[] = {0, 17, 35};
	/*
	 * Changes of the value, and for how many bytes of code it holds: twice the change, and one less than that if it
	 * is negative.
	 */
	static const char values[] = {0,
				      /* 1: frames: 0 for 4 bytes, then 24 */
				      2, 4, 48, 60, 0,
				      /* 6: files: the first throughout */
				      2, 64, 0,
				      /* 9: lines: 10 for 16 bytes, then 12 */
				      22, 16, 4, 48, 0,
				      /* 14: frames: 8 throughout */
				      18, 64, 0,
				      /* 17: files: the second for 32 bytes, then the third */
				      4, 32, 2, 32, 0,
				      /* 22: lines: 40, then 7 */
				      82, 32, 65, 32, 0,
				      /* 27: frames: none */
				      2, 64, 0};

	memset(table, 0, TABLE_SIZE);
	put(table, 0, 0xfffffff0, 4);
	table[6] = 1;
	table[7] = 8;
	put(table, 8, 3, 8);
	put(table, 16, 3, 8);
	put(table, 24, TABLE_TEXT, 8);
	put(table, 32, AT_NAMES, 8);
	put(table, 40, AT_UNITS, 8);
	put(table, 48, AT_FILES, 8);
	put(table, 56, AT_VALUES, 8);
	put(table, 64, AT_TABLE, 8);
	memcpy(table + AT_NAMES, names, sizeof(names));
	memcpy(table + AT_UNITS, units, sizeof(units));
	memcpy(table + AT_FILES, files, sizeof(files));
	memcpy(table + AT_VALUES, values, sizeof(values));
	put_function(table, 0, 0, 1, 1, 6, 9);
	put_function(table, 1, 64, 11, 14, 17, 22);
	put_function(table, 2, 128, 29, 27, 0, 0);
	put(table, AT_TABLE + 24, 192, 4); /* the end of the last */
}

#endif
