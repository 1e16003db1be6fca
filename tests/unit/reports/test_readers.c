/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Readers: the evidence that lies outside of the one read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/syscall.h>

#include "make_look.h"
#include "reports/reports.h"

#define NOW	    (10000 * SECOND)
#define ASKED	    (NOW - 20 * SECOND)
#define ESTABLISHED 1
#define LISTEN	    10
#define REDIS	    10
#define CLIENT	    20
#define PORT	    6379

/* Asks a server on this machine, and had no answer yet. */
static void add_client(struct look_builder *builder)
{
	struct socket_record *socket;

	look_add_sleeping(builder, CLIENT, CLIENT, "app", ASKED)->syscall = SYS_recvfrom;
	socket = look_add_thread_socket(builder, SOCKET_KIND_TCP, ESTABLISHED);
	look_connect(&socket->name, "127.0.0.1", 4000, "127.0.0.1", PORT);
	socket->flags |= SOCKET_AUTOBOUND;
	socket->bytes_sent = 20;
	socket->bytes_acked = 21;
	socket->last_sent_ns = socket->last_ack_ns = ASKED;
	socket->last_received_ns = ASKED - SECOND;
}

static void add_service(struct look_builder *builder)
{
	struct service_record *service = look_add(builder, RECORD_SERVICE, 0);

	look_name(builder, &service->name, SOCKET_KIND_TCP, LISTEN);
	look_connect(&service->name, "127.0.0.1", PORT, "0.0.0.0", 0);
	look_add_owner(builder, &service->name, REDIS, 6, "redis-server");
}

/* The findings about the client, while the loop of redis goes on like this. */
static size_t count(__u64 timeout_ns, __u64 entered_ns, bool waiting)
{
	struct scope scope = {.command = COMMAND_OVERVIEW};
	struct look_builder builder;
	struct report report = {0};
	struct look look = {0};
	struct loop_record *loop;
	size_t found = 0;

	look_begin(&builder, NOW);
	look_add_thread(&builder, REDIS, REDIS, "redis-server");
	loop = look_add_loop(&builder);
	loop->timeout_ns = timeout_ns;
	loop->entered_ns = entered_ns;
	loop->waiting = waiting;
	loop->waits = 1000;
	loop->first_ns = ASKED - 100 * SECOND;
	loop->returned_ns = waiting ? entered_ns - MILLISECOND : entered_ns + MILLISECOND;
	add_client(&builder);
	add_service(&builder);
	look_finish(&builder, &look);
	assert_int_equal(report_run(&report, &look, NULL, &scope), 0);
	for (size_t i = 0; i < report.count; i++)
		found += report.rows[i].type == ROW_READER && report.rows[i].pid == CLIENT;
	report_free(&report);
	look_free(&look);
	return found;
}

/* BLPOP: redis goes on. A script looks for other events in passing: it is at work, and owes an answer. */
static void redis_goes_on(void **state)
{
	(void)state;
	assert_int_equal(count(100 * MILLISECOND, NOW - 50 * MILLISECOND, true), 0);
	assert_int_equal(count(LOOP_TIMEOUT_INFINITE, ASKED + SECOND, true), 0);
	assert_int_equal(count(100 * MILLISECOND, NOW - 50 * MILLISECOND, false), 0);
	assert_int_equal(count(100 * MILLISECOND, NOW - 2 * SECOND, false), 1);
	assert_int_equal(count(100 * MILLISECOND, ASKED - SECOND, false), 1);
	assert_int_equal(count(0, NOW - 50 * MILLISECOND, false), 1);
	assert_int_equal(count(0, NOW - MILLISECOND, true), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(redis_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
