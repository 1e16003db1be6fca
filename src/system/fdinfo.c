/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/fdinfo.h"

#include <limits.h>

#include "base/parse.h"

/* tfd:        5 events: 80000001 data:        500000005  pos:0 ino:2b sdev:e */
bool fdinfo_watch_parse(struct fdinfo_watch *watch, const char *line, size_t length)
{
	const char *end = line + length, *at;
	__u64 fd = 0, events = 0, ignored;

	at = take_spaces(take_text(line, end, "tfd:"), end);
	at = take_number(at, end, 10, &fd);
	at = take_spaces(take_text(at, end, " events:"), end);
	at = take_number(at, end, 16, &events);
	at = take_spaces(take_text(at, end, " data:"), end);
	at = take_number(at, end, 16, &ignored);
	at = take_text(take_spaces(at, end), end, "pos:");
	/* A file's position can be negative in what it is shown as. */
	if (at && at < end && *at == '-')
		at++;
	at = take_number(at, end, 10, &ignored);
	at = take_text(at, end, " ino:");
	at = take_number(at, end, 16, &watch->inode);
	if (!take_text(at, end, " sdev:") || fd > INT_MAX || events > UINT_MAX)
		return false;
	watch->fd = (__s32)fd;
	watch->events = (__u32)events;
	return true;
}
