/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the process of a service waits for, and whether that is certain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "make_look.h"
#include "reports/service_awaits.h"

#define NOW   (10000 * SECOND)
#define ASKED (NOW - 12 * SECOND)
#define APP   10

static struct look_builder builder;
static struct look look;
static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	look_begin(&builder, NOW);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	look_free(&look);
	return 0;
}

static struct service_awaits find(void)
{
	struct service_awaits found;
	struct far_ends ends;

	look_finish(&builder, &look);
	assert_int_equal(far_ends_collect(&ends, &look), 0);
	found = service_awaits_find(&(struct awaiting){.look = &look,
						       .ends = &ends,
						       .count = look.threads.count,
						       .pid = APP,
						       .owed_since_ns = NOW - 13 * SECOND,
						       .least_ns = 5 * SECOND},
				    &arena);
	far_ends_free(&ends);
	return found;
}

/* A question on a connection that had answers, sent 12 s ago. */
static void ask(struct socket_record *socket, __u16 local_port, const char *peer)
{
	look_connect(&socket->name, "10.0.0.1", local_port, peer, 5432);
	socket->flags |= SOCKET_AUTOBOUND;
	socket->bytes_sent = 20;
	socket->bytes_acked = 21;
	socket->bytes_received = 10;
	socket->last_sent_ns = ASKED;
	socket->last_received_ns = ASKED - SECOND;
}

static struct socket_record *thread_asks(__u32 tid, const char *peer)
{
	struct thread_record *thread = look_add_sleeping(&builder, APP, tid, "app", ASKED);
	struct socket_record *socket;

	thread->threads = 4;
	socket = look_add_thread_socket(&builder, SOCKET_KIND_TCP, 1);
	ask(socket, (__u16)(4000 + tid), peer);
	return socket;
}

/* As of BLPOP, or of a subscription: that it waits says nothing of who it waits for. */
static void reads_are_not_certain(void **state)
{
	struct service_awaits awaits;

	(void)state;
	thread_asks(11, "10.0.0.5");
	thread_asks(12, "10.0.0.6");
	thread_asks(13, "10.0.0.6")->last_sent_ns = ASKED - 100 * MILLISECOND;
	awaits = find();
	assert_int_equal(awaits.count, 2);
	assert_int_equal(awaits.certain, 0);
	assert_string_equal(awaits.addr, "10.0.0.6");
	assert_string_equal(awaits.peer, "10.0.0.6:5432");
	assert_int_equal(awaits.port, 5432);
	assert_true(awaits.oldest_ns == ASKED - 100 * MILLISECOND);
}

/* What it asked before it was asked itself, or just now, and what the other end said last are no reasons. */
static void what_is_no_reason(void **state)
{
	(void)state;
	thread_asks(11, "10.0.0.5")->last_sent_ns = NOW - 14 * SECOND;
	thread_asks(12, "10.0.0.5")->last_sent_ns = NOW - 4 * SECOND;
	thread_asks(13, "10.0.0.5")->last_received_ns = ASKED + SECOND;
	thread_asks(14, "10.0.0.5")->flags = SOCKET_ACCEPTED | SOCKET_LISTENER_CHILD;
	assert_int_equal(find().count, 0);
}

/* The server is on this machine, and has not read one of the two questions. */
static void unread_at_the_other_end(void **state)
{
	struct service_awaits awaits;
	struct socket_record *server;

	(void)state;
	thread_asks(11, "10.0.0.5");
	thread_asks(12, "10.0.0.5");
	look_add_held(&builder, &server);
	look_connect(&server->name, "10.0.0.5", 5432, "10.0.0.1", 4012);
	server->flags |= SOCKET_LISTENER_CHILD;
	server->unread_bytes = 10;
	awaits = find();
	assert_int_equal(awaits.count, 2);
	assert_int_equal(awaits.certain, 1);
}

static void hold(__u32 pid, bool with_turns)
{
	struct socket_record *socket;
	struct held_record *held = look_add_held(&builder, &socket);

	ask(socket, (__u16)(4100 + builder.count), "10.0.0.5");
	if (with_turns) {
		held->flags |= HELD_TURNS;
		held->turn = TURN_BEGAN;
		held->answered = 5;
		held->second_ns = 10 * MILLISECOND;
	} else {
		socket->data_segs_out = socket->data_segs_in = 5;
	}
	look_add_owner(&builder, &socket->name, pid, 7, "app");
}

/* Held by its event loop: longer than ever is strong, a balance of segments is likely at most; another's is not its. */
static void of_event_loops(void **state)
{
	struct service_awaits awaits;

	(void)state;
	hold(APP, true);
	hold(APP, false);
	hold(APP + 1, true);
	awaits = find();
	assert_int_equal(awaits.count, 2);
	assert_int_equal(awaits.certain, 1);
}

/* A thread polls for this connection alone, as JDBC and libpq do with a timeout: that proves no more than a read. */
static void polls_are_not_certain(void **state)
{
	struct socket_record *socket;
	struct held_record *held;
	struct service_awaits awaits;

	(void)state;
	look_add_sleeping(&builder, APP, 11, "app", ASKED);
	held = look_add_held(&builder, &socket);
	held->flags = HELD_WAITED | HELD_POLL | HELD_POLL_ALONE;
	held->waiter_pid = APP;
	held->waiter_tid = 11;
	ask(socket, 4101, "10.0.0.5");
	look_add_owner(&builder, &socket->name, APP, 7, "app");
	awaits = find();
	assert_int_equal(awaits.likely, 1);
	assert_int_equal(awaits.certain, 0);
}

/* Its database is gone: it cannot even connect. */
static void connects(void **state)
{
	struct socket_record *socket = thread_asks(11, "10.0.0.5");

	(void)state;
	socket->name.state = 2; /* TCP_SYN_SENT */
	socket->bytes_sent = socket->bytes_acked = socket->bytes_received = 0;
	socket->last_sent_ns = 0;
	socket->first_sent_ns = ASKED;
	assert_int_equal(find().count, 1);
}

/* A process that asks more services than are told apart. */
static void many_peers(void **state)
{
	char peer[16];
	unsigned int i;

	(void)state;
	for (i = 0; i < 40; i++) {
		snprintf(peer, sizeof(peer), "10.1.0.%u", 1 + i % 20);
		thread_asks(11 + i, peer);
	}
	assert_int_equal(find().count, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* The other end is on this machine: in a queue, or of a process that is stopped, or of one that is at work. */
static void ends_on_this_machine(void **state)
{
	enum { QUEUED, STOPPED, FROZEN, ONE_OF_TWO_THREADS, AT_WORK, NOT_SEEN, TWICE, CASES } at;

	(void)state;
	for (at = QUEUED; at < CASES; at++) {
		struct socket_record *other;
		struct thread_record *thread;

		look_begin(&builder, NOW);
		thread_asks(APP, "10.0.0.2");
		for (int twin = at != TWICE; twin < 2; twin++) {
			other = look_add_socket(&builder, SOCKET_KIND_TCP, 1);
			look_connect(&other->name, "10.0.0.2", 5432, "10.0.0.1", (__u16)(4000 + APP));
			if (at == QUEUED)
				other->flags &= ~SOCKET_ACCEPTED;
			if (at == QUEUED || at == NOT_SEEN)
				continue;
			look_add_owner(&builder, &other->name, twin ? 20 : 30, 7, "postgres");
			thread = look_add_thread(&builder, twin ? 20 : 30, twin ? 20 : 30, "postgres");
			if (at == STOPPED || at == ONE_OF_TWO_THREADS || (at == TWICE && twin))
				thread->flags |= THREAD_STOPPED;
			if (at == FROZEN)
				thread->flags |= THREAD_FROZEN;
			if (at == ONE_OF_TWO_THREADS)
				look_add_thread(&builder, 20, 21, "postgres");
		}
		assert_int_equal(find().certain, at <= FROZEN);
		look_free(&look);
		arena_free(&arena);
	}
}

/* Two containers use loopback with the same ports: what lies in a queue of the other one's is not its question. */
static void ends_in_another_namespace(void **state)
{
	(void)state;
	for (int other_netns = 0; other_netns < 2; other_netns++) {
		struct socket_record *socket;

		look_begin(&builder, NOW);
		look_connect(&thread_asks(APP, "10.0.0.2")->name, "127.0.0.1", 4010, "127.0.0.1", 5432);
		socket = look_add_socket(&builder, SOCKET_KIND_TCP, 1);
		look_connect(&socket->name, "127.0.0.1", 5432, "127.0.0.1", 4010);
		socket->name.netns += (__u32)other_netns;
		socket->flags &= ~SOCKET_ACCEPTED;
		assert_int_equal(find().certain, !other_netns);
		look_free(&look);
		arena_free(&arena);
	}
}

/* Likewise of what lies unread there. */
static void unread_in_another_namespace(void **state)
{
	(void)state;
	for (int other_netns = 0; other_netns < 2; other_netns++) {
		struct socket_record *socket;

		look_begin(&builder, NOW);
		look_connect(&thread_asks(APP, "10.0.0.2")->name, "127.0.0.1", 4010, "127.0.0.1", 5432);
		look_add_held(&builder, &socket);
		look_connect(&socket->name, "127.0.0.1", 5432, "127.0.0.1", 4010);
		socket->name.netns += (__u32)other_netns;
		socket->unread_bytes = 10;
		assert_int_equal(find().certain, !other_netns);
		look_free(&look);
		arena_free(&arena);
	}
}

/* Likewise of a service that is stopped there. */
static void services_in_another_namespace(void **state)
{
	(void)state;
	for (int other_netns = 0; other_netns < 2; other_netns++) {
		struct service_record *service;

		look_begin(&builder, NOW);
		look_connect(&thread_asks(APP, "10.0.0.2")->name, "127.0.0.1", 4010, "127.0.0.1", 5432);
		service = look_add(&builder, RECORD_SERVICE, 0);
		look_name(&builder, &service->name, SOCKET_KIND_TCP, 10 /* TCP_LISTEN */);
		look_connect(&service->name, "127.0.0.1", 5432, "0.0.0.0", 0);
		service->name.netns += (__u32)other_netns;
		service->answered_ns = ASKED - SECOND;
		look_add_owner(&builder, &service->name, 20, 3, "db");
		look_add_thread(&builder, 20, 20, "db")->flags |= THREAD_STOPPED;
		assert_int_equal(find().certain, !other_netns);
		look_free(&look);
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_on_this_machine),
		cmocka_unit_test(ends_in_another_namespace),
		cmocka_unit_test(unread_in_another_namespace),
		cmocka_unit_test(services_in_another_namespace),
		TEST(reads_are_not_certain),
		TEST(what_is_no_reason),
		TEST(unread_at_the_other_end),
		TEST(of_event_loops),
		TEST(polls_are_not_certain),
		TEST(connects),
		TEST(many_peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
