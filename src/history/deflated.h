/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The bytes of one look, smaller: their size (32 bits, little-endian), and a zlib stream (RFC 1950) of them. Each look
 * stands for itself, so that damage to one takes no other with it.
 *
 * A reader never needs more memory than DEFLATED_MOST times what is really there: bytes that shrink by more are not
 * deflated, and what claims so is refused before anything is unpacked. Looks shrink to a tenth or so. Pure.
 */
#ifndef SOCKSTALL_DEFLATED_H
#define SOCKSTALL_DEFLATED_H

#include <stddef.h>

#include "base/buffer.h"

#define DEFLATED_MOST 128

/*
 * Appends them to out. Returns 1; 0 where they are to be kept as they are, because they would not get smaller, or too
 * small by the above; or -ENOMEM.
 */
int deflated_make(struct buffer *out, const struct buffer *plain);

/*
 * Appends what they were, at most `most` bytes. Returns 0; -EBADMSG where the bytes make no sense; or -ENOMEM.
 */
int deflated_read(struct buffer *out, const struct buffer *deflated, size_t most);

#endif
