/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Order, and searching in what is sorted. */
#ifndef SOCKSTALL_BASE_SORTED_H
#define SOCKSTALL_BASE_SORTED_H

#include <stddef.h>
#include <stdint.h>

/* Less than, equal to or greater than 0, for qsort(3) and bsearch(3). */
#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static inline int compare_numbers(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return COMPARE(a, b);
}

/*
 * The index of the first of `count` sorted items for which `comes_before`, which names an item's index `at`, is false;
 * count where it is true of all. Unlike bsearch(3)'s it is the first of those that are alike, and where one would be if
 * there is none.
 */
#define LOWER_BOUND(count, at, comes_before)              \
	({                                                \
		size_t low_ = 0, high_ = (count), at;     \
                                                          \
		while (low_ < high_) {                    \
			(at) = low_ + (high_ - low_) / 2; \
			if (comes_before)                 \
				low_ = (at) + 1;          \
			else                              \
				high_ = (at);             \
		}                                         \
		low_;                                     \
	})

#endif
