/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/memory_map.h"

#include <string.h>

#include "base/parse.h"
#include "base/sorted.h"

#define STACK_SIZE_MIN 2048ULL
#define STACK_SIZE_MAX (1ULL << 40)
#define PAGE_MIN       4096ULL

static const char *take_permissions(const char *at, const char *end, char permissions[5])
{
	if (!at || end - at < 4)
		return NULL;
	memcpy(permissions, at, 4);
	permissions[4] = '\0';
	return at + 4;
}

/* 7ffd5c6f1000-7ffd5c712000 rw-p 00000000 00:00 0                  [stack] */
bool memory_map_parse(struct memory_region *region, const char *line, size_t length)
{
	const char *end = line + length, *at;
	__u64 ignored;

	at = take_number(line, end, 16, &region->start);
	at = take_text(at, end, "-");
	at = take_number(at, end, 16, &region->end);
	at = take_text(at, end, " ");
	at = take_permissions(at, end, region->permissions);
	at = take_text(at, end, " ");
	at = take_number(at, end, 16, &region->offset);
	at = take_text(at, end, " ");
	at = take_number(at, end, 16, &ignored);
	at = take_text(at, end, ":");
	at = take_number(at, end, 16, &ignored);
	at = take_text(at, end, " ");
	at = take_number(at, end, 10, &region->inode);
	if (!at || region->end <= region->start)
		return false;
	at = take_spaces(at, end);
	region->name = at;
	region->name_length = (size_t)(end - at);
	return true;
}

const struct memory_region *memory_map_find(const struct memory_region *regions, size_t count, __u64 address)
{
	size_t i = LOWER_BOUND(count, at, regions[at].end <= address);

	return i < count && regions[i].start <= address ? &regions[i] : NULL;
}

static bool is_in(__u64 address, __u64 start, __u64 size)
{
	return address >= start && address - start < size;
}

bool stack_by_library(struct stack_place *place, const __u64 *words, size_t count, __u64 tls, __u64 sp)
{
	size_t i;

	for (i = 0; i + 2 < count; i++) {
		__u64 block = words[i], size = words[i + 1], guard = words[i + 2];

		if (!block || size < STACK_SIZE_MIN || size > STACK_SIZE_MAX || block + size < block)
			continue;
		if (guard >= size || guard % PAGE_MIN || !is_in(tls, block, size) || !is_in(sp, block, size))
			continue;
		*place = (struct stack_place){
			.start = block + guard, .end = block + size, .guard = guard, .guard_known = true};
		return true;
	}
	return false;
}

static bool has_name(const struct memory_region *region, const char *name)
{
	return region->name_length == strlen(name) && !memcmp(region->name, name, region->name_length);
}

/* Anonymous memory, also where prctl(PR_SET_VMA) gave it a name. */
static bool is_anonymous(const struct memory_region *region)
{
	return !region->name_length || (region->name_length >= 6 && !memcmp(region->name, "[anon:", 6));
}

static __u64 guard_below(const struct memory_region *regions, const struct memory_region *region)
{
	const struct memory_region *below = region - 1;

	if (region == regions || below->end != region->start || strncmp(below->permissions, "---", 3))
		return 0;
	return below->end - below->start;
}

bool stack_by_mapping(struct stack_place *place, const struct memory_region *regions, size_t count, __u64 sp,
		      __u64 first_sp)
{
	const struct memory_region *region = memory_map_find(regions, count, sp);
	bool main_stack = region && has_name(region, "[stack]");

	/* A stack pointer at its stack's very end: nothing is on it. */
	if ((!region || region->permissions[1] != 'w') && sp)
		region = memory_map_find(regions, count, sp - 1);
	if (!region || region->permissions[1] != 'w' || (!main_stack && !is_anonymous(region)))
		return false;
	*place = (struct stack_place){.start = region->start, .end = region->end};
	if (first_sp >= sp && first_sp > region->start && first_sp <= region->end)
		place->end = first_sp;
	/* The gap below the first stack is no mapping: the kernel's stack_guard_gap keeps others away. */
	place->guard_known = !main_stack;
	if (place->guard_known)
		place->guard = guard_below(regions, region);
	return true;
}
