/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A recording: a file header, then chunks. The header has a magic, a version, the byte order and the
 * size of every record, so that recordings of other versions can be read (adapt.h). A chunk
 * has a type, a length and a CRC-32 (zlib) of its bytes. The first chunk is CHUNK_START, then
 * looks, and CHUNK_END closes a whole recording.
 *
 * A look is compressed on its own (deflated.h). Its chunk has a type of its own, since a look may also stand there as
 * it is; a reader takes both and calls both CHUNK_LOOK. With that the file's version grew from 2 to 3. 0.1.0 would
 * refuse the unknown type anyway, but as damage; now it says that this is another version of the format.
 *
 * START holds what the live run's `start` record and its options were, END what its `end` record was,
 * so that a replay gives the same bytes. Both are made by recording_pack()ing text fields.
 */
#ifndef SOCKSTALL_HISTORY_RECORDING_H
#define SOCKSTALL_HISTORY_RECORDING_H

#include "base/buffer.h"
#include "look/look.h"
#include "options/options.h"
#include "rows/row.h"

enum chunk_type {
	CHUNK_START = 1,
	CHUNK_LOOK,
	CHUNK_END,
};

struct recording;

/*
 * Writing. The file is made with O_CREAT | O_EXCL | O_NOFOLLOW, mode 0600: an existing one is not
 * touched (-EEXIST); with `force` a regular one is replaced by a new one. A link is never followed. Returns 0 or a
 * negative errno. Each chunk reaches the file before the call returns.
 */
int recording_create(struct recording **recording, const char *path, bool force);

/* The same with a new file that is open for writing; its descriptor is the recording's, after an error too. */
int recording_begin(struct recording **recording, int fd);

int recording_write_start(struct recording *recording, const struct row *start, const struct options *options);
int recording_write_look(struct recording *recording, const struct look *look);

/* The same in two steps, for a look that is kept in between, as a recording holds it. */
struct recorded_look {
	bool deflated;
	struct buffer bytes;
};

/* Replaces what is in it. Returns 0 or -ENOMEM. */
int recorded_look_make(struct recorded_look *recorded, const struct look *look);
int recording_write_recorded(struct recording *recording, const struct recorded_look *recorded);
int recording_write_end(struct recording *recording, const struct row *end);

/*
 * Reading. Each returns 1 with the chunk, 0 at the end of a whole recording, or a negative errno. Then *error is one
 * line of constant text: what is wrong with the file.
 */
int recording_open(struct recording **recording, const char *path, const char **error);

struct recording_chunk {
	enum chunk_type type;
	struct row row; /* START and END; text lives in the recording */
	struct options options; /* START: as the live run had them; lists live in the recording */
};

/* Fills look (bytes, indexed) for CHUNK_LOOK. */
int recording_next(struct recording *recording, struct recording_chunk *chunk, struct look *look, const char **error);

/* NULL is allowed. Returns 0 or the first write error. */
int recording_close(struct recording *recording);

#endif
