/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "look/parts.h"
#include "record.h"

/* The types of a scan in order; 0 ends them. Which begin something, as text: 'x', and '.' for a part. */
static void check(const __u32 *types, const char *expected)
{
	struct parts parts = {0};

	for (; *types; types++, expected++)
		assert_int_equal(parts_begin(&parts, *types), *expected == 'x');
	assert_int_equal(*expected, '\0');
}

static void thread_with_all(void **state)
{
	(void)state;
	check((const __u32[]){RECORD_THREAD, RECORD_SOCKET, RECORD_LOOP, RECORD_LOOP, RECORD_DETAIL, RECORD_THREAD, 0},
	      "x....x");
}

static void thread_without_socket(void **state)
{
	(void)state;
	check((const __u32[]){RECORD_THREAD, RECORD_LOOP, RECORD_THREAD, RECORD_DETAIL, RECORD_THREAD, 0}, "x.x.x");
}

static void watch_and_its_socket(void **state)
{
	(void)state;
	check((const __u32[]){RECORD_WATCH, RECORD_SOCKET, RECORD_WATCH, RECORD_WATCH, RECORD_SOCKET, 0}, "x.xx.");
}

static void held_connection_and_its_socket(void **state)
{
	(void)state;
	check((const __u32[]){RECORD_HELD, RECORD_SOCKET, RECORD_HELD, RECORD_SOCKET, 0}, "x.x.");
}

/* Of the sockets behind it only the first is its own. */
static void sockets_of_the_scan(void **state)
{
	(void)state;
	check((const __u32[]){RECORD_SOCKET, RECORD_SOCKET, RECORD_HELD, RECORD_SOCKET, RECORD_SOCKET, RECORD_LISTENER,
			      RECORD_SOCKET, 0},
	      "xxx.xxx");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thread_with_all),	cmocka_unit_test(thread_without_socket),
		cmocka_unit_test(watch_and_its_socket), cmocka_unit_test(held_connection_and_its_socket),
		cmocka_unit_test(sockets_of_the_scan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
