/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The findings of `sockstall check`, as a list: one item for each probe, right, protection and source of names. The
 * parts that look add items. output/check.h is about how they are written. Texts are constant, or of the list's arena.
 */
#ifndef SOCKSTALL_BASE_CHECK_LIST_H
#define SOCKSTALL_BASE_CHECK_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

enum check_part {
	CHECK_PROBE, /* what brings part of the reports */
	CHECK_RIGHT, /* what a kind of run keeps once it is attached; it has no state */
	CHECK_PROTECTION, /* what holds sockstall to its rights */
	CHECK_SOURCE, /* where names of containers and units come from */
};

enum check_state {
	CHECK_YES,
	CHECK_NO,
	CHECK_NONE, /* this kernel has nothing that it could be attached to, or this machine no such runtime: nothing is missed */
};

extern const char *const check_state_names[];

#define CHECK_NOT_KNOWN (-1)

struct check_item {
	enum check_part part;
	enum check_state state;
	const char *name, *shown; /* shown: in place of the state in the table, or NULL */
	const char *purpose;
	const char *reason, *effect, *remedy; /* with CHECK_NO; NULL: not known */
	const char *capabilities; /* of a right: names with a space between; NULL: not known */
	int64_t syscalls; /* of a right: how many it may call */
	int64_t verified; /* of a BPF program: instructions that the verifier walked through, 0: not told */
};

/* Zeroed to begin with. */
struct check_list {
	struct arena arena;
	struct check_item *items;
	size_t count, capacity;
	bool broken; /* nothing can run */
	bool developer; /* the table also shows what each program costs the verifier */
	int error; /* -ENOMEM: an item had no room */
};

/* A new item of this part whose numbers are not known, or NULL: then error is set. It moves when the next is added. */
struct check_item *check_list_add(struct check_list *list, enum check_part part, const char *name, const char *purpose);

/* How many of this part have this state. */
size_t check_list_count(const struct check_list *list, enum check_part part, enum check_state state);

void check_list_free(struct check_list *list);

#endif
