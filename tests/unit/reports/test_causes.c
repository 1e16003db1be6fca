/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/causes.h"
#include "sample.h"

#define MOST 8

static struct row rows[MOST];
static struct report_wait waits[MOST];

/* A finding about this process, in the order of its badness. */
static struct row *add(size_t i, enum row_type type, const char *id, int64_t pid)
{
	row_init(&rows[i], type);
	rows[i].id = id;
	rows[i].verdict = "x";
	rows[i].severity = 50;
	rows[i].stuck = true;
	rows[i].pid = pid;
	return &rows[i];
}

static void find(size_t count, size_t wait_count)
{
	struct report report = {.rows = rows, .count = count, .waits = waits, .wait_count = wait_count};

	assert_int_equal(causes_find(&report, 0), 0);
}

static void a_wait_hangs_on_the_end_of_its_chain(void **state)
{
	(void)state;
	add(0, ROW_CHAIN, "chain-9", 9);
	add(1, ROW_READER, "by cookie", 1)->cookie = 100;
	add(2, ROW_WRITER, "by thread", 2)->tid = 22;
	add(3, ROW_READER, "at the other end", 9)->cookie = 101;
	add(4, ROW_READER, "another", 3)->cookie = 102;
	rows[4].tid = 33;
	waits[0] = (struct report_wait){.cookie = 100, .peer_cookie = 101, .pid = 1, .tid = 1, .chain = "chain-9"};
	waits[1] = (struct report_wait){.pid = 2, .tid = 22, .chain = "chain-9"};
	find(5, 2);
	assert_null(rows[0].cause);
	for (size_t i = 1; i <= 3; i++)
		assert_string_equal(rows[i].cause, "chain-9");
	assert_null(rows[4].cause);
}

static void a_client_hangs_on_what_its_server_on_another_host_waits_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		add(i, i ? ROW_READER : ROW_CHAIN, i ? "reader" : "app/chain-9", i ? 1 : 9)->host_at = i ? 0 : 1;
		rows[i].far_host_at = 1;
		rows[i].far_pid = i ? 8 : 0;
		rows[i].reader.role = i ? "client" : NULL;
	}
	rows[2].far_pid = 7; /* it is in an event loop, */
	rows[3].reader.role = "server";
	waits[0] = (struct report_wait){.pid = 8, .tid = 8, .host_at = 1, .peer_host_at = 1, .chain = "app/chain-9"};
	waits[1] = (struct report_wait){.pid = 7, .host_at = 1, .peer_host_at = 1, .chain = "app/chain-9"};
	find(4, 2);
	assert_null(rows[0].cause);
	assert_string_equal(rows[1].cause, "app/chain-9");
	assert_null(rows[2].cause);
	assert_null(rows[3].cause);
	rows[1].far_host_at = 0; /* the same number elsewhere */
	find(4, 2);
	assert_null(rows[1].cause);
}

static void what_is_found_of_one_process_is_one_cause(void **state)
{
	(void)state;
	add(0, ROW_LISTENER, "listener", 9)->cookie = 7;
	add(1, ROW_CHAIN, "chain-9", 9)->chain.queue = true;
	add(2, ROW_SERVICE, "service", 9);
	add(3, ROW_LOOP, "loop", 9);
	add(4, ROW_HANDSHAKE, "handshake", 1)->cookie = 100;
	add(5, ROW_SERVICE, "of another", 10);
	waits[0] = (struct report_wait){.cookie = 100, .listener = 7, .pid = 1, .chain = "chain-9"};
	find(6, 1);
	assert_null(rows[0].cause);
	for (size_t i = 1; i <= 4; i++)
		assert_string_equal(rows[i].cause, "listener");
	assert_null(rows[5].cause);
}

static void a_loop_that_waits_for_another_process_leads_there(void **state)
{
	(void)state;
	add(0, ROW_SERVICE, "service", 9);
	add(1, ROW_LOOP, "loop", 9)->tid = 91;
	add(2, ROW_CHAIN, "chain-10", 10);
	waits[0] = (struct report_wait){.pid = 9, .tid = 91, .chain = "chain-10"};
	find(3, 1);
	assert_string_equal(rows[0].cause, "chain-10");
	assert_string_equal(rows[1].cause, "chain-10");
	assert_null(rows[2].cause);
}

static void a_service_hangs_on_what_it_awaits_only_where_that_is_its_cause(void **state)
{
	(void)state;
	add(0, ROW_SERVICE, "service", 9);
	add(1, ROW_CHAIN, "chain-10", 10);
	waits[0] = (struct report_wait){.pid = 9, .tid = 91, .chain = "chain-10"};
	rows[0].service.cause = "cpu";
	find(2, 1);
	assert_null(rows[0].cause);
	rows[0].service.cause = "peer";
	find(2, 1);
	assert_string_equal(rows[0].cause, "chain-10");
	rows[0].service.cause = "unknown";
	rows[1].chain.cycle = true;
	find(2, 1);
	assert_string_equal(rows[0].cause, "chain-10");
}

/* What the process is in explains why it does not accept. A chain that ends at the queue explains nothing. */
static void what_it_is_in_explains_its_queue(void **state)
{
	(void)state;
	for (int queue = 0; queue < 2; queue++) {
		add(0, ROW_LISTENER, "listener", 9)->verdict = "not_accepting";
		add(1, ROW_CHAIN, "chain-9", 9)->chain.queue = queue;
		find(2, 0);
		assert_string_equal(rows[queue].cause, queue ? "listener" : "chain-9");
		assert_null(rows[!queue].cause);
	}
}

static void a_flood_is_no_fault_of_the_process(void **state)
{
	(void)state;
	add(0, ROW_LISTENER, "listener", 9)->listener.attacked = true;
	add(1, ROW_CHAIN, "chain-9", 9);
	find(2, 0);
	assert_null(rows[0].cause);
	assert_null(rows[1].cause);
}

static void what_is_not_shown_is_no_cause(void **state)
{
	(void)state;
	add(0, ROW_HANDSHAKE, "handshake", 9)->cause = "a listener that is filtered out";
	add(1, ROW_READER, "reader", 1)->tid = 1;
	waits[0] = (struct report_wait){.pid = 1, .tid = 1, .chain = "a chain that is filtered out"};
	find(2, 1);
	assert_null(rows[0].cause);
	assert_null(rows[1].cause);
}

/* Evidence that contradicts itself makes no cause, and no end of the search either. */
static void a_circle_has_no_cause(void **state)
{
	(void)state;
	add(0, ROW_LISTENER, "listener-1", 1)->cookie = 11;
	add(1, ROW_CHAIN, "chain-2", 2);
	add(2, ROW_LISTENER, "listener-2", 2)->cookie = 12;
	add(3, ROW_CHAIN, "chain-1", 1);
	waits[0] = (struct report_wait){.listener = 11, .pid = 5, .chain = "chain-2"};
	waits[1] = (struct report_wait){.listener = 12, .pid = 6, .chain = "chain-1"};
	find(4, 2);
	for (size_t i = 0; i < 4; i++)
		assert_true(!rows[i].cause || strcmp(rows[i].cause, rows[i].id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wait_hangs_on_the_end_of_its_chain),
		cmocka_unit_test(a_client_hangs_on_what_its_server_on_another_host_waits_for),
		cmocka_unit_test(what_is_found_of_one_process_is_one_cause),
		cmocka_unit_test(a_loop_that_waits_for_another_process_leads_there),
		cmocka_unit_test(a_service_hangs_on_what_it_awaits_only_where_that_is_its_cause),
		cmocka_unit_test(what_it_is_in_explains_its_queue),
		cmocka_unit_test(a_flood_is_no_fault_of_the_process),
		cmocka_unit_test(what_is_not_shown_is_no_cause),
		cmocka_unit_test(a_circle_has_no_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
