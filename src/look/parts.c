/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/parts.h"

#include "record.h"

static bool is_part(struct parts *parts, __u32 type)
{
	bool socket = parts->socket && type == RECORD_SOCKET;

	parts->socket = false;
	return socket || (parts->more && (type == RECORD_LOOP || type == RECORD_DETAIL));
}

bool parts_begin(struct parts *parts, __u32 type)
{
	if (is_part(parts, type))
		return false;
	parts->more = type == RECORD_THREAD;
	parts->socket = parts->more || type == RECORD_WATCH || type == RECORD_HELD;
	return true;
}
