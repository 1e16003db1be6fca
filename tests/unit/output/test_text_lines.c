/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <locale.h>

#include "rows/fold.h"
#include "sample.h"

static const struct options plain;

static void a_line_for_each_open_change_close(void **state)
{
	struct row rows[] = {sample_reader(), sample_handshake(), sample_reader(), sample_reader()};

	(void)state;
	rows[2].event = STALL_NONE;
	rows[3].event = STALL_CLOSE;
	rows[3].tid = 1240;
	rows[3].age_s = 7859;
	assert_look(&emit_lines, &plain, rows, COUNT_OF(rows),
		    "2026-11-23T02:34:31.123Z  open    reader     peer_dead          java/1234         fd 7   "
		    "10.0.0.1:443 \xe2\x86\x90 10.0.0.2:5000      age 31.2s  we sent 217 bytes 31.2 s ago and 5 "
		    "retransmissions went unanswered\n"
		    "2026-11-23T02:34:31.123Z  change  handshake  peer_silent        nginx/80          fd 6   "
		    "[2001:db8::1]:80 \xe2\x86\x90 [2001:db8:1234:5678:9abc:def0:1234:5678]:54321  age 4m05s  3 "
		    "SYN-ACKs were sent and no ACK came\n"
		    "2026-11-23T02:34:31.123Z  close   reader     peer_dead          java/1234/1240    fd 7   "
		    "10.0.0.1:443 \xe2\x86\x90 10.0.0.2:5000      age 2h10m  we sent 217 bytes 31.2 s ago and 5 "
		    "retransmissions went unanswered\n");
}

/* Only what all have in common is shown: neither a thread, nor a descriptor, nor the port of this end. */
static void a_line_may_stand_for_several(void **state)
{
	struct row rows[] = {sample_reader(), sample_reader(), sample_reader()};
	const struct row *alike[] = {&rows[0], &rows[1], &rows[2]};
	const struct fold_how how = {0};
	struct folded folded;

	(void)state;
	rows[1].pid = rows[1].tid = 1235;
	rows[1].fd = 8;
	rows[1].local_port = 444;
	assert_int_equal(fold_rows(&folded, alike, COUNT_OF(alike), &how), 0);
	assert_look(
		&emit_lines, &plain, folded.rows, folded.count,
		"2026-11-23T02:34:31.123Z  open    reader     peer_dead          java \xc3\x97"
		"3 (2 pids)  fd -   10.0.0.1 \xe2\x86\x90 10.0.0.2:5000          oldest 31.2s  we sent 217 bytes 31.2 s "
		"ago and 5 retransmissions went unanswered\n");
	folded_free(&folded);
}

static void what_is_not_known_is_a_dash(void **state)
{
	struct row row;

	(void)state;
	row_init(&row, ROW_LOOP);
	row.time_ns = SAMPLE_TIME;
	row.event = STALL_OPEN;
	assert_look(&emit_lines, &plain, &row, 1,
		    "2026-11-23T02:34:31.123Z  open    loop       -                  -                 fd -   -        "
		    "                         age -      -\n");
}

/* Where the kernel does not tell since when it sleeps. */
static void an_age_may_be_a_lower_bound(void **state)
{
	struct row row;

	(void)state;
	row_init(&row, ROW_READER);
	row.time_ns = SAMPLE_TIME;
	row.event = STALL_OPEN;
	row.age_s = 31.2;
	row.age_at_least = true;
	assert_look(&emit_lines, &plain, &row, 1,
		    "2026-11-23T02:34:31.123Z  open    reader     -                  -                 fd -   -        "
		    "                         age \xe2\x89\xa5"
		    "31.2s  -\n");
	row.age_at_least = false;
	assert_look(&emit_lines, &plain, &row, 1,
		    "2026-11-23T02:34:31.123Z  open    reader     -                  -                 fd -   -        "
		    "                         age 31.2s  -\n");
}

static void what_is_written_goes_to_the_peer(void **state)
{
	struct row row;

	(void)state;
	row_init(&row, ROW_WRITER);
	row.time_ns = SAMPLE_TIME;
	row.event = STALL_OPEN;
	row.local_addr = "10.0.0.9";
	row.local_port = 40000;
	row.peer_addr = "10.0.0.2";
	row.peer_port = 443;
	assert_look(&emit_lines, &plain, &row, 1,
		    "2026-11-23T02:34:31.123Z  open    writer     -                  -                 fd -   "
		    "10.0.0.9:40000 \xe2\x86\x92 10.0.0.2:443     age -      -\n");
}

static void a_client_points_to_its_server(void **state)
{
	struct row row = sample_handshake();

	(void)state;
	row.handshake.side = "client";
	row.local_addr = "10.0.0.9";
	row.local_port = 40000;
	row.peer_addr = "10.0.0.2";
	row.peer_port = 443;
	assert_look(&emit_lines, &plain, &row, 1,
		    "2026-11-23T02:34:31.123Z  change  handshake  peer_silent        nginx/80          fd 6   "
		    "10.0.0.9:40000 \xe2\x86\x92 10.0.0.2:443     age 4m05s  3 SYN-ACKs were sent and no ACK came\n");
}

static void a_hostile_name_stays_on_its_line(void **state)
{
	struct row row = sample_reader();

	(void)state;
	row.comm = HOSTILE;
	row.why = "in\tits " HOSTILE;
	row.peer_addr = NULL;
	row.peer_port = NOT_KNOWN;
	assert_look(&emit_lines, &plain, &row, 1,
		    "2026-11-23T02:34:31.123Z  open    reader     peer_dead          a\\x1b[2J\"\\xff\\x0a/1234  fd 7  "
		    " 10.0.0.1:443                      age 31.2s  in\\x09its a\\x1b[2J\"\\xff\\x0a\n");
}

static void arrows_are_ascii_in_the_c_locale(void **state)
{
	struct row row = sample_reader();

	(void)state;
	setlocale(LC_ALL, "C");
	assert_look(
		&emit_lines, &plain, &row, 1,
		"2026-11-23T02:34:31.123Z  open    reader     peer_dead          java/1234         fd 7   10.0.0.1:443 "
		"<- 10.0.0.2:5000     age 31.2s  we sent 217 bytes 31.2 s ago and 5 retransmissions went unanswered\n");
	setlocale(LC_ALL, "C.UTF-8");
}

static void of_the_records_only_lost_is_shown(void **state)
{
	struct row row;

	(void)state;
	row_init(&row, ROW_START);
	assert_record(&emit_lines, &plain, &row, "");
	row_init(&row, ROW_END);
	assert_record(&emit_lines, &plain, &row, "");
	row_init(&row, ROW_LOST);
	row.time_ns = SAMPLE_TIME;
	row.lost.where = "events";
	row.lost.count = 12;
	assert_record(&emit_lines, &plain, &row, "2026-11-23T02:34:31.123Z  lost    events     12\n");
	row.lost.where = "processes";
	row.lost.count = 1;
	row.pid = 12;
	row.comm = "x\033";
	row.why = "it is so";
	assert_record(&emit_lines, &plain, &row,
		      "2026-11-23T02:34:31.123Z  lost    processes  1: x\\x1b/12: it is so\n");
	row.comm = NULL;
	assert_record(&emit_lines, &plain, &row,
		      "2026-11-23T02:34:31.123Z  lost    processes  1: process 12: it is so\n");
}

static void a_full_disk_is_told(void **state)
{
	(void)state;
	assert_full_disk(&emit_lines, &plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_for_each_open_change_close), cmocka_unit_test(a_line_may_stand_for_several),
		cmocka_unit_test(what_is_not_known_is_a_dash),	     cmocka_unit_test(an_age_may_be_a_lower_bound),
		cmocka_unit_test(a_client_points_to_its_server),     cmocka_unit_test(what_is_written_goes_to_the_peer),
		cmocka_unit_test(a_hostile_name_stays_on_its_line),  cmocka_unit_test(arrows_are_ascii_in_the_c_locale),
		cmocka_unit_test(of_the_records_only_lost_is_shown), cmocka_unit_test(a_full_disk_is_told),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
