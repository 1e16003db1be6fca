/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "make_look.h"
#include "reports/waits/connections.h"
#include "system/tcp_states.h"

static struct look_builder builder;
static struct look look;
static struct ends ends;

static int begin(void **state)
{
	(void)state;
	look_begin(&builder, 100 * SECOND);
	return 0;
}

static int end(void **state)
{
	(void)state;
	ends_free(&ends);
	look_free(&look);
	return 0;
}

/* A connection's end that a process holds. */
static struct socket_record *add_end(__u32 pid, const char *local, __u16 local_port, const char *peer, __u16 peer_port)
{
	struct socket_record *socket = look_add_socket(&builder, SOCKET_KIND_TCP, STATE_ESTABLISHED);

	look_connect(&socket->name, local, local_port, peer, peer_port);
	socket->flags |= SOCKET_FOR_CHAINS;
	look_add_owner(&builder, &socket->name, pid, (int)pid, "process");
	return socket;
}

static void set_streams(struct socket_record *socket, __u32 snd_una, __u32 snd_nxt, __u32 rcv_nxt)
{
	socket->flags |= SOCKET_HAS_MORE;
	socket->snd_una = snd_una;
	socket->snd_nxt = snd_nxt;
	socket->rcv_nxt = rcv_nxt;
}

static void finish(void)
{
	look_finish(&builder, &look);
	assert_int_equal(ends_collect(&ends, &look), 0);
}

/* The end in the finished look that belongs to this process. */
static const struct socket_record *held_by(__u32 pid)
{
	for (size_t i = 0; i < ends.count; i++)
		if (ends.items[i].pid == pid)
			return ends.items[i].socket;
	fail_msg("no end of pid %u", pid);
	return NULL;
}

static __u32 other_of(__u32 pid)
{
	const struct end *other = ends_other(&ends, held_by(pid));

	return other ? other->pid : 0;
}

static void ends_find_each_other(void **state)
{
	(void)state;
	add_end(10, "10.0.0.1", 4000, "10.0.0.2", 80);
	add_end(20, "10.0.0.2", 80, "10.0.0.1", 4000);
	add_end(30, "10.0.0.1", 4001, "10.0.0.2", 80); /* its server is on another machine */
	finish();
	assert_int_equal(other_of(10), 20);
	assert_int_equal(other_of(20), 10);
	assert_int_equal(other_of(30), 0);
}

/* Two namespaces may have the same addresses: what was sent and received tells which end belongs to which. */
static void the_streams_tell_which(void **state)
{
	(void)state;
	set_streams(add_end(10, "10.0.0.1", 4000, "10.0.0.2", 80), 1000, 1200, 500);
	set_streams(add_end(20, "10.0.0.2", 80, "10.0.0.1", 4000), 500, 500, 1100); /* 100 bytes are under way */
	set_streams(add_end(21, "10.0.0.2", 80, "10.0.0.1", 4000), 77, 77, 88);
	finish();
	assert_int_equal(other_of(10), 20);
}

static void in_doubt_there_is_no_other_end(void **state)
{
	(void)state;
	add_end(10, "10.0.0.1", 4000, "10.0.0.2", 80);
	add_end(20, "10.0.0.2", 80, "10.0.0.1", 4000);
	add_end(21, "10.0.0.2", 80, "10.0.0.1", 4000);
	finish();
	assert_int_equal(other_of(10), 0);
}

static struct translation_record *add_translation(void)
{
	struct translation_record *translation = look_add(&builder, RECORD_TRANSLATION, 0);

	look_address(translation->client_addr, "10.0.0.1");
	look_address(translation->asked_addr, "10.96.0.1");
	look_address(translation->server_addr, "10.1.0.2");
	look_address(translation->asker_addr, "10.1.0.9");
	translation->client_port = 4000;
	translation->asked_port = 443;
	translation->server_port = 8443;
	translation->asker_port = 5555;
	return translation;
}

static void through_address_translation(void **state)
{
	const struct translation_record *found;
	size_t at = 0;

	(void)state;
	add_translation();
	add_end(10, "10.0.0.1", 4000, "10.96.0.1", 443);
	add_end(20, "10.1.0.2", 8443, "10.1.0.9", 5555);
	finish();
	assert_int_equal(other_of(10), 20);
	assert_int_equal(other_of(20), 10);
	found = ends_translation_of_client(&ends, &held_by(10)->name, &at);
	assert_non_null(found);
	assert_int_equal(found->server_port, 8443);
	assert_null(ends_translation_of_client(&ends, &held_by(10)->name, &at));
	at = 0;
	assert_null(ends_translation_of_client(&ends, &held_by(20)->name, &at));
}

/* Where conntrack does not know of it, 64 bits that are the same do. */
static void by_their_streams_alone(void **state)
{
	(void)state;
	set_streams(add_end(10, "10.0.0.1", 4000, "192.0.2.1", 443), 111111, 111111, 222222);
	set_streams(add_end(20, "10.1.0.2", 8443, "10.1.0.9", 5555), 222222, 222222, 111111);
	set_streams(add_end(30, "10.1.0.3", 8443, "10.1.0.9", 5556), 1, 1, 2);
	finish();
	assert_int_equal(other_of(10), 20);
	assert_int_equal(other_of(30), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ends_find_each_other),	   TEST(the_streams_tell_which), TEST(in_doubt_there_is_no_other_end),
		TEST(through_address_translation), TEST(by_their_streams_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
