/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <locale.h>

#include "sample.h"
#include "screen.h"
#include "text.h"

static const struct look_record sample_head = {
	.realtime_ns = SAMPLE_TIME,
	.interval_ns = 1000000000,
	.namespaces = 3,
};

/* Draws and returns the lines as one text. */
static const char *draw(const struct screen *screen, size_t width, size_t height)
{
	static char text[1 << 16];
	struct lines lines = {0};
	size_t at = 0;

	assert_int_equal(screen_draw(screen, &lines, width, height), 0);
	assert_true(lines_count(&lines) <= height);
	*text = '\0';
	for (size_t i = 0; i < lines_count(&lines); i++) {
		const char *line = lines_text(&lines, lines_at(&lines, i));

		assert_true(text_width(line) <= (width < 2 ? 2 : width));
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s\n", line);
	}
	lines_free(&lines);
	return text;
}

static void look(struct screen *screen, struct row *rows, size_t count)
{
	struct report report = {.rows = rows, .count = count};

	assert_int_equal(screen_look(screen, &report, &sample_head), 0);
}

static void look_at_samples(struct screen *screen)
{
	struct row rows[] = {sample_handshake(), sample_reader(), sample_reader(), sample_reader()};

	rows[1].comm = HOSTILE;
	rows[1].severity = 4;
	rows[1].advice = NULL;
	rows[2].event = STALL_CLOSE;
	rows[3].event = STALL_NONE;
	look(screen, rows, COUNT_OF(rows));
}

static void start(struct screen *screen)
{
	struct row row;

	row_init(&row, ROW_START);
	row.start.host = "web1\x1b";
	assert_int_equal(screen_record(screen, &row), 0);
}

static void eighty_columns_are_readable(void **state)
{
	struct screen screen = {0};

	(void)state;
	start(&screen);
	look_at_samples(&screen);
	assert_string_equal(draw(&screen, 80, 24),
			    "sockstall  web1\\x1b  2026-11-23T02:34:31Z  every 1.0s\n"
			    "3 stuck: 1 handshake, 2 readers\n"
			    "  AGE  VERDICT      PROCESS             FD  LOCAL             PEER\n"
			    "31.2s  peer_dead    java/1234            7  10.0.0.1:443      10.0.0.2:5000\n"
			    "    we sent 217 bytes 31.2 s ago and 5 retransmissions went unanswered\n"
			    "    set TCP_USER_TIMEOUT\n"
			    "4m05s  peer_silent  nginx/80             6  [2001:db8::1]:80  [2001:db8\xe2\x80\xa6"
			    "8]:54321\n"
			    "    3 SYN-ACKs were sent and no ACK came\n"
			    "31.2s  peer_dead    a\\x1b[2J\"\xe2\x80\xa6x0a/1234   7  10.0.0.1:443      10.0.0.2:5000\n"
			    "    we sent 217 bytes 31.2 s ago and 5 retransmissions went unanswered\n");
	screen_free(&screen);
}

static void two_hundred_columns_show_more(void **state)
{
	struct screen screen = {0};

	(void)state;
	look_at_samples(&screen);
	assert_string_equal(draw(&screen, 200, 50),
			    "sockstall  2026-11-23T02:34:31Z  every 1.0s\n"
			    "3 stuck: 1 handshake, 2 readers\n"
			    "TYPE         AGE  VERDICT      PROCESS                 FD       NETNS  LOCAL             "
			    "PEER                                            RETRANS\n"
			    "reader     31.2s  peer_dead    java/1234                7  4026531840  10.0.0.1:443      "
			    "10.0.0.2:5000                                         -\n"
			    "    we sent 217 bytes 31.2 s ago and 5 retransmissions went unanswered\n"
			    "    set TCP_USER_TIMEOUT\n"
			    "handshake  4m05s  peer_silent  nginx/80                 6           -  [2001:db8::1]:80  "
			    "[2001:db8:1234:5678:9abc:def0:1234:5678]:54321      3/5\n"
			    "    3 SYN-ACKs were sent and no ACK came\n"
			    "reader     31.2s  peer_dead    a\\x1b[2J\"\\xff\\x0a/1234   7  4026531840  10.0.0.1:443   "
			    "   10.0.0.2:5000                                         -\n"
			    "    we sent 217 bytes 31.2 s ago and 5 retransmissions went unanswered\n");
	screen_free(&screen);
}

static void one_type_shows_its_own_columns(void **state)
{
	struct screen screen = {0};
	struct row row;

	(void)state;
	row_init(&row, ROW_LOOP);
	row.age_s = 0.35;
	row.verdict = "blocked_in_read";
	row.stuck = true;
	row.pid = 900;
	row.tid = 901;
	row.comm = "python3";
	row.why = "it has been in recvfrom for 350 ms";
	row.loop.interface = "epoll";
	row.loop.waits_per_s = 1234.5;
	row.loop.events_per_s = 99.5;
	row.loop.busy_ratio = 0.42;
	row.loop.lag_p99_s = 0.0021;
	row.loop.lag_max_s = 0.35;
	row.loop.now = "blocked";
	row.loop.now_s = 0.35;
	row.loop.now_in = "recvfrom 10.0.0.1:40000 <- 10.0.0.2:5000";
	row.loop.runtime = "asyncio";
	look(&screen, &row, 1);
	assert_string_equal(
		draw(&screen, 80, 24),
		"sockstall  2026-11-23T02:34:31Z  every 1.0s\n"
		"1 stuck: 1 loop\n"
		"  AGE  VERDICT          PROCESS          BUSY  NOW        FOR  IN\n"
		"350ms  blocked_in_read  python3/900/901  0.42  blocked  350ms  recvfrom 10.0.0.\xe2\x80\xa6\n"
		"    it has been in recvfrom for 350 ms\n");
	screen_free(&screen);
}

static void detail_goes_before_rows_do(void **state)
{
	struct screen screen = {0};

	(void)state;
	look_at_samples(&screen);
	/* All of it takes ten lines, without advice nine. */
	assert_string_equal(draw(&screen, 80, 9),
			    "sockstall  2026-11-23T02:34:31Z  every 1.0s\n"
			    "3 stuck: 1 handshake, 2 readers\n"
			    "  AGE  VERDICT      PROCESS             FD  LOCAL             PEER\n"
			    "31.2s  peer_dead    java/1234            7  10.0.0.1:443      10.0.0.2:5000\n"
			    "    we sent 217 bytes 31.2 s ago and 5 retransmissions went unanswered\n"
			    "4m05s  peer_silent  nginx/80             6  [2001:db8::1]:80  [2001:db8\xe2\x80\xa6"
			    "8]:54321\n"
			    "    3 SYN-ACKs were sent and no ACK came\n"
			    "31.2s  peer_dead    a\\x1b[2J\"\xe2\x80\xa6x0a/1234   7  10.0.0.1:443      10.0.0.2:5000\n"
			    "    we sent 217 bytes 31.2 s ago and 5 retransmissions went unanswered\n");
	assert_string_equal(
		draw(&screen, 80, 8),
		"sockstall  2026-11-23T02:34:31Z  every 1.0s\n"
		"3 stuck: 1 handshake, 2 readers\n"
		"  AGE  VERDICT      PROCESS             FD  LOCAL             PEER\n"
		"31.2s  peer_dead    java/1234            7  10.0.0.1:443      10.0.0.2:5000\n"
		"4m05s  peer_silent  nginx/80             6  [2001:db8::1]:80  [2001:db8\xe2\x80\xa6"
		"8]:54321\n"
		"31.2s  peer_dead    a\\x1b[2J\"\xe2\x80\xa6x0a/1234   7  10.0.0.1:443      10.0.0.2:5000\n");
	assert_string_equal(draw(&screen, 80, 5),
			    "sockstall  2026-11-23T02:34:31Z  every 1.0s\n"
			    "3 stuck: 1 handshake, 2 readers\n"
			    "  AGE  VERDICT    PROCESS    FD  LOCAL         PEER           KIND   SENT\n"
			    "31.2s  peer_dead  java/1234   7  10.0.0.1:443  10.0.0.2:5000  tcp   300ms\n"
			    "+2 more\n");
	screen_free(&screen);
}

static void it_tells_what_was_stretched_and_lost(void **state)
{
	struct look_record head = sample_head;
	struct report report = {0};
	struct screen screen = {0};
	struct row row;

	(void)state;
	head.stretched_ns = 4000000000;
	row_init(&row, ROW_LOST);
	row.lost.count = 12;
	assert_int_equal(screen_record(&screen, &row), 0);
	assert_int_equal(screen_record(&screen, &row), 0);
	assert_int_equal(screen_look(&screen, &report, &head), 0);
	assert_string_equal(draw(&screen, 80, 24), "sockstall  2026-11-23T02:34:31Z  every 1.0s, stretched to 4.0s\n"
						   "nothing is stuck (looked at 3 network namespaces)  lost: 24\n");
	screen_free(&screen);
}

static void before_the_first_look(void **state)
{
	struct screen screen = {0};

	(void)state;
	assert_string_equal(draw(&screen, 80, 24), "sockstall\nlooking\n");
	screen_free(&screen);
}

static void what_is_normal_is_not_called_stuck(void **state)
{
	struct screen screen = {0};
	struct row row = sample_reader();

	(void)state;
	row.stuck = false;
	row.verdict = "idle";
	row.why = row.advice = NULL;
	look(&screen, &row, 1);
	assert_string_equal(draw(&screen, 60, 4), "sockstall  2026-11-23T02:34:31Z  every 1.0s\n"
						  "nothing is stuck, 1 shown\n"
						  "  AGE  VERDICT  PROCESS    FD  LOCAL         PEER\n"
						  "31.2s  idle     java/1234   7  10.0.0.1:443  10.0.0.2:5000\n");
	screen_free(&screen);
}

static void any_size_will_do(void **state)
{
	struct screen screen = {0};

	(void)state;
	start(&screen);
	look_at_samples(&screen);
	for (size_t width = 1; width <= 220; width++) {
		for (size_t height = 0; height <= 14; height++)
			draw(&screen, width, height);
	}
	assert_string_equal(draw(&screen, 20, 0), "");
	assert_string_equal(draw(&screen, 20, 3), "sockstall  web1\\x1b\xe2\x80\xa6\n"
						  "3 stuck: 1 handshak\xe2\x80\xa6\n"
						  "+3 more\n");
	screen_free(&screen);
}

static void a_crowd_is_counted(void **state)
{
	static struct row rows[5000];
	struct screen screen = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		rows[i] = sample_reader();
		rows[i].age_s = (double)i;
	}
	look(&screen, rows, COUNT_OF(rows));
	assert_string_equal(draw(&screen, 60, 6), "sockstall  2026-11-23T02:34:31Z  every 1.0s\n"
						  "5000 stuck: 5000 readers\n"
						  "  AGE  VERDICT    PROCESS    FD  LOCAL         PEER\n"
						  "1h23m  peer_dead  java/1234   7  10.0.0.1:443  10.0.0.2:5000\n"
						  "1h23m  peer_dead  java/1234   7  10.0.0.1:443  10.0.0.2:5000\n"
						  "+4998 more\n");
	assert_non_null(strstr(draw(&screen, 60, 24), "+4980 more\n"));
	screen_free(&screen);
}

/* The rows of a look may be gone when the terminal changes its size. */
static void rows_are_its_own(void **state)
{
	struct screen screen = {0};
	char *comm = strdup("short-lived");
	struct row row = sample_reader();

	(void)state;
	row.comm = comm;
	look(&screen, &row, 1);
	memset(comm, 'x', strlen(comm));
	free(comm);
	assert_non_null(strstr(draw(&screen, 80, 24), "short-lived/1234"));
	screen_free(&screen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eighty_columns_are_readable),
		cmocka_unit_test(two_hundred_columns_show_more),
		cmocka_unit_test(one_type_shows_its_own_columns),
		cmocka_unit_test(detail_goes_before_rows_do),
		cmocka_unit_test(it_tells_what_was_stretched_and_lost),
		cmocka_unit_test(before_the_first_look),
		cmocka_unit_test(what_is_normal_is_not_called_stuck),
		cmocka_unit_test(any_size_will_do),
		cmocka_unit_test(a_crowd_is_counted),
		cmocka_unit_test(rows_are_its_own),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
