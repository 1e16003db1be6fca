/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Writing, and what both ways have in common: see recording.h. */
#include "history/recording.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>

#include "base/replaced_file.h"
#include "history/adapt.h"
#include "history/deflated.h"
#include "history/recording_fields.h"
#include "history/recording_file.h"

void recording_make_header(struct file_header *header)
{
	memset(header, 0, sizeof(*header));
	memcpy(header->magic, RECORDING_MAGIC, sizeof(header->magic));
	header->version = htole32(RECORDING_VERSION);
	header->byte_order = BYTE_ORDER_MARK;
	header->types = htole32(RECORD_TYPES);
}

uint32_t recording_header_crc(const struct file_header *header, const uint32_t *sizes, uint32_t types)
{
	uLong crc = crc32_z(0, (const void *)header, sizeof(*header));

	return crc32_z(crc, (const void *)sizes, types * sizeof(*sizes));
}

uint32_t recording_chunk_crc(const struct chunk_header *header, const void *bytes, size_t length)
{
	uLong crc = crc32_z(0, (const void *)header, offsetof(struct chunk_header, crc));

	return length ? crc32_z(crc, bytes, length) : crc;
}

struct recording *recording_new(int fd)
{
	struct recording *fresh = calloc(1, sizeof(*fresh));

	if (fresh)
		fresh->fd = fd;
	else
		close(fd);
	return fresh;
}

int recording_close(struct recording *recording)
{
	int err;

	if (!recording)
		return 0;
	err = recording->error;
	if (close(recording->fd) && !err)
		err = -errno;
	buffer_free(&recording->chunk);
	buffer_free(&recording->plain);
	buffer_free(&recording->recorded.bytes);
	arena_free(&recording->arena);
	free(recording);
	return err;
}

/* ---- Writing. After an error nothing more is written: what is behind a hole could not be read. ---- */

static int write_all(struct recording *recording, const void *bytes, size_t size)
{
	const char *at = bytes;
	ssize_t written;

	while (size && !recording->error) {
		written = write(recording->fd, at, size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			recording->error = -errno;
			break;
		}
		at += written;
		size -= written;
	}
	return recording->error;
}

static void name_kernel(struct file_header *header)
{
	struct utsname name;

	if (uname(&name))
		return;
	memcpy(header->kernel, name.release, strnlen(name.release, sizeof(header->kernel) - 1));
	memcpy(header->machine, name.machine, strnlen(name.machine, sizeof(header->machine) - 1));
}

static int write_file_header(struct recording *recording)
{
	uint32_t rest[RECORD_TYPES + 1], type;
	struct file_header header;
	int err;

	recording_make_header(&header);
	name_kernel(&header);
	for (type = 0; type < RECORD_TYPES; type++)
		rest[type] = htole32(look_record_size(type));
	rest[RECORD_TYPES] = htole32(recording_header_crc(&header, rest, RECORD_TYPES));
	err = write_all(recording, &header, sizeof(header));
	return err ? err : write_all(recording, rest, sizeof(rest));
}

static int write_chunk(struct recording *recording, uint32_t type, const struct buffer *bytes)
{
	struct chunk_header header = {.type = htole32(type), .length = htole32(bytes->size)};
	int err;

	if (bytes->size > CHUNK_MAX)
		return -EFBIG;
	header.crc = htole32(recording_chunk_crc(&header, bytes->data, bytes->size));
	err = write_all(recording, &header, sizeof(header));
	return err ? err : write_all(recording, bytes->data, bytes->size);
}

int recording_begin(struct recording **recording, int fd)
{
	int err;

	*recording = recording_new(fd);
	if (!*recording)
		return -ENOMEM;
	err = write_file_header(*recording);
	if (err) {
		recording_close(*recording);
		*recording = NULL;
	}
	return err;
}

int recording_create(struct recording **recording, const char *path, bool force)
{
	int fd = force ? replaced_file_create(path)
		       : open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	*recording = NULL;
	if (fd < 0)
		return force ? fd : -errno;
	return recording_begin(recording, fd);
}

int recording_write_start(struct recording *recording, const struct row *start, const struct options *options)
{
	struct pack pack = {.out = &recording->chunk};
	struct options copy_of_options = *options;
	struct row row = *start;

	buffer_reset(&recording->chunk);
	fields_start(&pack, &row);
	fields_options(&pack, &copy_of_options);
	fields_start_added(&pack, &row);
	return pack.error ? pack.error : write_chunk(recording, CHUNK_START, &recording->chunk);
}

int recorded_look_make(struct recorded_look *recorded, const struct look *look)
{
	int made;

	buffer_reset(&recorded->bytes);
	made = deflated_make(&recorded->bytes, &look->bytes);
	recorded->deflated = made > 0;
	return made ? (made < 0 ? made : 0) : buffer_append(&recorded->bytes, look->bytes.data, look->bytes.size);
}

int recording_write_recorded(struct recording *recording, const struct recorded_look *recorded)
{
	return write_chunk(recording, recorded->deflated ? CHUNK_LOOK_DEFLATED : CHUNK_LOOK, &recorded->bytes);
}

int recording_write_look(struct recording *recording, const struct look *look)
{
	int err;

	/* A larger look can be deflated, but not read again. */
	if (look->bytes.size > CHUNK_MAX)
		return -EFBIG;
	err = recorded_look_make(&recording->recorded, look);
	return err ? err : recording_write_recorded(recording, &recording->recorded);
}

int recording_write_end(struct recording *recording, const struct row *end)
{
	struct pack pack = {.out = &recording->chunk};
	struct row row = *end;

	buffer_reset(&recording->chunk);
	fields_end(&pack, &row);
	return pack.error ? pack.error : write_chunk(recording, CHUNK_END, &recording->chunk);
}
