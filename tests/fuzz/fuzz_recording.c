/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The reader of recordings. With an even first byte the rest is a file as it is; else it is a list of chunks, each a
 * type byte, a length in two bytes and contents: they get a true header and true checksums, which no fuzzer would
 * guess. Type 5 is a compressed look, which gets a true zlib stream, too.
 */
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "history/deflated.h"
#include "history/recording.h"

static struct buffer header;

static void make_header(void)
{
	char path[] = "/tmp/sockstall-fuzz-XXXXXX";
	struct recording *recording;
	int fd = mkstemp(path);
	ssize_t got;

	unlink(path);
	if (recording_create(&recording, path, false))
		abort();
	recording_close(recording);
	close(fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	buffer_reserve(&header, 4096);
	got = read(fd, header.data, 4096);
	header.size = got > 0 ? (size_t)got : 0;
	close(fd);
	unlink(path);
}

static void add_chunk(struct buffer *file, uint32_t type, const uint8_t *data, size_t size)
{
	uint32_t words[3] = {htole32(type), htole32((uint32_t)size), 0};
	uLong crc = crc32_z(0, (const void *)words, 8);

	words[2] = htole32((uint32_t)(size ? crc32_z(crc, data, size) : crc));
	buffer_append(file, words, sizeof(words));
	buffer_append(file, data, size);
}

static void add_deflated(struct buffer *file, const uint8_t *data, size_t size)
{
	struct buffer plain = {0}, deflated = {0};

	if (buffer_append(&plain, data, size))
		abort();
	if (deflated_make(&deflated, &plain) == 1)
		add_chunk(file, 4, (const uint8_t *)deflated.data, deflated.size);
	else
		add_chunk(file, CHUNK_LOOK, data, size);
	buffer_free(&plain);
	buffer_free(&deflated);
}

static void add_chunks(struct buffer *file, const uint8_t *data, size_t left)
{
	buffer_append(file, header.data, header.size);
	while (left >= 3) {
		size_t size = (size_t)data[1] | (size_t)data[2] << 8;

		size = size > left - 3 ? left - 3 : size;
		if (data[0] % 6 == 5)
			add_deflated(file, data + 3, size);
		else
			add_chunk(file, data[0] % 6, data + 3, size);
		data += 3 + size;
		left -= 3 + size;
	}
}

static void read_it(const char *path)
{
	struct recording *recording = NULL;
	struct recording_chunk chunk;
	struct look look = {0};
	const char *error = NULL;
	int got = recording_open(&recording, path, &error);

	while (!got && (got = recording_next(recording, &chunk, &look, &error)) > 0)
		got = 0;
	if (got < 0 && !error)
		abort(); /* every error has its sentence */
	look_free(&look);
	recording_close(recording);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer file = {0};
	char path[40];
	int fd;

	if (!header.size)
		make_header();
	if (!size)
		return 0;
	if (data[0] % 2)
		add_chunks(&file, data + 1, size - 1);
	else
		buffer_append(&file, data + 1, size - 1);
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (file.size && write(fd, file.data, file.size) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_it(path);
	close(fd);
	buffer_free(&file);
	return 0;
}
