/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Reading what iterators write, as much of it as is kept. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/signals.h"
#include "look/parts.h"
#include "look/records.h"
#include "probe/internal.h"

#define READ_CHUNK (64 * 1024)

/* One a process, as signals are. */
static struct {
	bool (*attend)(void *context);
	void *context;
	bool end; /* was wanted */
} person;

void probe_attend(bool (*attend)(void *context), void *context)
{
	person.attend = attend;
	person.context = context;
}

/*
 * Signals that ask for the end are blocked, for run/live.c to read them between looks. A look at a million sockets
 * takes seconds, and nobody who has pressed Ctrl-C waits for that.
 */
bool probe_is_asked_to_end(void)
{
	if (person.attend && !person.end)
		person.end = person.attend(person.context);
	return person.end || signals_asked();
}

/*
 * Appends one piece. Returns how long it is, 0 at the end, or a negative errno: -ECANCELED if asked to end meanwhile.
 */
static ssize_t read_piece(int fd, struct buffer *buffer)
{
	void *to = buffer_reserve(buffer, READ_CHUNK);
	ssize_t got;

	if (!to)
		return -ENOMEM;
	/* A million in a row that are none of ours make an EAGAIN: bpf_seq_read(). */
	do {
		if (probe_is_asked_to_end())
			return -ECANCELED;
		got = read(fd, to, READ_CHUNK);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got < 0)
		return -errno;
	buffer->size += (size_t)got;
	return got;
}

/* Steps over records. */
struct walk {
	size_t offset;
	struct parts parts;
};

/* Tells whether it begins something. */
static struct record_header *walk_on(struct walk *walk, const struct buffer *buffer, bool *begins)
{
	struct record_header *header = record_next(buffer, &walk->offset);

	if (header)
		*begins = parts_begin(&walk->parts, header->type);
	return header;
}

/* Reads on, but keeps nothing: only counts what begins in it. */
static int count_rest(int fd, struct buffer *rest, __u64 *lost)
{
	struct walk walk = {0};
	ssize_t got;
	bool begins;

	do {
		while (walk_on(&walk, rest, &begins))
			*lost += begins;
		/* The rest of a record stays for the next piece. */
		memmove(rest->data, rest->data + walk.offset, rest->size - walk.offset);
		rest->size -= walk.offset;
		walk.offset = 0;
		got = read_piece(fd, rest);
	} while (got > 0);
	return (int)got;
}

/* The last thing in the buffer may not be whole: it goes over to what is only counted. */
static int split_off_last(struct buffer *buffer, size_t offset, struct buffer *rest)
{
	struct walk walk = {.offset = offset};
	size_t last = offset, before = offset;
	bool begins;
	int err;

	for (; walk_on(&walk, buffer, &begins); before = walk.offset)
		if (begins)
			last = before;
	err = buffer_append(rest, buffer->data + last, buffer->size - last);
	buffer->size = last;
	return err;
}

int probe_read_fd(int fd, struct buffer *buffer, __u64 *lost)
{
	size_t began = buffer->size;
	struct buffer rest = {0};
	ssize_t got;
	int err;

	do
		got = read_piece(fd, buffer);
	while (got > 0 && buffer->size < LOOK_MAX);
	if (got <= 0)
		return (int)got;
	err = split_off_last(buffer, began, &rest);
	if (!err)
		err = count_rest(fd, &rest, lost);
	buffer_free(&rest);
	return err;
}

int probe_read_iter(struct bpf_link *link, struct buffer *buffer, __u64 *lost)
{
	int err, fd = bpf_iter_create(bpf_link__fd(link));

	if (fd < 0)
		return fd;
	err = probe_read_fd(fd, buffer, lost);
	close(fd);
	return err;
}

/* After a key that is no longer there the kernel begins again at the first: so each goes once the next is known. */
void probe_map_empty(const struct bpf_map *map)
{
	char key[sizeof(struct peer_key)], next[sizeof(key)];
	int fd = bpf_map__fd(map), last = bpf_map_get_next_key(fd, NULL, key);

	while (!last) {
		last = bpf_map_get_next_key(fd, key, next);
		bpf_map_delete_elem(fd, key);
		if (!last)
			memcpy(key, next, sizeof(key));
	}
}
