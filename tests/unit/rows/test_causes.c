/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <math.h>

#include "rows/causes.h"
#include "sample.h"

#define MOST 8

static struct row rows[MOST];
static const struct row *pointers[MOST];

static struct row *add(size_t i, enum row_type type, const char *id, int64_t severity, const char *cause_id)
{
	row_init(&rows[i], type);
	rows[i].id = id;
	rows[i].verdict = "x";
	rows[i].severity = severity;
	rows[i].stuck = severity > 0;
	rows[i].cause_id = cause_id;
	rows[i].age_s = 10 + (double)i;
	pointers[i] = &rows[i];
	return &rows[i];
}

static struct causes collect(size_t count)
{
	struct causes causes;

	assert_int_equal(causes_collect(&causes, pointers, count), 0);
	return causes;
}

static void assert_order(size_t count, const char *ids)
{
	struct causes causes = collect(count);
	char found[64] = "";

	for (size_t i = 0; i < count; i++)
		strcat(found, causes.rows[i]->id);
	assert_string_equal(found, ids);
	causes_free(&causes);
}

static void a_cause_comes_before_what_is_worse_and_has_none(void **state)
{
	struct causes causes;

	(void)state;
	add(0, ROW_HANDSHAKE, "a", 90, NULL);
	add(1, ROW_READER, "b", 20, "c");
	add(2, ROW_CHAIN, "c", 40, NULL)->chain.waiters = 3;
	add(3, ROW_READER, "d", 25, "c");
	add(4, ROW_LISTENER, "e", 70, NULL)->listener.accept_queue = 9;
	assert_order(5, "ecdba");
	causes = collect(5);
	assert_int_equal(causes.cause_count, 2);
	assert_int_equal(causes.first_other, 4);
	assert_int_equal(causes.items[0].count, 1);
	assert_int_equal(causes.items[0].waiters, 9);
	assert_int_equal(causes.items[1].count, 3);
	assert_int_equal(causes.items[1].waiters, 3);
	assert_true(causes.items[1].oldest_s == 13);
	causes_free(&causes);
}

/* One client that cannot connect, one that lies in the queue: seen at both ends, and by three reports. */
static void a_connection_counts_once(void **state)
{
	struct causes causes;

	(void)state;
	add(0, ROW_LISTENER, "a", 70, NULL)->listener.accept_queue = 2;
	add(1, ROW_HANDSHAKE, "b", 50, "a")->handshake.side = "server";
	add(2, ROW_HANDSHAKE, "c", 50, "a")->handshake.side = "server";
	add(3, ROW_HANDSHAKE, "d", 40, "a")->handshake.side = "client";
	add(4, ROW_READER, "e", 40, "a");
	add(5, ROW_CHAIN, "f", 40, "a")->chain.waiters = 2;
	rows[3].fold.count = 4;
	causes = collect(6);
	assert_int_equal(causes.cause_count, 1);
	assert_int_equal(causes.items[0].waiters, 6);
	causes_free(&causes);
}

static void the_same_number_on_another_host_is_another_process(void **state)
{
	struct causes causes;

	(void)state;
	add(0, ROW_LISTENER, "a", 70, NULL)->pid = 7;
	add(1, ROW_READER, "b", 30, "a")->pid = 7;
	add(2, ROW_READER, "c", 30, "a")->pid = 8;
	causes = collect(3);
	assert_int_equal(causes.items[0].waiters, 1);
	causes_free(&causes);
	rows[1].host_at = 1;
	causes = collect(3);
	assert_int_equal(causes.items[0].waiters, 2);
	causes_free(&causes);
}

/* The server has not read what its client sent, and the client awaits the reply: one waits. */
static void both_ends_of_a_connection_are_one(void **state)
{
	struct causes causes;

	(void)state;
	add(0, ROW_CHAIN, "a", 40, NULL)->chain.waiters = 1;
	add(1, ROW_READER, "b", 30, "a");
	add(2, ROW_READER, "c", 30, "a");
	rows[0].pid = rows[1].pid = 7;
	rows[2].pid = 8;
	causes = collect(3);
	assert_int_equal(causes.items[0].waiters, 1);
	causes_free(&causes);
}

static void the_worst_of_a_group_counts(void **state)
{
	(void)state;
	add(0, ROW_CHAIN, "a", 45, NULL);
	add(1, ROW_CHAIN, "b", 40, NULL);
	add(2, ROW_LISTENER, "c", 70, "b");
	assert_order(3, "bca");
}

static void what_is_over_or_healthy_is_no_cause(void **state)
{
	struct causes causes;

	(void)state;
	add(0, ROW_SERVICE, "a", 0, NULL);
	add(1, ROW_CHAIN, "b", 60, NULL)->event = STALL_CLOSE;
	add(2, ROW_READER, "c", 20, "b");
	add(3, ROW_READER, "d", 20, "of another look");
	causes = collect(4);
	assert_int_equal(causes.cause_count, 0);
	assert_int_equal(causes.first_other, 0);
	causes_free(&causes);
	assert_order(4, "dcab");
	causes = collect(0);
	assert_int_equal(causes.cause_count, 0);
	causes_free(&causes);
}

static void a_report_is_put_in_order(void **state)
{
	struct report report = {.rows = rows, .count = 3};

	(void)state;
	add(0, ROW_HANDSHAKE, "a", 90, NULL);
	add(1, ROW_READER, "b", 20, "c");
	add(2, ROW_LOOP, "c", 10, NULL);
	assert_int_equal(causes_sort(&report), 0);
	assert_string_equal(rows[0].id, "c");
	assert_string_equal(rows[1].id, "b");
	assert_string_equal(rows[2].id, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cause_comes_before_what_is_worse_and_has_none),
		cmocka_unit_test(a_connection_counts_once),
		cmocka_unit_test(the_same_number_on_another_host_is_another_process),
		cmocka_unit_test(both_ends_of_a_connection_are_one),
		cmocka_unit_test(the_worst_of_a_group_counts),
		cmocka_unit_test(what_is_over_or_healthy_is_no_cause),
		cmocka_unit_test(a_report_is_put_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
