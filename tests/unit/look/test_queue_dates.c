/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "look/queue_dates.h"
#include "socket_record.h"

#define SECOND	    1000000000ULL
#define ESTABLISHED 1

static struct socket_record queued(__u64 listener_cookie, __u64 peer_inode, __u64 cookie, __u64 seen_ns)
{
	return (struct socket_record){
		.header = {RECORD_SOCKET, sizeof(struct socket_record)},
		.name = {.kind = SOCKET_KIND_UNIX, .state = ESTABLISHED, .cookie = cookie},
		.listener_cookie = listener_cookie,
		.peer_inode = peer_inode,
		.seen_ns = seen_ns,
	};
}

/* Dates the records and writes them back. */
static void date(struct queue_dates *dates, struct socket_record *sockets, size_t count, __u64 now_ns)
{
	struct buffer buffer = {0};
	size_t i;

	assert_int_equal(buffer_append(&buffer, sockets, count * sizeof(*sockets)), 0);
	assert_int_equal(queue_dates_write(dates, &buffer, now_ns), 0);
	for (i = 0; i < count; i++)
		sockets[i] = ((struct socket_record *)(void *)buffer.data)[i];
	buffer_free(&buffer);
}

static void each_counts_from_the_look_that_saw_it_first(void **state)
{
	struct socket_record first[] = {queued(1, 10, 0, 5 * SECOND), queued(1, 11, 0, 5 * SECOND)};
	struct socket_record then[] = {queued(1, 11, 99, 8 * SECOND), queued(2, 11, 0, 8 * SECOND)};
	struct queue_dates dates = {0};

	(void)state;
	date(&dates, first, 2, 5 * SECOND);
	assert_int_equal(first[0].entered_ns, 5 * SECOND);
	assert_true(first[0].flags & SOCKET_FIRST_SEEN);
	date(&dates, then, 2, 8 * SECOND);
	assert_int_equal(then[0].entered_ns, 5 * SECOND); /* it has got a cookie meanwhile */
	assert_int_equal(then[1].entered_ns, 8 * SECOND); /* of another listener */
	queue_dates_free(&dates);
}

static void without_a_client_its_cookie_tells_it(void **state)
{
	struct socket_record first[] = {queued(1, 0, 7, 5 * SECOND)}, other[] = {queued(1, 0, 8, 6 * SECOND)};
	struct queue_dates dates = {0};

	(void)state;
	date(&dates, first, 1, 5 * SECOND);
	date(&dates, other, 1, 6 * SECOND);
	assert_int_equal(other[0].entered_ns, 6 * SECOND);
	first[0].seen_ns = 7 * SECOND;
	date(&dates, first, 1, 7 * SECOND);
	assert_int_equal(first[0].entered_ns, 5 * SECOND);
	queue_dates_free(&dates);
}

static void what_a_look_leaves_out_is_kept_for_a_while(void **state)
{
	struct socket_record socket = queued(1, 10, 0, 5 * SECOND), later = queued(1, 10, 0, 90 * SECOND);
	struct queue_dates dates = {0};

	(void)state;
	date(&dates, &socket, 1, 5 * SECOND);
	date(&dates, NULL, 0, 20 * SECOND);
	socket.seen_ns = 21 * SECOND;
	date(&dates, &socket, 1, 21 * SECOND);
	assert_int_equal(socket.entered_ns, 5 * SECOND);
	date(&dates, NULL, 0, 80 * SECOND);
	date(&dates, &later, 1, 90 * SECOND);
	assert_int_equal(later.entered_ns, 90 * SECOND);
	queue_dates_free(&dates);
}

static void other_sockets_are_left_alone(void **state)
{
	struct socket_record sockets[] = {queued(1, 10, 0, SECOND), queued(1, 10, 0, SECOND), queued(0, 10, 0, SECOND)};
	struct queue_dates dates = {0};
	size_t i;

	(void)state;
	sockets[0].name.kind = SOCKET_KIND_TCP;
	sockets[1].flags = SOCKET_ACCEPTED;
	date(&dates, sockets, 3, SECOND);
	for (i = 0; i < 3; i++)
		assert_int_equal(sockets[i].entered_ns, 0);
	queue_dates_free(&dates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_counts_from_the_look_that_saw_it_first),
		cmocka_unit_test(without_a_client_its_cookie_tells_it),
		cmocka_unit_test(what_a_look_leaves_out_is_kept_for_a_while),
		cmocka_unit_test(other_sockets_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
