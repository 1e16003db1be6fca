/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <math.h>

#include "rows/alike.h"
#include "rows/fold.h"
#include "sample.h"

#define MOST 8

static struct row rows[MOST];
static size_t row_count;

/* Rows of one thread after the other, alike but for what a test changes. */
static int readers(void **state)
{
	static char ids[MOST][8];

	(void)state;
	for (row_count = 0; row_count < 3; row_count++) {
		rows[row_count] = sample_reader();
		snprintf(ids[row_count], sizeof(ids[0]), "r%zu", row_count);
		rows[row_count].id = ids[row_count];
		rows[row_count].tid += (int64_t)row_count;
		rows[row_count].age_s = 10.0 - (double)row_count;
	}
	return 0;
}

static struct folded fold(bool by_event)
{
	const struct fold_how how = {.by_event = by_event};
	const struct row *items[MOST];
	struct folded folded;

	for (size_t i = 0; i < row_count; i++)
		items[i] = &rows[i];
	assert_int_equal(fold_rows(&folded, items, row_count, &how), 0);
	return folded;
}

/* So many rows are left. */
static void assert_left(size_t expected)
{
	struct folded folded = fold(true);

	assert_int_equal(folded.count, expected);
	folded_free(&folded);
}

static void alike_is_one_row_of_the_oldest(void **state)
{
	struct folded folded;

	(void)state;
	rows[1].age_s = 30;
	rows[1].pid = 7;
	rows[2].severity = 50;
	folded = fold(true);
	assert_int_equal(folded.count, 1);
	assert_int_equal(folded.rows[0].fold.count, 3);
	assert_int_equal(fold_count(&folded.rows[0]), 3);
	assert_string_equal(folded.rows[0].id, "r1");
	assert_string_equal(folded.rows[0].fold.pids, "7 1234");
	assert_int_equal(fold_processes(&folded.rows[0]), 2);
	assert_true(folded.rows[0].fold.oldest_s == 30 && folded.rows[0].fold.youngest_s == 8);
	assert_int_equal(folded.rows[0].severity, 52); /* 3 of them, the oldest for 30 s */
	folded_free(&folded);
}

static void one_alone_stays_as_it_is(void **state)
{
	struct folded folded;

	(void)state;
	row_count = 1;
	folded = fold(true);
	assert_int_equal(folded.count, 1);
	assert_memory_equal(&folded.rows[0], &rows[0], sizeof(rows[0]));
	assert_int_equal(folded.rows[0].fold.count, NOT_KNOWN);
	assert_int_equal(fold_count(&folded.rows[0]), 1);
	folded_free(&folded);
	row_count = 0;
	assert_left(0);
}

/* What is being closed has no process: whose port is known, peers with many, is what they share. */
static void closing_ends_of_a_server(void **state)
{
	(void)state;
	for (size_t i = 0; i < row_count; i++) {
		rows[i].type = ROW_CLOSING;
		rows[i].peer_port = 40000 + (int64_t)i;
		rows[i].serves = true;
	}
	assert_left(1);
	rows[0].local_port++;
	assert_left(2);
	rows[0].local_port--;
	rows[0].serves = rows[1].serves = false;
	assert_left(3);
}

static void each_of_what_they_share_tells_them_apart(void **state)
{
	const struct row alike = rows[1];

	(void)state;
	assert_left(1);
#define APART(change)            \
	do {                     \
		rows[1] = alike; \
		rows[1].change;  \
		assert_left(2);  \
	} while (0)
	APART(verdict = "peer_silent");
	APART(comm = "javb");
	APART(comm = NULL);
	APART(peer_addr = "10.0.0.3");
	APART(peer_addr = NULL);
	APART(peer_port = 5001);
	APART(netns = 4026531841);
	APART(reader.kind = "dns");
	APART(reader.role = "server");
	APART(event = STALL_CLOSE);
	APART(stuck = false);
	APART(id = NULL);
	APART(type = ROW_CLOSING);
#undef APART
}

static void what_each_has_for_itself_does_not(void **state)
{
	struct folded folded;

	rows[1].fd = 12;
	rows[1].local_port = 444;
	rows[1].reader.held.waiter = "loop";
	rows[1].container = "c";
	folded = fold(true);
	assert_int_equal(folded.count, 1);
	assert_true(fold_differs(&folded.rows[0], offsetof(struct row, tid)));
	assert_true(fold_differs(&folded.rows[0], offsetof(struct row, fd)));
	assert_true(fold_differs(&folded.rows[0], offsetof(struct row, local_port)));
	assert_true(fold_differs(&folded.rows[0], offsetof(struct row, container)));
	assert_false(fold_differs(&folded.rows[0], offsetof(struct row, pid)));
	assert_false(fold_differs(&folded.rows[0], offsetof(struct row, local_addr)));
	assert_false(fold_differs(&folded.rows[0], offsetof(struct row, peer_addr)));
	assert_false(fold_differs(&folded.rows[0], offsetof(struct row, verdict)));
	folded_free(&folded);
	readers(state);
	rows[1].pid = 7;
	folded = fold(true);
	assert_true(fold_differs(&folded.rows[0], offsetof(struct row, pid)));
	assert_true(fold_differs(&folded.rows[0], offsetof(struct row, fd)));
	folded_free(&folded);
}

/* A line is about one event; a table is about what there is, but not about what is over. */
static void events_count_where_they_are_shown(void **state)
{
	struct folded folded;

	(void)state;
	rows[1].event = STALL_NONE;
	rows[2].event = STALL_CLOSE;
	assert_left(3);
	folded = fold(false);
	assert_int_equal(folded.count, 2);
	assert_int_equal(folded.rows[0].fold.count, 2);
	assert_int_equal(folded.rows[1].event, STALL_CLOSE);
	folded_free(&folded);
}

static void the_first_member_has_the_place(void **state)
{
	struct folded folded;

	(void)state;
	rows[row_count++] = sample_handshake();
	rows[row_count++] = rows[2];
	rows[0].comm = rows[2].comm = "other";
	folded = fold(true);
	assert_int_equal(folded.count, 3);
	assert_string_equal(folded.rows[0].comm, "other");
	assert_int_equal(folded.rows[0].fold.count, 2);
	assert_string_equal(folded.rows[1].comm, "java");
	assert_int_equal(folded.rows[2].type, ROW_HANDSHAKE);
	folded_free(&folded);
}

static bool is_opened(const void *opened, uint64_t id)
{
	return *(const uint64_t *)opened == id;
}

static void of_an_open_group_the_members_follow(void **state)
{
	uint64_t opened = alike_id(&rows[2]);
	const struct fold_how how = {.is_open = is_opened, .context = &opened};
	const struct row *items[] = {&rows[0], &rows[1], &rows[2], &rows[3], &rows[4]};
	struct folded folded;

	(void)state;
	rows[3] = rows[4] = rows[0];
	rows[3].comm = rows[4].comm = "other";
	assert_int_equal(fold_rows(&folded, items, COUNT_OF(items), &how), 0);
	assert_int_equal(folded.count, 5);
	assert_int_equal(folded.rows[0].fold.count, 3);
	assert_true(alike_id(&folded.rows[0]) == opened);
	assert_false(folded.rows[0].fold.member);
	for (size_t i = 1; i <= 3; i++) {
		assert_true(folded.rows[i].fold.member);
		assert_string_equal(folded.rows[i].id, rows[i - 1].id);
		assert_int_equal(fold_count(&folded.rows[i]), 1);
	}
	assert_int_equal(folded.rows[4].fold.count, 2);
	folded_free(&folded);
}

/* Of one stack, in processes of one number. */
static void threads_of_two_hosts_are_not_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < row_count; i++) {
		row_init(&rows[i], ROW_THREAD);
		rows[i].pid = 7;
		rows[i].tid = 8 + (int64_t)i;
		rows[i].user_stack = "recv";
	}
	assert_left(1);
	rows[2].host_at = 1;
	assert_left(2);
}

static void clients_of_one_listener_are_alike(void **state)
{
	(void)state;
	for (row_count = 0; row_count < 3; row_count++) {
		rows[row_count] = sample_handshake();
		rows[row_count].handshake.side = "server";
		rows[row_count].peer_port += (int64_t)row_count;
	}
	rows[1].peer_addr = "2001:db8::99";
	assert_left(1);
	rows[1].local_port = 81;
	assert_left(2);
	for (row_count = 0; row_count < 3; row_count++) {
		rows[row_count].local_port = 80;
		rows[row_count].handshake.side = "client";
	}
	assert_left(3);
}

/* Who was accepted has a port of its own for each connection. */
static void connections_of_one_client_are_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < row_count; i++) {
		rows[i].reader.role = "server";
		rows[i].peer_port += (int64_t)i;
	}
	assert_left(1);
	rows[1].local_port = 444;
	assert_left(2);
	rows[1].local_port = 443;
	rows[1].peer_addr = "10.0.0.3";
	assert_left(2);
}

static void without_a_peer_the_own_end_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < row_count; i++) {
		rows[i].type = ROW_LISTENER;
		rows[i].peer_addr = NULL;
		rows[i].peer_port = NOT_KNOWN;
	}
	assert_left(1);
	rows[1].local_addr = NULL;
	rows[1].path = "/run/a";
	rows[2].local_addr = NULL;
	rows[2].path = "/run/b";
	assert_left(3);
	rows[2].path = "/run/a";
	assert_left(2);
}

static void of_a_unix_socket_the_process_at_the_other_end_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < row_count; i++) {
		rows[i].peer_addr = rows[i].local_addr = NULL;
		rows[i].reader.kind = "unix";
		rows[i].reader.peer.pid = 5;
	}
	assert_left(1);
	rows[1].reader.peer.pid = 6;
	assert_left(2);
}

static void loops_are_alike_in_one_system_call(void **state)
{
	(void)state;
	for (row_count = 0; row_count < 3; row_count++) {
		row_init(&rows[row_count], ROW_LOOP);
		rows[row_count].stuck = true;
		rows[row_count].id = "l";
		rows[row_count].loop.now = "futex";
		rows[row_count].peer_port = (int64_t)row_count;
	}
	assert_left(1);
	rows[1].loop.now = "read";
	assert_left(2);
}

static void others_are_never_folded(void **state)
{
	static const enum row_type types[] = {ROW_CHAIN,  ROW_SERVICE, ROW_PROCESS, ROW_THREAD,
					      ROW_REGION, ROW_WATCH,   ROW_LOST,    ROW_LOCK};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		for (size_t j = 0; j < row_count; j++)
			rows[j].type = types[i];
		assert_left(3);
	}
}

static void an_unknown_age_is_the_youngest(void **state)
{
	struct folded folded;

	(void)state;
	rows[0].age_s = NAN;
	rows[0].pid = NOT_KNOWN;
	folded = fold(true);
	assert_string_equal(folded.rows[0].id, "r1");
	assert_true(folded.rows[0].fold.oldest_s == 9 && folded.rows[0].fold.youngest_s == 8);
	assert_string_equal(folded.rows[0].fold.pids, "1234");
	folded_free(&folded);
	rows[1].age_s = rows[2].age_s = NAN;
	rows[1].pid = rows[2].pid = NOT_KNOWN;
	folded = fold(true);
	assert_true(isnan(folded.rows[0].fold.oldest_s) && isnan(folded.rows[0].fold.youngest_s));
	assert_null(folded.rows[0].fold.pids);
	assert_int_equal(fold_processes(&folded.rows[0]), 0);
	folded_free(&folded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(alike_is_one_row_of_the_oldest, readers),
		cmocka_unit_test_setup(one_alone_stays_as_it_is, readers),
		cmocka_unit_test_setup(closing_ends_of_a_server, readers),
		cmocka_unit_test_setup(each_of_what_they_share_tells_them_apart, readers),
		cmocka_unit_test_setup(what_each_has_for_itself_does_not, readers),
		cmocka_unit_test_setup(events_count_where_they_are_shown, readers),
		cmocka_unit_test_setup(the_first_member_has_the_place, readers),
		cmocka_unit_test_setup(of_an_open_group_the_members_follow, readers),
		cmocka_unit_test_setup(threads_of_two_hosts_are_not_alike, readers),
		cmocka_unit_test_setup(clients_of_one_listener_are_alike, readers),
		cmocka_unit_test_setup(connections_of_one_client_are_alike, readers),
		cmocka_unit_test_setup(without_a_peer_the_own_end_counts, readers),
		cmocka_unit_test_setup(of_a_unix_socket_the_process_at_the_other_end_counts, readers),
		cmocka_unit_test_setup(loops_are_alike_in_one_system_call, readers),
		cmocka_unit_test_setup(others_are_never_folded, readers),
		cmocka_unit_test_setup(an_unknown_age_is_the_youngest, readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
