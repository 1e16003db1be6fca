/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "look/listeners.h"
#include "make_look.h"

#define OTHER_NETNS (LOOK_NETNS + 1)

static struct look look;
static struct listeners listeners;

static int free_look(void **state)
{
	(void)state;
	listeners_free(&listeners);
	look_free(&look);
	return 0;
}

static void index_look(struct look_builder *builder)
{
	look_finish(builder, &look);
	assert_int_equal(listeners_index(&listeners, &look), 0);
}

/* Which listener a connection to this local address finds: its local address, or NULL. */
static const struct listener_record *find(const char *local, __u16 port, __u32 netns)
{
	struct socket_name name = {.netns = netns};

	look_connect(&name, local, port, strchr(local, ':') ? "2001:db8::9" : "10.0.0.9", 40000);
	return listeners_of(&listeners, &name);
}

static void expect(const char *local, __u16 port, __u32 netns, const char *found)
{
	const struct listener_record *listener = find(local, port, netns);
	__u8 address[16];

	if (!found) {
		assert_null(listener);
		return;
	}
	look_address(address, found);
	assert_non_null(listener);
	assert_memory_equal(listener->name.local_addr, address, sizeof(address));
}

static void the_nearest_address_wins(void **state)
{
	struct look_builder builder;

	(void)state;
	look_begin(&builder, 100 * SECOND);
	look_add_listener(&builder, "0.0.0.0", 80);
	look_add_listener(&builder, "10.0.0.1", 80);
	look_add_listener(&builder, "::", 443);
	look_add_listener(&builder, "0.0.0.0", 8080);
	look_add_listener(&builder, "10.0.0.1", 80)->name.netns = OTHER_NETNS;
	index_look(&builder);
	expect("10.0.0.1", 80, LOOK_NETNS, "10.0.0.1");
	expect("10.0.0.2", 80, LOOK_NETNS, "0.0.0.0");
	expect("10.0.0.2", 443, LOOK_NETNS, "::"); /* a dual-stack listener takes IPv4 */
	expect("2001:db8::1", 443, LOOK_NETNS, "::");
	expect("2001:db8::1", 8080, LOOK_NETNS, NULL); /* and 0.0.0.0 no IPv6 */
	expect("10.0.0.2", 81, LOOK_NETNS, NULL);
	expect("10.0.0.2", 80, OTHER_NETNS, NULL);
	expect("10.0.0.1", 80, OTHER_NETNS, "10.0.0.1");
}

/* SO_REUSEPORT: of several listeners the one in whose queue something waits. */
static void of_equals_the_one_with_a_queue(void **state)
{
	struct look_builder builder;
	struct listener_record *full;
	__u64 cookie;

	(void)state;
	look_begin(&builder, 100 * SECOND);
	look_add_listener(&builder, "0.0.0.0", 80);
	full = look_add_listener(&builder, "0.0.0.0", 80);
	full->accept_queue = full->accept_queue_max + 1;
	cookie = full->name.cookie;
	look_add_listener(&builder, "0.0.0.0", 80);
	index_look(&builder);
	assert_true(find("10.0.0.1", 80, LOOK_NETNS)->name.cookie == cookie);
}

static void full_is_one_more_than_the_limit(void **state)
{
	struct look_builder builder;
	struct listener_record *listener;
	struct socket_name name = {.netns = LOOK_NETNS};

	(void)state;
	look_connect(&name, "10.0.0.1", 80, "10.0.0.9", 40000);
	look_begin(&builder, 100 * SECOND);
	listener = look_add_listener(&builder, "0.0.0.0", 80);
	listener->accept_queue = listener->accept_queue_max;
	index_look(&builder);
	assert_false(listener_is_full(look.listeners.items[0]));
	assert_null(listeners_full(&listeners, &name));
	listeners_free(&listeners);

	look_begin(&builder, 100 * SECOND);
	listener = look_add_listener(&builder, "0.0.0.0", 80);
	listener->accept_queue = listener->accept_queue_max + 1;
	index_look(&builder);
	assert_non_null(listeners_full(&listeners, &name));
	name.local_port = 81;
	assert_null(listeners_full(&listeners, &name));
}

static void cookies_are_found(void **state)
{
	struct look_builder builder;
	__u64 cookies[3];
	size_t i, at;

	(void)state;
	look_begin(&builder, 100 * SECOND);
	for (i = 0; i < 3; i++)
		cookies[i] = look_add_listener(&builder, "0.0.0.0", (__u16)(90 - i))->name.cookie;
	index_look(&builder);
	for (i = 0; i < 3; i++) {
		at = listeners_find(&listeners, cookies[i]);
		assert_true(at != LISTENERS_NONE);
		assert_true(listeners.by_cookie[at]->name.cookie == cookies[i]);
	}
	assert_true(listeners_find(&listeners, 0) == LISTENERS_NONE);
	assert_true(listeners_find(&listeners, 424242) == LISTENERS_NONE);
}

/* inet_csk_reqsk_queue_is_full(), tcp_conn_request() */
static void room_for_half_open_connections(void **state)
{
	struct listener_record listener = {.accept_queue_max = 128, .max_syn_backlog = 100, .syncookies = 1};

	(void)state;
	assert_int_equal(listeners_syn_room(&listener), 128);
	listener.syncookies = 0;
	assert_int_equal(listeners_syn_room(&listener), 75);
	listener.max_syn_backlog = 512;
	assert_int_equal(listeners_syn_room(&listener), 128);
	listener.max_syn_backlog = 0; /* not known */
	assert_int_equal(listeners_syn_room(&listener), 128);
}

static void without_listeners(void **state)
{
	struct look_builder builder;

	(void)state;
	look_begin(&builder, 100 * SECOND);
	index_look(&builder);
	expect("10.0.0.1", 80, LOOK_NETNS, NULL);
	assert_true(listeners_find(&listeners, 1001) == LISTENERS_NONE);
}

#define TEST(name) cmocka_unit_test_teardown(name, free_look)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_nearest_address_wins),	       TEST(of_equals_the_one_with_a_queue),
		TEST(full_is_one_more_than_the_limit), TEST(cookies_are_found),
		TEST(room_for_half_open_connections),  TEST(without_listeners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
