/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Looks of other versions: a recording names the size of each record that its version wrote. Records only grow, at
 * their end, and in a new member 0 means "not known" (include/record.h). So an older record is filled up with zeros.
 * Members of a newer record that we do not know are left out, and so are records of unknown types. Pure.
 */
#ifndef SOCKSTALL_HISTORY_ADAPT_H
#define SOCKSTALL_HISTORY_ADAPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define ADAPT_TYPES 256 /* a recording has no more types of records */

/* Sizes of the fixed parts of records by type, header included; 0: there is no such type. */
struct record_sizes {
	uint32_t types;
	uint32_t sizes[ADAPT_TYPES];
};

/* This version's. */
void record_sizes_ours(struct record_sizes *ours);

/* False where no version can have had these: they are damaged. */
bool record_sizes_valid(const struct record_sizes *theirs);

bool record_sizes_equal(const struct record_sizes *a, const struct record_sizes *b);

/*
 * Appends the records of one look as this version has them. Returns 0; -ENOMEM; or -EBADMSG if a record does not have
 * the size that its recording names, or if they grow beyond `most` bytes. Contents are not checked here: look_index()
 * does that.
 */
int adapt_look(struct buffer *out, const struct buffer *in, const struct record_sizes *theirs, size_t most);

#endif
