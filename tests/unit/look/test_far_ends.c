/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The other end of a connection, among many that are nearly the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "look/far_ends.h"
#include "make_look.h"

#define OTHER_NETNS (LOOK_NETNS + 1)

static struct look_builder builder;
static struct look look;

static void add(const char *local, __u16 local_port, const char *peer, __u16 peer_port)
{
	struct socket_record *socket = look_add_socket(&builder, SOCKET_KIND_TCP, 1 /* TCP_ESTABLISHED */);

	look_connect(&socket->name, local, local_port, peer, peer_port);
}

static struct socket_name name_of(const char *local, __u16 local_port, const char *peer, __u16 peer_port)
{
	struct socket_name name = {.netns = LOOK_NETNS, .kind = SOCKET_KIND_TCP};

	look_connect(&name, local, local_port, peer, peer_port);
	return name;
}

static size_t count(const struct far_ends *ends, const char *local, __u16 local_port, const char *peer, __u16 peer_port)
{
	struct socket_name name = name_of(local, local_port, peer, peer_port);
	size_t found;
	const struct socket_record *const *first = far_ends_find(ends, &name, &found);

	for (size_t i = 0; i < found; i++)
		assert_true(look_is_other_end(&name, &first[i]->name));
	return found;
}

static void by_all_four(void **state)
{
	struct far_ends ends;

	(void)state;
	look_begin(&builder, 100 * SECOND);
	add("10.0.0.2", 80, "10.0.0.1", 4001);
	add("10.0.0.2", 80, "10.0.0.1", 4000);
	add("10.0.0.2", 80, "10.0.0.3", 4000);
	add("10.0.0.4", 80, "10.0.0.1", 4000);
	add("10.0.0.2", 81, "10.0.0.1", 4000);
	add("10.0.0.2", 80, "10.0.0.1", 4000);
	look_add_socket(&builder, SOCKET_KIND_UNIX, 1);
	look_finish(&builder, &look);
	assert_int_equal(far_ends_collect(&ends, &look), 0);
	assert_int_equal(ends.count, 6);
	assert_int_equal(count(&ends, "10.0.0.1", 4000, "10.0.0.2", 80), 2);
	assert_int_equal(count(&ends, "10.0.0.1", 4001, "10.0.0.2", 80), 1);
	assert_int_equal(count(&ends, "10.0.0.1", 4002, "10.0.0.2", 80), 0);
	assert_int_equal(count(&ends, "10.0.0.2", 80, "10.0.0.1", 4000), 0);
	far_ends_free(&ends);
	look_free(&look);
}

static void without_sockets(void **state)
{
	struct far_ends ends;

	(void)state;
	look_begin(&builder, 100 * SECOND);
	look_finish(&builder, &look);
	assert_int_equal(far_ends_collect(&ends, &look), 0);
	assert_int_equal(count(&ends, "10.0.0.1", 4000, "10.0.0.2", 80), 0);
	far_ends_free(&ends);
	look_free(&look);
}

/* Loopback and its own address lead nowhere else; another's address to whoever has it, if that is known. */
static void namespaces(void **state)
{
	const struct socket_name loopback = name_of("127.0.0.1", 4000, "127.0.0.1", 80);
	const struct socket_name own = name_of("10.0.0.1", 4000, "10.0.0.1", 80);
	const struct socket_name known = name_of("10.0.0.1", 4000, "10.0.0.2", 80);
	const struct socket_name other = name_of("10.0.0.1", 4000, "10.0.0.3", 80);
	struct address_record *address;

	(void)state;
	look_begin(&builder, 100 * SECOND);
	address = look_add(&builder, RECORD_ADDRESS, 0);
	address->netns = OTHER_NETNS;
	look_address(address->address, "10.0.0.2");
	look_finish(&builder, &look);
	assert_true(far_ends_may_reach(&look, &loopback, LOOK_NETNS));
	assert_false(far_ends_may_reach(&look, &loopback, OTHER_NETNS));
	assert_false(far_ends_may_reach(&look, &own, OTHER_NETNS));
	assert_true(far_ends_may_reach(&look, &known, OTHER_NETNS));
	assert_false(far_ends_may_reach(&look, &known, LOOK_NETNS));
	assert_true(far_ends_may_reach(&look, &other, OTHER_NETNS));
	look_free(&look);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_all_four),
		cmocka_unit_test(without_sockets),
		cmocka_unit_test(namespaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
