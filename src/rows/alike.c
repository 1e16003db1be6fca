/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rows/alike.h"

#include <string.h>

#include "base/hash.h"
#include "base/sorted.h"

bool alike_may_be(const struct row *row)
{
	switch (row->type) {
	case ROW_HANDSHAKE:
	case ROW_LISTENER:
	case ROW_READER:
	case ROW_WRITER:
	case ROW_CLOSING:
	case ROW_LOOP:
		return row->stuck && row->id && !row->is_cause;
	case ROW_THREAD:
		return row->user_stack;
	default:
		return false;
	}
}

/* Stalls that have verdict and peer in common still differ in this; a loop in the system call that it is in. */
static const char *manner(const struct row *row)
{
	switch (row->type) {
	case ROW_HANDSHAKE:
		return row->handshake.stage;
	case ROW_READER:
		return row->reader.kind;
	case ROW_WRITER:
		return row->writer.kind;
	case ROW_LOOP:
		return row->loop.now;
	default:
		return NULL;
	}
}

static const char *side(const struct row *row)
{
	return row->type == ROW_HANDSHAKE ? row->handshake.side : row->type == ROW_READER ? row->reader.role : NULL;
}

/* The process at the other end of a unix socket or a pipe, where it is known. */
static int64_t peer_pid(const struct row *row)
{
	switch (row->type) {
	case ROW_HANDSHAKE:
		return row->handshake.peer.pid;
	case ROW_READER:
		return row->reader.peer.pid;
	case ROW_WRITER:
		return row->writer.peer.pid;
	default:
		return NOT_KNOWN;
	}
}

static void add_local(struct alike *key, const struct row *row)
{
	key->numbers[2] = row->local_port;
	key->texts[4] = row->local_addr;
	key->texts[5] = row->path;
}

/*
 * Clients of a listener differ in their ports, and many in their addresses: they have the listener in common. The
 * client's port of an accepted connection says nothing. A loop's peer is that of a socket which it happens to be in.
 */
static void add_peer(struct alike *key, const struct row *row)
{
	bool server = row->serves || (side(row) && !strcmp(side(row), "server"));

	if (row->type == ROW_LOOP)
		return;
	if (row->type == ROW_HANDSHAKE && server) {
		add_local(key, row);
		return;
	}
	key->texts[6] = row->peer_addr;
	if (row->peer_addr && server) {
		key->numbers[2] = row->local_port;
		return;
	}
	key->numbers[3] = row->peer_port;
	if (row->peer_addr)
		return;
	key->numbers[4] = peer_pid(row);
	add_local(key, row);
}

static int64_t type_of_host(const struct row *row)
{
	return (int64_t)row->type + (int64_t)row->host_at * ROW_TYPES;
}

static struct alike alike_threads(const struct row *row)
{
	return (struct alike){
		.numbers = {type_of_host(row), row->pid},
		.texts = {row->user_stack, row->thread.state},
	};
}

struct alike alike_of(const struct row *row)
{
	struct alike key = {
		.numbers = {type_of_host(row), row->netns},
		.texts = {row->verdict, row->comm, manner(row), side(row)},
	};

	if (row->type == ROW_THREAD)
		return alike_threads(row);
	key.texts[7] = row->cause_id;
	add_peer(&key, row);
	return key;
}

static int compare_text(const char *a, const char *b)
{
	if (a == b)
		return 0;
	if (!a || !b)
		return !a - !b;
	return strcmp(a, b);
}

int alike_compare(const struct alike *a, const struct alike *b)
{
	int order = 0;

	for (size_t i = 0; i < ALIKE_NUMBERS && !order; i++)
		order = COMPARE(a->numbers[i], b->numbers[i]);
	for (size_t i = 0; i < ALIKE_TEXTS && !order; i++)
		order = compare_text(a->texts[i], b->texts[i]);
	return order;
}

uint64_t alike_id(const struct row *row)
{
	struct alike key = alike_of(row);
	uint64_t id = HASH_START;

	for (size_t i = 0; i < ALIKE_NUMBERS; i++) {
		for (int shift = 0; shift < 64; shift += 8)
			id = hash_byte(id, (unsigned char)((uint64_t)key.numbers[i] >> shift));
	}
	for (size_t i = 0; i < ALIKE_TEXTS; i++)
		id = hash_byte(hash_text(id, key.texts[i] ? key.texts[i] : ""), 0);
	return id;
}
