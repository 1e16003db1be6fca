/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Address spaces as /proc/PID/maps has them, and where in them a thread's stack is. Pure. */
#ifndef SOCKSTALL_SYSTEM_MEMORY_MAP_H
#define SOCKSTALL_SYSTEM_MEMORY_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

struct memory_region {
	__u64 start, end;
	__u64 offset; /* in the file that is mapped */
	__u64 inode;
	char permissions[5]; /* "rw-p" */
	const char *name; /* in the line it was read from; its end is not marked */
	size_t name_length;
};

/* Reads one line, without its newline. Returns false for what is no such line. */
bool memory_map_parse(struct memory_region *region, const char *line, size_t length);

/* The region that holds this address; NULL: none. Regions are in order and do not overlap. */
const struct memory_region *memory_map_find(const struct memory_region *regions, size_t count, __u64 address);

/* A stack: what lies between its guard and its end. */
struct stack_place {
	__u64 start, end;
	__u64 guard; /* bytes of it directly below start; */
	bool guard_known;
};

/*
 * The stack by the C library's own record of the thread, which lies near its TLS block. glibc's struct pthread has
 * side by side: stackblock, stackblock_size, guardsize; where in it depends on the version, so they are known
 * by what must be true of them. words: memory around tls. Returns false where nothing fits: another library, or
 * a thread that it did not make.
 */
bool stack_by_library(struct stack_place *place, const __u64 *words, size_t count, __u64 tls, __u64 sp);

/*
 * The stack by the mapping that holds the stack pointer, if that can be one. first_sp, where not 0, is the
 * stack pointer that the thread began with. Returns false where the mapping is for something else.
 */
bool stack_by_mapping(struct stack_place *place, const struct memory_region *regions, size_t count, __u64 sp,
		      __u64 first_sp);

#endif
