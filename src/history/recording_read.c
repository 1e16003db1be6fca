/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Reading: see recording.h. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "history/adapt.h"
#include "history/deflated.h"
#include "history/recording_fields.h"
#include "history/recording_file.h"

/* How much is read at once: memory grows with what is really there, not with what a length claims. */
#define READ_STEP (1u << 20)

static int fail(const char **error, int err, const char *message)
{
	*error = message;
	return err;
}

/* An error of the system, not of the file. */
static int fail_errno(const char **error, int err)
{
	return fail(error, err, strerror(-err));
}

static int corrupt(const char **error, const char *message)
{
	return fail(error, -EBADMSG, message);
}

/* Appends up to `size` bytes of the file; fewer only at its end. */
static int read_more(struct recording *recording, struct buffer *bytes, size_t size)
{
	ssize_t got = 1;
	size_t step;
	char *end;

	while (size && got) {
		step = size < READ_STEP ? size : READ_STEP;
		end = buffer_reserve(bytes, step);
		if (!end)
			return -ENOMEM;
		got = read(recording->fd, end, step);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		bytes->size += got;
		size -= got;
	}
	return 0;
}

/* Reads a piece of fixed size; *got is how much of it was there. */
static int read_piece(struct recording *recording, void *piece, size_t size, size_t *got)
{
	int err;

	memset(piece, 0, size);
	buffer_reset(&recording->chunk);
	err = read_more(recording, &recording->chunk, size);
	if (err)
		return err;
	*got = recording->chunk.size;
	if (*got)
		memcpy(piece, recording->chunk.data, *got);
	return 0;
}

static int check_file_header(const struct file_header *header, size_t got, const char **error)
{
	struct file_header ours;

	recording_make_header(&ours);
	if (got < sizeof(header->magic) || memcmp(header->magic, RECORDING_MAGIC, sizeof(header->magic)))
		return corrupt(error, "not a sockstall recording");
	if (got < offsetof(struct file_header, kernel))
		return corrupt(error, "truncated recording: it ends in its first line");
	if (le32toh(header->version) < RECORDING_OLDEST || le32toh(header->version) > RECORDING_VERSION)
		return corrupt(error, "a recording of another version of the format");
	if (header->byte_order != ours.byte_order)
		return corrupt(error, "a recording from a machine with another byte order");
	if (got < sizeof(*header))
		return corrupt(error, "truncated recording: it ends in its header");
	if (le32toh(header->types) > ADAPT_TYPES)
		return corrupt(error, "corrupt recording: its header names too many types of records");
	return 0;
}

/* The sizes of its records, and the CRC. */
static int read_sizes(struct recording *recording, const struct file_header *header, const char **error)
{
	uint32_t rest[ADAPT_TYPES + 1], types = le32toh(header->types), type;
	struct record_sizes ours, *theirs = &recording->sizes;
	size_t got = 0, size = (types + 1) * sizeof(*rest);
	int err = read_piece(recording, rest, size, &got);

	if (err)
		return fail_errno(error, err);
	if (got < size)
		return corrupt(error, "truncated recording: it ends in its header");
	if (le32toh(rest[types]) != recording_header_crc(header, rest, types))
		return corrupt(error, "corrupt recording: its header does not match its checksum");
	theirs->types = types;
	for (type = 0; type < types; type++)
		theirs->sizes[type] = le32toh(rest[type]);
	if (!record_sizes_valid(theirs))
		return corrupt(error, "corrupt recording: its header names sizes that no record has");
	record_sizes_ours(&ours);
	recording->adapts = !record_sizes_equal(theirs, &ours);
	return 0;
}

static int read_file_header(struct recording *recording, const char **error)
{
	struct file_header header;
	size_t got = 0;
	int err = read_piece(recording, &header, sizeof(header), &got);

	if (err)
		return fail_errno(error, err);
	err = check_file_header(&header, got, error);
	return err ? err : read_sizes(recording, &header, error);
}

int recording_open(struct recording **recording, const char *path, const char **error)
{
	int err, fd = open(path, O_RDONLY | O_CLOEXEC);

	*recording = NULL;
	if (fd < 0)
		return fail_errno(error, -errno);
	*recording = recording_new(fd);
	if (!*recording)
		return fail_errno(error, -ENOMEM);
	err = read_file_header(*recording, error);
	if (err) {
		recording_close(*recording);
		*recording = NULL;
	}
	return err;
}

/* The next chunk's header; returns 1, 0 where the file ends before it, or an error. */
static int read_chunk_header(struct recording *recording, struct chunk_header *header, const char **error)
{
	size_t got = 0;
	int err = read_piece(recording, header, sizeof(*header), &got);

	if (err)
		return fail_errno(error, err);
	if (!got)
		return 0;
	if (got < sizeof(*header))
		return corrupt(error, "truncated recording: it ends in the middle of a chunk");
	if (le32toh(header->length) > CHUNK_MAX)
		return corrupt(error, "corrupt recording: a chunk is larger than any can be");
	return 1;
}

static int read_chunk_bytes(struct recording *recording, const struct chunk_header *header, struct buffer *bytes,
			    const char **error)
{
	size_t length = le32toh(header->length);
	int err;

	buffer_reset(bytes);
	err = read_more(recording, bytes, length);
	if (err)
		return fail_errno(error, err);
	if (bytes->size < length)
		return corrupt(error, "truncated recording: it ends in the middle of a chunk");
	if (recording_chunk_crc(header, bytes->data, length) != le32toh(header->crc))
		return corrupt(error, "corrupt recording: a chunk does not match its checksum");
	return 0;
}

/* START first and once, then looks, and nothing behind END. */
static int check_order(struct recording *recording, enum chunk_type type, const char **error)
{
	if (type != CHUNK_START && type != CHUNK_LOOK && type != CHUNK_END)
		return corrupt(error, "corrupt recording: it has a chunk of an unknown type");
	if (recording->ended)
		return corrupt(error, "corrupt recording: something follows its end");
	if (recording->started == (type == CHUNK_START))
		return corrupt(error, "corrupt recording: its chunks are out of order");
	recording->started = true;
	recording->ended = type == CHUNK_END;
	return 0;
}

static int unpack_chunk(struct recording *recording, struct recording_chunk *chunk, const char **error)
{
	struct pack pack = {.at = recording->chunk.data, .left = recording->chunk.size, .arena = &recording->arena};
	int err;

	if (chunk->type == CHUNK_START) {
		fields_start(&pack, &chunk->row);
		fields_options(&pack, &chunk->options);
		fields_start_added(&pack, &chunk->row);
	} else {
		fields_end(&pack, &chunk->row);
	}
	err = pack_complete(&pack);
	if (err == -EBADMSG)
		return corrupt(error, "corrupt recording: its first or last chunk is damaged");
	return err ? fail_errno(error, err) : 1;
}

/* The bytes of a look as the file has them, but for their compression. */
static struct buffer *look_bytes(struct recording *recording, struct look *look)
{
	return recording->adapts ? &recording->plain : &look->bytes;
}

static int inflate_look(struct recording *recording, struct buffer *bytes, const char **error)
{
	int err;

	buffer_reset(bytes);
	err = deflated_read(bytes, &recording->chunk, CHUNK_MAX);
	if (err == -EBADMSG)
		return corrupt(error, "corrupt recording: a compressed look cannot be unpacked");
	return err ? fail_errno(error, err) : 0;
}

static int index_look(struct recording *recording, struct look *look, const char **error)
{
	int err = 0;

	if (recording->adapts)
		err = adapt_look(&look->bytes, &recording->plain, &recording->sizes, CHUNK_MAX);
	if (!err)
		err = look_index(look);
	if (err == -EBADMSG)
		return corrupt(error, "corrupt recording: a look has records that are not valid");
	return err ? fail_errno(error, err) : 1;
}

static int read_chunk(struct recording *recording, const struct chunk_header *header, struct recording_chunk *chunk,
		      struct look *look, const char **error)
{
	uint32_t type = le32toh(header->type);
	struct buffer *bytes = type == CHUNK_LOOK ? look_bytes(recording, look) : &recording->chunk;
	int err = read_chunk_bytes(recording, header, bytes, error);

	chunk->type = type == CHUNK_LOOK_DEFLATED ? CHUNK_LOOK : type;
	if (!err)
		err = check_order(recording, chunk->type, error);
	if (!err && type == CHUNK_LOOK_DEFLATED)
		err = inflate_look(recording, look_bytes(recording, look), error);
	if (err)
		return err;
	return chunk->type == CHUNK_LOOK ? index_look(recording, look, error) : unpack_chunk(recording, chunk, error);
}

int recording_next(struct recording *recording, struct recording_chunk *chunk, struct look *look, const char **error)
{
	struct chunk_header header;
	int got = read_chunk_header(recording, &header, error);

	if (!got && !recording->ended)
		return corrupt(error, "truncated recording: its end is missing");
	if (got <= 0)
		return got;
	memset(chunk, 0, sizeof(*chunk));
	look_reset(look);
	got = read_chunk(recording, &header, chunk, look, error);
	if (got < 0)
		look_reset(look);
	return got;
}
