/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Values to bytes and back, for recordings. One function describes a thing once and serves both ways:
 * each call writes what its argument points to, or reads into it. Little-endian, no padding. Text is a
 * length and its bytes; NULL and "" are told apart. A double keeps its bits, NAN too.
 *
 * After the first failure nothing more happens: it is enough to look at `error` at the end, and at pack_complete() when
 * reading. Input is checked, never trusted: nothing is allocated for bytes that are not there.
 */
#ifndef SOCKSTALL_HISTORY_PACK_H
#define SOCKSTALL_HISTORY_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct pack {
	struct buffer *out; /* writing; NULL: reading */
	const char *at; /* reading: what is left, */
	size_t left;
	struct arena *arena; /* and where text and lists go */
	int error; /* -ENOMEM, or -EBADMSG where the bytes do not make sense */
};

void pack_u64(struct pack *pack, uint64_t *value);
void pack_i64(struct pack *pack, int64_t *value);
void pack_double(struct pack *pack, double *value);
void pack_text(struct pack *pack, const char **text);
void pack_bool(struct pack *pack, bool *value);

/* A number of at most this size, that fits the variable it is for. Returns it (0 after a failure). */
uint64_t pack_number(struct pack *pack, uint64_t value, uint64_t most);

/* `size` bytes as they are. */
void pack_bytes(struct pack *pack, void *bytes, size_t size);

/* A list of *count numbers of 2, 4 or 8 bytes each, in host order in memory. */
void pack_list(struct pack *pack, void *items, size_t *count, size_t item_size);

/* A list of texts. */
void pack_texts(struct pack *pack, const char ***texts, size_t *count);

/*
 * False when reading and nothing is left: an older version did not write what comes now, and it keeps its default.
 * Members are only ever added at the end.
 */
bool pack_more(const struct pack *pack);

/*
 * Reading: 0 where the bytes made sense; else -EBADMSG or -ENOMEM. Bytes that a newer version wrote behind them are
 * left out.
 */
int pack_complete(const struct pack *pack);

#endif
