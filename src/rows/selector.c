/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rows/selector.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/wording.h"
#include "rows/column.h"
#include "socket_record.h"
#include "system/address.h"
#include "system/netns.h"

/* Moments in endings are in ms, and later than 2001. */
#define ENDING_LEAST 10

/* A stall is shown no later than this after the moment in its ending, for clocks that were read one after the other. */
#define ENDING_SLACK_MS 50

#define PID_MAX 4194304
#define FD_MAX	1073741824

bool selector_is_id(const char *word)
{
	enum row_type type;
	size_t length;

	for (type = 0; type < ROW_TYPES; type++) {
		length = strlen(row_type_names[type]);
		if (row_is_finding(type) && !strncmp(word, row_type_names[type], length) && word[length] == '-')
			return !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEF0123456789_-.:[]%")] &&
			       word[length + 1];
	}
	return false;
}

bool selector_fits(const char *id, const struct row *row)
{
	unsigned long long moment_ms;
	size_t length;
	char *end;

	if (!row->id)
		return false;
	length = strlen(row->id);
	if (strncmp(id, row->id, length))
		return false;
	if (!id[length])
		return true;
	if (id[length] != '-' || strlen(id + length + 1) < ENDING_LEAST || !isxdigit((unsigned char)id[length + 1]))
		return false;
	moment_ms = strtoull(id + length + 1, &end, 16);
	return !*end && row->since_ns / 1000000 <= moment_ms + ENDING_SLACK_MS;
}

/* ---- Values: NULL, or what is wrong ---- */

static bool take_number(const char *text, uint64_t most, uint64_t *number)
{
	char *end;

	if (!isdigit((unsigned char)*text) || strlen(text) > 20)
		return false;
	*number = strtoull(text, &end, 10);
	return !*end && *number <= most && (*number != UINT64_MAX || !strcmp(text, "18446744073709551615"));
}

static const char *set_count(int64_t *field, const char *text, uint64_t least, uint64_t most, const char *expected)
{
	uint64_t number;

	if (!take_number(text, most, &number) || number < least)
		return expected;
	*field = (int64_t)number;
	return NULL;
}

static const char *set_pid(struct row *row, struct arena *arena, const char *text)
{
	(void)arena;
	return set_count(&row->pid, text, 1, PID_MAX, "a process id");
}

static const char *set_fd(struct row *row, struct arena *arena, const char *text)
{
	(void)arena;
	return set_count(&row->fd, text, 0, FD_MAX, "a descriptor");
}

static const char *set_netns(struct row *row, struct arena *arena, const char *text)
{
	if (netns_is_name(text)) {
		row->netns_name = arena_printf(arena, "%s", text);
		return NULL;
	}
	return set_count(&row->netns, text, 1, UINT32_MAX, "the inode or name of a network namespace");
}

static const char *set_cookie(struct row *row, struct arena *arena, const char *text)
{
	(void)arena;
	return take_number(text, UINT64_MAX, &row->cookie) && row->cookie ? NULL : "a socket's cookie";
}

/* 10.0.0.1:80 or [2001:db8::1]:80 */
static const char *set_endpoint(const char **to, int64_t *port, struct arena *arena, const char *text)
{
	static const char expected[] = "ADDR:PORT, an IPv6 address in brackets";
	const char *colon = strrchr(text, ':');
	struct in6_addr address;
	char host[64];
	size_t length;
	bool bracketed = *text == '[';

	if (!colon || (bracketed && colon[-1] != ']'))
		return expected;
	length = (size_t)(colon - text) - (bracketed ? 2 : 0);
	if (length >= sizeof(host))
		return expected;
	memcpy(host, text + bracketed, length);
	host[length] = '\0';
	if (!address_parse(host, &address) || bracketed != !!strchr(host, ':'))
		return expected;
	*to = say_address(arena, address.s6_addr);
	return set_count(port, colon + 1, 1, 65535, expected);
}

static const char *set_local(struct row *row, struct arena *arena, const char *text)
{
	return set_endpoint(&row->local_addr, &row->local_port, arena, text);
}

static const char *set_peer(struct row *row, struct arena *arena, const char *text)
{
	return set_endpoint(&row->peer_addr, &row->peer_port, arena, text);
}

/* ---- Words ---- */

enum { PID, FD, LOCAL, PEER, COOKIE, NETNS, KEYS };

static const struct {
	const char *name;
	const char *(*set)(struct row *row, struct arena *arena, const char *text);
} keys[KEYS] = {
	[PID] = {"pid", set_pid},	   [FD] = {"fd", set_fd},
	[LOCAL] = {"local", set_local},	   [PEER] = {"peer", set_peer},
	[COOKIE] = {"cookie", set_cookie}, [NETNS] = {"netns", set_netns},
};

static const char *take_word(struct row *row, struct arena *arena, const char *word, unsigned int *given)
{
	size_t length = strcspn(word, "=");
	const char *expected;
	int key;

	for (key = 0; key < KEYS; key++)
		if (strlen(keys[key].name) == length && !strncmp(word, keys[key].name, length))
			break;
	if (!word[length] || key == KEYS)
		return arena_printf(arena,
				    "'%s' is neither the id of a stall nor one of pid= fd= local= peer= cookie= "
				    "netns=",
				    word);
	if (*given & 1u << key)
		return arena_printf(arena, "%s= stands twice", keys[key].name);
	*given |= 1u << key;
	expected = keys[key].set(row, arena, word + length + 1);
	return expected ? arena_printf(arena, "%s=: expected %s, got '%s'", keys[key].name, expected, word + length + 1)
			: NULL;
}

/* A missing word would have to be guessed, so half a pair is a mistake. */
static const char *check_given(unsigned int given)
{
	unsigned int process = given & (1u << PID | 1u << FD), ends = given & (1u << LOCAL | 1u << PEER);

	if (process == 1u << PID)
		return "pid= needs fd= beside it: a process has many sockets";
	if (process == 1u << FD)
		return "fd= needs pid= beside it";
	if (ends == 1u << LOCAL || ends == 1u << PEER)
		return "local= and peer= need each other: a connection has two ends";
	if (!process && !ends && !(given & 1u << COOKIE))
		return "name what to end: the id of a stall, pid= and fd=, local= and peer=, or cookie=";
	return NULL;
}

const char *selector_parse(struct row *row, struct arena *arena, const char *const *words, size_t count)
{
	unsigned int given = 0;
	const char *error = NULL;
	size_t i;

	row_init(row, ROW_ACTION);
	if (count && selector_is_id(words[0])) {
		row->id = words[0];
		return count == 1 ? NULL : "the id of a stall stands alone";
	}
	for (i = 0; i < count && !error; i++)
		error = take_word(row, arena, words[i], &given);
	return error ? error : check_given(given);
}
