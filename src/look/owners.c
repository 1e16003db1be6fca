/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/owners.h"

#include <string.h>

/* At most this many holders of a shared socket are named. The others are counted. */
#define NAMED 4

#define INIT_PID 1

/* The processes that hold it, without those that hold it twice: one record each, the main one first. */
struct sharers {
	const struct owner_record *named[NAMED];
	size_t count; /* may be more than are named */
};

static bool is_service_manager(const struct owner_record *owner)
{
	return !strncmp(owner->comm, "systemd", sizeof(owner->comm));
}

/* Socket activation: the manager keeps the socket that it hands over. In a container pid 1 may be the server itself. */
bool owners_is_last_choice(const struct owner_record *owner)
{
	return owner->pid == INIT_PID || is_service_manager(owner);
}

bool owners_leaves_work(const struct owner_record *owner)
{
	return owner->flags & OWNER_HAS_FORKED;
}

/* The less, the better. */
static int rank_of(const struct owner_record *owner)
{
	if (owners_is_last_choice(owner))
		return 2;
	return owners_leaves_work(owner) ? 1 : 0;
}

const struct owner_record *owners_main(const struct look *look, __u64 cookie)
{
	size_t i, count = 0;
	const struct owner_record *const *owners = cookie ? look_owners(look, cookie, &count) : NULL;
	const struct owner_record *best = NULL;

	for (i = 0; owners && i < count; i++)
		if (!best || rank_of(owners[i]) < rank_of(best))
			best = owners[i];
	return best;
}

static void add(struct sharers *sharers, const struct owner_record *owner)
{
	if (sharers->count < NAMED)
		sharers->named[sharers->count] = owner;
	sharers->count++;
}

static struct sharers find_sharers(const struct look *look, __u64 cookie)
{
	const struct owner_record *first = owners_main(look, cookie);
	struct sharers sharers = {.count = 0};
	const struct owner_record *const *owners;
	size_t i, count = 0;

	if (!first)
		return sharers;
	add(&sharers, first);
	owners = look_owners(look, cookie, &count);
	for (i = 0; i < count; i++)
		if (owners[i]->pid != first->pid && (!i || owners[i]->pid != owners[i - 1]->pid))
			add(&sharers, owners[i]);
	return sharers;
}

static const char *say_one(struct arena *arena, const struct owner_record *owner)
{
	return arena_printf(arena, "%s (pid %u)", look_comm(arena, owner->comm), owner->pid);
}

/* The text between the last two items, and between others. */
static const char *glue(size_t at, size_t last)
{
	if (at == 1)
		return "";
	return at == last ? " and " : ", ";
}

const char *owners_say(struct arena *arena, const struct look *look, __u64 cookie)
{
	struct sharers sharers = find_sharers(look, cookie);
	size_t i, named = sharers.count < NAMED ? sharers.count : NAMED;
	const char *others = "";

	if (!sharers.count)
		return NULL;
	if (sharers.count == 1)
		return say_one(arena, sharers.named[0]);
	for (i = 1; i < named; i++)
		others = arena_printf(arena, "%s%s%s", others, glue(i, sharers.count - 1),
				      say_one(arena, sharers.named[i]));
	if (sharers.count > named)
		others = arena_printf(arena, "%s and %zu more", others, sharers.count - named);
	return arena_printf(arena, "%s, which shares it with %s,", say_one(arena, sharers.named[0]), others);
}

const char *owners_pids(struct arena *arena, const struct look *look, __u64 cookie)
{
	struct sharers sharers = find_sharers(look, cookie);
	const char *pids = "";
	size_t i;

	if (!sharers.count || is_service_manager(sharers.named[0]))
		return NULL;
	for (i = 0; i < sharers.count && i < NAMED; i++)
		if (!i || !owners_is_last_choice(sharers.named[i]))
			pids = arena_printf(arena, "%s%s%u", pids, i ? "," : "", sharers.named[i]->pid);
	return pids;
}
