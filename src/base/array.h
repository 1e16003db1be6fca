/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Arrays: how many items, and room for more. */
#ifndef SOCKSTALL_BASE_ARRAY_H
#define SOCKSTALL_BASE_ARRAY_H

#include <stddef.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Room for one item more than `count`: *capacity doubles, from `first` on. Returns the items, which may have moved; or
 * NULL where there is no memory, and the old ones are still there.
 */
static inline void *array_grow(void *items, size_t count, size_t *capacity, size_t first, size_t size)
{
	size_t wanted = *capacity ? *capacity * 2 : first;
	void *grown;

	if (items && count < *capacity)
		return items;
	grown = reallocarray(items, wanted, size);
	if (grown)
		*capacity = wanted;
	return grown;
}

#endif
