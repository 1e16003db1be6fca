/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Since when nothing is taken, whether a later look would tell, and who would have to take it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "look/untaken.h"
#include "make_look.h"

#define NOW (10000 * SECOND)

static void since_it_slept_at_the_earliest(void **state)
{
	struct socket_record socket = {.untaken_since_ns = NOW - 5 * SECOND};

	(void)state;
	assert_int_equal(untaken_since(&socket, NOW - 9 * SECOND), NOW - 5 * SECOND);
	assert_int_equal(untaken_since(&socket, NOW - 2 * SECOND), NOW - 2 * SECOND);
	assert_int_equal(untaken_since(&socket, 0), NOW - 5 * SECOND);
	socket.untaken_since_ns = 0;
	assert_int_equal(untaken_since(&socket, NOW - 2 * SECOND), 0);
}

/* A writer that has slept for `slept`, and a socket on which nothing was taken for `untaken`. */
static bool is_open(__u64 slept, __u64 untaken)
{
	struct look_builder builder;
	struct socket_record *socket;
	struct look look = {0};
	bool open;

	look_begin(&builder, NOW);
	look_add_sleeping(&builder, 10, 11, "writer", NOW - slept)->seen_ns = NOW;
	socket = look_add_thread_socket(&builder, SOCKET_KIND_PIPE, 0);
	socket->seen_ns = NOW;
	socket->untaken_since_ns = untaken ? NOW - untaken : 0;
	look_finish(&builder, &look);
	open = untaken_is_open(&look.bytes, look.head->sched_offset_ns);
	look_free(&look);
	return open;
}

static void what_a_later_look_tells(void **state)
{
	(void)state;
	assert_true(is_open(9 * SECOND, 1));
	assert_true(is_open(9 * SECOND, SECOND));
	assert_true(is_open(SECOND, 9 * SECOND));
	assert_false(is_open(9 * SECOND, 2 * SECOND));
	assert_false(is_open(9 * SECOND, 0));
	assert_false(is_open(SECOND / 2, 1));
}

static void who_reads(void **state)
{
	struct socket_name pipe = {.cookie = 4, .inode = 40};
	struct socket_record socket = {.name = {.kind = SOCKET_KIND_PIPE}, .peer_inode = 4};
	struct look_builder builder;
	struct look look = {0};

	(void)state;
	look_begin(&builder, NOW);
	look_add_owner(&builder, &pipe, 10, 3, "reader")->header.type = RECORD_PIPE_READER;
	look_add_owner(&builder, &pipe, 12, 3, "reader")->header.type = RECORD_PIPE_READER;
	look_add_owner(&builder, &pipe, 13, 3, "reader")->header.type = RECORD_PIPE_WRITER;
	look_finish(&builder, &look);
	assert_int_equal(untaken_reader(&look, &socket, 10)->pid, 12);
	assert_int_equal(untaken_reader(&look, &socket, 12)->pid, 10);
	socket.peer_inode = 5;
	assert_null(untaken_reader(&look, &socket, 10));
	socket.name.kind = SOCKET_KIND_TCP;
	assert_null(untaken_reader(&look, &socket, 10));
	look_free(&look);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(since_it_slept_at_the_earliest),
		cmocka_unit_test(what_a_later_look_tells),
		cmocka_unit_test(who_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
