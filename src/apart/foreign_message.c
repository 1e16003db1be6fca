/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "apart/foreign_message.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "system/container_names.h"

#define ERRNO_MOST 4095 /* include/linux/err.h: MAX_ERRNO */

/* Bytes of an answer, at most; of memory what one request may ask a worker to copy. */
static const __u64 most[FOREIGN_KINDS] = {
	[FOREIGN_FDINFO] = FOREIGN_ANSWER,
	[FOREIGN_MAPS] = FOREIGN_ANSWER,
	[FOREIGN_SYSCALL] = 512,
	[FOREIGN_STATUS] = 8192,
	[FOREIGN_PROGRAM] = 65536,
	[FOREIGN_CONTAINER] = CONTAINER_FILE_MOST,
	[FOREIGN_TITLE] = 512,
	[FOREIGN_MEMORY] = FOREIGN_PIECE - sizeof(__u64),
	[FOREIGN_OPEN] = INT64_MAX,
	[FOREIGN_DEBUG] = 1,
	[FOREIGN_NAMES] = 1,
};

bool foreign_request_is_valid(const struct foreign_request *request)
{
	if (request->kind >= FOREIGN_KINDS || !request->size || request->size > most[request->kind])
		return false;
	if (!request->pid || request->pid > INT_MAX || !request->tid || request->tid > INT_MAX || request->fd < 0)
		return false;
	if (request->kind == FOREIGN_CONTAINER && request->fd >= CONTAINER_FILES)
		return false;
	if (request->kind == FOREIGN_DEBUG && (request->fd < 2 || (size_t)request->fd > sizeof(request->container)))
		return false;
	if (request->address > INT64_MAX - request->size || request->swapped > 1 || request->pad)
		return false;
	return request->kind != FOREIGN_MEMORY ||
	       (request->anchor >= request->address && request->anchor - request->address < request->size);
}

const struct foreign_request *foreign_requests_check(const void *bytes, size_t size, struct foreign_head *head)
{
	const struct foreign_request *requests = (const void *)((const char *)bytes + sizeof(*head));
	__u32 i;

	if (size < sizeof(*head))
		return NULL;
	memcpy(head, bytes, sizeof(*head));
	if (!head->count || head->count > FOREIGN_BATCH || size - sizeof(*head) != head->count * sizeof(*requests))
		return NULL;
	for (i = 0; i < head->count; i++)
		if (!foreign_request_is_valid(&requests[i]))
			return NULL;
	return requests;
}

static __u64 allowed(const struct foreign_request *request)
{
	return request->size + (request->kind == FOREIGN_MEMORY ? sizeof(__u64) : 0);
}

/* One that is to be followed has bytes: so none can go on for ever. */
static bool status_is_valid(const struct foreign_request *request, const struct foreign_piece *piece)
{
	if (piece->status < 0)
		return piece->status >= -ERRNO_MOST && !piece->size;
	if (FOREIGN_GIVES_FD(request->kind))
		return piece->status == FOREIGN_LAST && !piece->size;
	return piece->status == FOREIGN_LAST || (piece->status == FOREIGN_MORE && piece->size);
}

int foreign_piece_take(struct foreign_intake *intake, const void *bytes, size_t size, struct foreign_piece *piece)
{
	if (size < sizeof(*piece) || intake->next >= intake->count)
		return -EBADMSG;
	memcpy(piece, bytes, sizeof(*piece));
	if (piece->size != size - sizeof(*piece) || piece->size > FOREIGN_PIECE ||
	    !status_is_valid(&intake->requests[intake->next], piece))
		return -EBADMSG;
	if (piece->sequence != intake->sequence || piece->index != intake->next ||
	    piece->size > allowed(&intake->requests[intake->next]) - intake->got)
		return -EBADMSG;
	intake->got += piece->size;
	if (piece->status != FOREIGN_MORE) {
		intake->next++;
		intake->got = 0;
	}
	return 0;
}

bool foreign_memory_check(const struct foreign_request *request, const void *answer, size_t size, __u64 *start,
			  size_t *length)
{
	if (size < sizeof(*start))
		return false;
	memcpy(start, answer, sizeof(*start));
	*length = size - sizeof(*start);
	return *start >= request->address && *start - request->address <= request->size &&
	       *length <= request->size - (*start - request->address);
}
