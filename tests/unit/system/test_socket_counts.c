/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Whether a network namespace has sockets, by what the kernel counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "system/socket_counts.h"

#define UDP   "UDP: inuse 0 mem 0\nUDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n"
#define NONE  "sockets: used 0\nTCP: inuse 0 orphan 0 tw 0 alloc 7 mem 3\n" UDP
#define NONE6 "TCP6: inuse 0\nUDP6: inuse 0\nUDPLITE6: inuse 0\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n"

static void none(void **state)
{
	(void)state;
	assert_true(socket_counts_are_zero(NONE, NONE6));
	assert_true(socket_counts_are_zero(NONE, "")); /* without IPv6 */
}

static void some(void **state)
{
	(void)state;
	assert_false(socket_counts_are_zero("sockets: used 1\nTCP: inuse 0 orphan 0 tw 0 alloc 7 mem 3\n" UDP, NONE6));
	assert_false(socket_counts_are_zero("sockets: used 0\nTCP: inuse 1 orphan 0 tw 0 alloc 7 mem 3\n" UDP, NONE6));
	assert_false(socket_counts_are_zero("sockets: used 0\nTCP: inuse 0 orphan 0 tw 1 alloc 7 mem 3\n" UDP, NONE6));
	assert_false(socket_counts_are_zero(NONE, "TCP6: inuse 1\nUDP6: inuse 0\n"));
}

/* What another kernel may write one day. */
static void not_to_be_told(void **state)
{
	(void)state;
	assert_false(socket_counts_are_zero("", ""));
	assert_false(socket_counts_are_zero("sockets: used 0\n", NONE6));
	assert_false(socket_counts_are_zero("sockets: used 0\nTCP: inuse 0 orphan 0 alloc 7 mem 3\nX: tw 0\n", NONE6));
	assert_false(socket_counts_are_zero("sockets: used x\nTCP: inuse 0 orphan 0 tw 0 alloc 7 mem 3\n", NONE6));
	assert_false(socket_counts_are_zero("sockets: used 0\nTCP: inuse 0 orphan 0 tw 0", NONE6));
	assert_false(socket_counts_are_zero(NONE, "UDP6: inuse 0\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none),
		cmocka_unit_test(some),
		cmocka_unit_test(not_to_be_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
