/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Whose threads are looked at, because somebody waits for what they hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "look/suspects.h"
#include "make_look.h"

#define NOW	    (100 * SECOND)
#define ESTABLISHED 1
#define OTHER_NETNS (LOOK_NETNS + 1)
#define PORT	    80

static struct look_builder builder;

struct pids {
	__u32 items[8];
	size_t count;
};

static void note(void *context, const struct owner_record *owner)
{
	struct pids *pids = context;

	assert_true(pids->count < 8);
	pids->items[pids->count++] = owner->pid;
}

static struct pids find(void)
{
	struct pids pids = {.count = 0};
	struct look look = {0};

	look_finish_bytes(&builder, &look);
	assert_int_equal(suspects_find(&look.bytes, note, &pids), 0);
	look_free(&look);
	return pids;
}

static void add_listener(__u32 netns, __u16 port, __u32 pid)
{
	struct listener_record *listener = look_add_listener(&builder, "10.0.0.1", port);

	listener->name.netns = netns;
	look_add_owner(&builder, &listener->name, pid, 3, "app");
}

static struct socket_record *add_queued(__u32 netns, __u16 port, __u64 since_ns)
{
	struct socket_record *socket = look_add_socket(&builder, SOCKET_KIND_TCP, ESTABLISHED);

	socket->name.netns = netns;
	socket->name.local_port = port;
	socket->flags = 0;
	socket->last_sent_ns = since_ns;
	return socket;
}

/* Two namespaces have a queue at the same port, and those of them lie side by side: each is looked for. */
static void queues_of_each_namespace(void **state)
{
	struct pids pids;

	(void)state;
	look_begin(&builder, NOW);
	add_listener(LOOK_NETNS, PORT, 10);
	add_listener(LOOK_NETNS, PORT + 1, 11);
	add_listener(OTHER_NETNS, PORT, 12);
	add_listener(OTHER_NETNS + 1, PORT, 13);
	add_queued(LOOK_NETNS, PORT, NOW - 2 * SECOND);
	add_queued(OTHER_NETNS, PORT, NOW - 2 * SECOND);
	pids = find();
	assert_int_equal(pids.count, 2);
	assert_int_equal(pids.items[0], 10);
	assert_int_equal(pids.items[1], 12);
}

static void what_is_no_queue(void **state)
{
	(void)state;
	look_begin(&builder, NOW);
	add_listener(LOOK_NETNS, PORT, 10);
	add_queued(LOOK_NETNS, PORT, NOW - SECOND / 2);
	add_queued(LOOK_NETNS, PORT, NOW - 2 * SECOND)->flags = SOCKET_ACCEPTED;
	add_queued(LOOK_NETNS, PORT, NOW - 2 * SECOND)->flags = SOCKET_DEAD;
	add_queued(LOOK_NETNS, PORT, NOW - 2 * SECOND)->name.state = 6; /* TCP_TIME_WAIT */
	add_queued(LOOK_NETNS, PORT, NOW - 2 * SECOND)->name.kind = SOCKET_KIND_UDP;
	assert_int_equal(find().count, 0);
}

/* The holder of the connection that waits; only if that is not known, those of the listener. */
static void of_services(void **state)
{
	enum { IDLE, OWED, NEAR, UNREAD, NOT_KNOWN, CASES } at;

	(void)state;
	for (at = IDLE; at < CASES; at++) {
		struct service_record *service;
		struct pids pids;

		look_begin(&builder, NOW);
		service = look_add(&builder, RECORD_SERVICE, 0);
		look_name(&builder, &service->name, SOCKET_KIND_TCP, 10 /* TCP_LISTEN */);
		service->worst_inode = at == NOT_KNOWN ? 0 : 77;
		service->owed_since_ns = at == OWED || at == NOT_KNOWN ? NOW - SECOND : 0;
		service->near_since_ns = at == NEAR ? NOW - SECOND : 0;
		service->oldest_unread_ns = at == UNREAD ? NOW - SECOND : 0;
		look_add_owner(&builder, &service->name, 10, 3, "app");
		look_add_owner(&builder, &(struct socket_name){.cookie = 5, .inode = 77}, 11, 4, "app");
		pids = find();
		assert_int_equal(pids.count, at != IDLE);
		if (pids.count)
			assert_int_equal(pids.items[0], at == NOT_KNOWN ? 10 : 11);
	}
}

/* As many as a look has in the worst case: only what grows in proportion is done by then. */
static void many(void **state)
{
	enum { COUNT = 60000 };

	(void)state;
	look_begin(&builder, NOW);
	for (__u32 i = 0; i < COUNT; i++) {
		add_listener(LOOK_NETNS + i % 16, (__u16)i, i == 7 ? 10 : 0);
		add_queued(LOOK_NETNS + i % 16, (__u16)i, NOW - (i == 7 ? 2 : 0) * SECOND);
	}
	assert_int_equal(find().count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queues_of_each_namespace),
		cmocka_unit_test(what_is_no_queue),
		cmocka_unit_test(of_services),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
