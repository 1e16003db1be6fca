/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Requests of sockstall to the process that reads for it (foreign.h), and the answers. Pure, and checked on both sides:
 * an attacker may have taken over either one.
 *
 * A message of sockstall's is a head and some requests. Each request is answered in turn, by one or more pieces: a
 * message each, with a head and bytes. The request limits the bytes of an answer, all pieces together.
 */
#ifndef SOCKSTALL_APART_FOREIGN_MESSAGE_H
#define SOCKSTALL_APART_FOREIGN_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

/* Requests in a message, bytes of a piece, and bytes of an answer, at most. */
#define FOREIGN_BATCH  64
#define FOREIGN_PIECE  32768
#define FOREIGN_ANSWER (16u << 20)

/* The kinds of requests: each has a row in the worker's table (foreign_worker.c). */
enum foreign_kind {
	FOREIGN_FDINFO, /* /proc/pid/task/tid/fdinfo/fd */
	FOREIGN_MAPS, /* /proc/pid/task/tid/maps */
	FOREIGN_SYSCALL, /* /proc/pid/task/tid/syscall */
	FOREIGN_STATUS, /* /proc/pid/status */
	FOREIGN_PROGRAM, /* of /proc/pid/exe, from offset `address` on */
	FOREIGN_CONTAINER, /* container_files[fd] (system/container_names.h) of the container */
	FOREIGN_TITLE, /* /proc/pid/cmdline */
	FOREIGN_MEMORY, /* the pages in memory around `anchor`, from `address` on: a __u64 says where they begin */
	FOREIGN_OPEN, /* the regular file that is mapped at [address, address + size): a descriptor; anchor is its inode */
	FOREIGN_DEBUG, /* the separate debug file of the build id in `container`, fd bytes long: a descriptor */
	FOREIGN_NAMES, /* /tmp/perf-FD.map of the process, fd is its pid in its own namespace: a descriptor */
	FOREIGN_KINDS,
};

/* Their answer has no bytes, and beside it a socket in whose queue one message has the file's descriptor. */
#define FOREIGN_GIVES_FD(kind) ((kind) == FOREIGN_OPEN || (kind) == FOREIGN_DEBUG || (kind) == FOREIGN_NAMES)

struct foreign_request {
	__u32 kind; /* enum foreign_kind */
	__u32 pid, tid;
	__s32 fd;
	__u64 address;
	__u64 size; /* bytes of the answer at most; of memory beside the __u64 */
	__u64 anchor; /* in [address, address + size) */
	__u32 swapped; /* FOREIGN_MEMORY: 1: pages that are swapped out, too */
	__u32 pad;
	__u8 container[32]; /* FOREIGN_CONTAINER: its id, two hex digits a byte; FOREIGN_DEBUG: a build id */
};

struct foreign_head {
	__u32 sequence; /* of the message */
	__u32 count; /* requests that follow */
};

enum foreign_status {
	FOREIGN_LAST = 0, /* the answer is complete; below 0: there is none, and this is a negative errno */
	FOREIGN_MORE = 1,
};

struct foreign_piece {
	__u32 sequence; /* of the message that is answered */
	__u32 index; /* of the request in it */
	__s32 status; /* enum foreign_status, or a negative errno */
	__u32 size; /* bytes that follow */
};

/* Whether the worker may do this. */
bool foreign_request_is_valid(const struct foreign_request *request);

/* The requests in a message; NULL: it is none that sockstall makes. bytes: aligned. */
const struct foreign_request *foreign_requests_check(const void *bytes, size_t size, struct foreign_head *head);

/* The part of a message that the worker has yet to answer. */
struct foreign_intake {
	const struct foreign_request *requests;
	__u32 sequence, count;
	__u32 next; /* request that is being answered; count: all are */
	__u64 got; /* bytes of its answer */
};

/*
 * Takes a message of the worker's: its head is copied to *piece, the bytes follow it. Returns 0; or -EBADMSG for what
 * does not answer the next request, or is more than it asked for.
 */
int foreign_piece_take(struct foreign_intake *intake, const void *bytes, size_t size, struct foreign_piece *piece);

/* Where the memory in an answer begins, and how much there is; false: the answer does not fit the request. */
bool foreign_memory_check(const struct foreign_request *request, const void *answer, size_t size, __u64 *start,
			  size_t *length);

#endif
