/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "history/flight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "apart/files.h"
#include "base/clock.h"
#include "base/folder.h"
#include "history/recording.h"

size_t flight_looks(const struct flight *flight)
{
	return flight->count - flight->first;
}

uint64_t flight_span(const struct flight *flight)
{
	if (!flight_looks(flight))
		return 0;
	return flight->looks[flight->count - 1].seen_ns - flight->looks[flight->first].seen_ns;
}

/* The first look is not like the others, and two make one interval. */
#define ESTIMATE_AFTER 3

uint64_t flight_reach(const struct flight *flight)
{
	size_t looks = flight_looks(flight);
	double interval, fit;

	if (looks < 2 || flight->count < ESTIMATE_AFTER)
		return 0;
	interval = (double)flight_span(flight) / (double)(looks - 1);
	fit = (double)flight->most_bytes * (double)looks / (double)flight->bytes;
	return interval * fit < (double)flight->keep_ns ? (uint64_t)(interval * fit) : flight->keep_ns;
}

static void drop_first(struct flight *flight)
{
	struct flight_look *look = &flight->looks[flight->first++];

	flight->bytes -= look->recorded.bytes.size;
	buffer_free(&look->recorded.bytes);
}

/* The last one stays, however old: it is what there is. */
static void drop_old(struct flight *flight)
{
	while (flight_looks(flight) > 1 && flight_span(flight) > flight->keep_ns)
		drop_first(flight);
}

static int make_room(struct flight *flight)
{
	size_t capacity = flight->capacity ? flight->capacity * 2 : 64;
	void *looks;

	if (flight->count < flight->capacity)
		return 0;
	if (flight->first > flight->capacity / 2) {
		memmove(flight->looks, flight->looks + flight->first, flight_looks(flight) * sizeof(*flight->looks));
		flight->count -= flight->first;
		flight->first = 0;
		return 0;
	}
	looks = reallocarray(flight->looks, capacity, sizeof(*flight->looks));
	if (!looks)
		return -ENOMEM;
	flight->looks = looks;
	flight->capacity = capacity;
	return 0;
}

static int keep_next(struct flight *flight, uint64_t seen_ns)
{
	struct flight_look *kept;
	int err = make_room(flight);

	if (err)
		return err;
	kept = &flight->looks[flight->count];
	kept->seen_ns = seen_ns;
	kept->recorded.deflated = flight->next.deflated;
	err = buffer_copy(&kept->recorded.bytes, &flight->next.bytes);
	if (err)
		return err;
	flight->count++;
	flight->bytes += kept->recorded.bytes.size;
	return 0;
}

int flight_keep(struct flight *flight, const struct look *look)
{
	int err = recorded_look_make(&flight->next, look);
	size_t size = flight->next.bytes.size;

	if (err)
		return err;
	while (flight_looks(flight) && flight->bytes + size > flight->most_bytes)
		drop_first(flight);
	if (size > flight->most_bytes)
		return 0;
	err = keep_next(flight, look->head->seen_ns);
	if (err)
		return err;
	drop_old(flight);
	return 0;
}

void flight_free(struct flight *flight)
{
	while (flight_looks(flight))
		drop_first(flight);
	free(flight->looks);
	buffer_free(&flight->next.bytes);
}

/* ---- Writing ---- */

static void fill_end(const struct flight *flight, struct row *row)
{
	row_init(row, ROW_END);
	row->time_ns = clock_ns(CLOCK_REALTIME);
	row->end.looks = (int64_t)flight_looks(flight);
}

static int write_looks(const struct flight *flight, struct recording *recording)
{
	size_t i;
	int err = 0;

	for (i = flight->first; i < flight->count && !err; i++)
		err = recording_write_recorded(recording, &flight->looks[i].recorded);
	return err;
}

static int write_all(const struct flight *flight, struct recording *recording, const struct row *start,
		     const struct options *options)
{
	struct row first = *start, end;
	int err;

	first.start.flight_s = (double)flight_span(flight) / 1e9;
	err = recording_write_start(recording, &first, options);
	fill_end(flight, &end);
	if (!err)
		err = write_looks(flight, recording);
	return err ? err : recording_write_end(recording, &end);
}

/* The recording has a descriptor of its own: the stream is the file's maker's. */
static int write_to(const struct flight *flight, FILE *stream, const struct row *start, const struct options *options)
{
	struct recording *recording;
	int fd = fcntl(fileno(stream), F_DUPFD_CLOEXEC, STDERR_FILENO + 1), err, closed;

	if (fd < 0)
		return -errno;
	err = recording_begin(&recording, fd);
	if (err)
		return err;
	err = write_all(flight, recording, start, options);
	closed = recording_close(recording);
	return err ? err : closed;
}

int flight_dump(const struct flight *flight, const struct row *start, const struct options *options, char *path,
		size_t path_size)
{
	FILE *stream;
	int err = files_make(options->helpers.files, FILE_DUMP, &stream, path, path_size);

	if (err)
		return err;
	err = write_to(flight, stream, start, options);
	if (!err)
		return files_commit(options->helpers.files, stream, false);
	/* Half of it is none. */
	files_drop(options->helpers.files, stream);
	return err;
}
