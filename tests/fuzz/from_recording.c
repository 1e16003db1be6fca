/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Makes an input of fuzz_replay of a recording: its first looks, as make_look.h reads them. A whole machine is too much
 * for a fuzzer: of processes only those whose name has a text in it are kept, of sockets those that they have open, of
 * the rest a few.
 *
 *   from_recording FILE LOOKS NAME >tests/fuzz/corpus/replay/…
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history/recording.h"

#define FEW 6 /* of what belongs to no process, and of regions */

struct kept {
	const struct look *look;
	const char *name;
	unsigned int others[RECORD_TYPES];
	bool part; /* what follows belongs to a record that is kept */
};

static bool is_kept_process(const struct kept *kept, __u32 pid)
{
	size_t i;

	for (i = 0; i < kept->look->threads.count; i++) {
		const struct thread_record *thread = kept->look->threads.items[i].thread;

		if (thread->pid == pid &&
		    memmem(thread->process_comm, sizeof(thread->process_comm), kept->name, strlen(kept->name)))
			return true;
	}
	return false;
}

static bool has_owner(const struct kept *kept, const struct socket_name *name)
{
	size_t i;

	for (i = 0; i < kept->look->owners.count; i++)
		if (kept->look->owners.items[i]->cookie == name->cookie &&
		    is_kept_process(kept, kept->look->owners.items[i]->pid))
			return true;
	return false;
}

/* 1, 0, or -1: it belongs to nobody. */
static int is_of_kept_process(const struct kept *kept, const struct record_header *header)
{
	const void *record = header;

	switch (header->type) {
	case RECORD_THREAD:
		return is_kept_process(kept, ((const struct thread_record *)record)->pid);
	case RECORD_OWNER:
	case RECORD_PIPE_READER:
	case RECORD_PIPE_WRITER:
		return is_kept_process(kept, ((const struct owner_record *)record)->pid);
	case RECORD_EPOLL:
		return is_kept_process(kept, ((const struct epoll_record *)record)->pid);
	case RECORD_PROCESS:
		return is_kept_process(kept, ((const struct process_record *)record)->pid);
	case RECORD_USAGE:
		return is_kept_process(kept, ((const struct usage_record *)record)->pid);
	case RECORD_NOTE:
		return is_kept_process(kept, ((const struct note_record *)record)->pid);
	case RECORD_REGION:
		return is_kept_process(kept, ((const struct region_record *)record)->pid);
	case RECORD_INSTANCE:
		return is_kept_process(kept, ((const struct instance_record *)record)->pid);
	case RECORD_LOCK:
		return is_kept_process(kept, ((const struct lock_record *)record)->pid);
	case RECORD_SOCKET:
		return has_owner(kept, &((const struct socket_record *)record)->name);
	case RECORD_LISTENER:
		return has_owner(kept, &((const struct listener_record *)record)->name);
	default:
		return -1;
	}
}

static bool is_part(__u32 type)
{
	return type == RECORD_LOOP || type == RECORD_DETAIL || type == RECORD_WATCH;
}

static bool is_wanted(struct kept *kept, const struct record_header *header)
{
	int of_kept;

	if (header->type == RECORD_LOOK)
		return true;
	/* A socket may be one as well: with a thread that is kept, it is kept once too often, which does no harm. */
	if (is_part(header->type) || (header->type == RECORD_SOCKET && kept->part))
		return kept->part;
	of_kept = is_of_kept_process(kept, header);
	kept->part = of_kept > 0 && (header->type == RECORD_THREAD || header->type == RECORD_INSTANCE);
	if (of_kept < 0 || (of_kept && header->type == RECORD_REGION))
		return kept->others[header->type]++ < FEW;
	return of_kept;
}

static void write_record(const struct record_header *header)
{
	size_t size = header->size - sizeof(*header);

	putchar((int)header->type - RECORD_LOOK);
	putchar((int)(size & 0xff));
	putchar((int)(size >> 8));
	fwrite(header + 1, 1, size, stdout);
}

static void write_look(const struct look *look, const char *name)
{
	struct kept kept = {.look = look, .name = name};
	size_t offset;

	for (offset = 0; offset < look->bytes.size;) {
		const struct record_header *header = (const void *)(look->bytes.data + offset);

		if (is_wanted(&kept, header))
			write_record(header);
		offset += header->size;
	}
}

int main(int argc, char **argv)
{
	int looks = argc == 4 ? atoi(argv[2]) : 0;
	struct recording *recording;
	struct recording_chunk chunk;
	struct look look = {0};
	const char *error;

	if (looks < 1 || recording_open(&recording, argv[1], &error)) {
		fprintf(stderr, "from_recording FILE LOOKS NAME%s%s\n", looks < 1 ? "" : ": ", looks < 1 ? "" : error);
		return 1;
	}
	fwrite("\0\0\0\1", 1, 4, stdout);
	while (looks && recording_next(recording, &chunk, &look, &error) > 0) {
		if (chunk.type != CHUNK_LOOK)
			continue;
		write_look(&look, argv[3]);
		looks--;
	}
	look_free(&look);
	recording_close(recording);
	return 0;
}
