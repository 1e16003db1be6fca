/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The form of the file, for those who write and read it. */
#ifndef SOCKSTALL_HISTORY_RECORDING_FILE_H
#define SOCKSTALL_HISTORY_RECORDING_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "history/adapt.h"
#include "history/recording.h"

#define RECORDING_VERSION 3
#define RECORDING_OLDEST  2 /* that of 0.1.0: it has no compressed looks, and is read like one that has none */

/* In the file a chunk that is a compressed look; a reader calls it CHUNK_LOOK. */
#define CHUNK_LOOK_DEFLATED 4

/* Records are in the host's order: this tells a reader on another machine so. */
#define BYTE_ORDER_MARK 0x01020304u

/* More than any look can need, and little enough to be sure that a larger length is damage. */
#define CHUNK_MAX (1u << 30)

#define RECORDING_MAGIC "SOCKSTL\n" /* 8 bytes, without a NUL */

/* Integers are little-endian, but for the byte order mark. There is no padding. */
struct file_header {
	char magic[8];
	uint32_t version;
	uint32_t byte_order;
	char kernel[64]; /* its release, for a person who looks into the file; START has it too */
	char machine[16]; /* its architecture, likewise */
	uint32_t types; /* RECORD_TYPES; behind it the size of each, and a CRC of all */
};

struct chunk_header {
	uint32_t type;
	uint32_t length; /* of what follows the header */
	uint32_t crc; /* of the two above and of what follows */
};

_Static_assert(sizeof(struct file_header) == 100, "no padding");
_Static_assert(sizeof(struct chunk_header) == 12, "no padding");

struct recording {
	int fd;
	int error; /* writing: the first one */
	bool started, ended; /* reading: which chunks have been there */
	struct record_sizes sizes; /* reading: of its records; */
	bool adapts; /* they are not ours */
	struct buffer chunk;
	struct buffer plain; /* reading: a look of another version, uncompressed */
	struct recorded_look recorded; /* writing: the last look */
	struct arena arena; /* reading: text of START and END */
};

/* All but the kernel's name. */
void recording_make_header(struct file_header *header);

/* The checksum of the header and the sizes behind it, as they are in the file. */
uint32_t recording_header_crc(const struct file_header *header, const uint32_t *sizes, uint32_t types);
uint32_t recording_chunk_crc(const struct chunk_header *header, const void *bytes, size_t length);

/* Takes the descriptor, and closes it where there is no memory: NULL. */
struct recording *recording_new(int fd);

#endif
