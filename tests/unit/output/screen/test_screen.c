/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/text.h"
#include "output/screen/screen.h"
#include "rows/links.h"
#include "sample.h"

static const struct look_record sample_head = {
	.realtime_ns = SAMPLE_TIME,
	.interval_ns = 1000000000,
	.namespaces = 3,
};

/* Draws and returns the lines as one text; a line that is selected has a > behind it. */
static const char *draw_after(struct screen *screen, size_t width, size_t height, uint64_t elapsed_ns)
{
	static char text[1 << 16];
	struct lines lines = {0};
	size_t at = 0;

	assert_int_equal(screen_draw(screen, &lines, width, height, elapsed_ns), 0);
	assert_true(lines_count(&lines) <= height);
	*text = '\0';
	for (size_t i = 0; i < lines_count(&lines); i++) {
		const struct line *one = lines_at(&lines, i);
		const char *line = lines_text(&lines, one);

		assert_true(text_width(line) <= (width < 2 ? 2 : width));
		assert_true(one->mark_from <= one->mark_to && one->mark_to <= strlen(line));
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s\n", line,
				       one->style == LINE_SELECTED ? ">" : "");
	}
	lines_free(&lines);
	return text;
}

static const char *draw(struct screen *screen, size_t width, size_t height)
{
	return draw_after(screen, width, height, 0);
}

static void open_screen(struct screen *screen, enum command command)
{
	/* Samples are alike: nearly all tests are about each of them. */
	const struct options options = {.scope.command = command, .sinks.no_fold = true};

	assert_int_equal(screen_init(screen, &options), 0);
}

static void look_at(struct screen *screen, struct row *rows, size_t count, uint64_t after_s)
{
	struct report report = {.rows = rows, .count = count};
	struct look_record head = sample_head;
	struct wants wants;

	screen_wants(screen, &wants);
	head.has_chains = wants.chains;
	head.realtime_ns += after_s * 1000000000;
	assert_int_equal(screen_look(screen, &report, &head), 0);
}

static void look(struct screen *screen, struct row *rows, size_t count)
{
	look_at(screen, rows, count, 0);
}

static void look_at_samples(struct screen *screen)
{
	struct row rows[] = {sample_handshake(), sample_reader(), sample_reader(), sample_reader()};

	rows[1].comm = HOSTILE;
	rows[1].id = "hostile";
	rows[1].severity = 4;
	rows[1].advice = NULL;
	rows[2].event = STALL_CLOSE;
	rows[3].event = STALL_NONE;
	look(screen, rows, COUNT_OF(rows));
}

static enum screen_answer type(struct screen *screen, const char *keys)
{
	enum screen_answer answer = SCREEN_NOTHING;

	while (*keys)
		answer = screen_key(screen, (unsigned char)*keys++);
	return answer;
}

static void start(struct screen *screen)
{
	struct row row;

	row_init(&row, ROW_START);
	row.start.host = "web1\x1b";
	assert_int_equal(screen_record(screen, &row), 0);
}

#define FOOT "Enter evidence   e end it   / filter   < > sort   space pause   ? help   q quit\n"

/* ---- The list ---- */

static void eighty_columns_are_readable(void **state)
{
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	start(&screen);
	look_at_samples(&screen);
	assert_string_equal(draw(&screen, 80, 14),
			    "sockstall  web1\\x1b  2026-11-23T02:34:31Z  every 1.0s\n"
			    "3 stuck: 1 handshake, 2 readers\n"
			    "1 all (3)  2 serve  3 hands (1)  4 read (2)  5 loops  6 thr  7 chains\n"
			    "TYPE         AGE  VERDICT      PROCESS                 ADDRESS\n"
			    "reader     31.2s  peer_dead    java/1234               \xe2\x86\x92 10.0.0.2:5000>\n"
			    "    we sent 217 bytes 31.2 s ago and 5 retransmissions went unanswered\n"
			    "    set TCP_USER_TIMEOUT\n"
			    "handshake  4m05s  peer_silent  nginx/80                [2001:db8::1]:80\n"
			    "    3 SYN-ACKs were sent and no ACK came\n"
			    "reader     31.2s  peer_dead    a\\x1b[2J\"\\xff\\x0a/1234  \xe2\x86\x92 10.0.0.2:5000\n"
			    "    we sent 217 bytes 31.2 s ago and 5 retransmissions went unanswered\n"
			    "\n"
			    "\n" FOOT);
	screen_free(&screen);
}

static struct row sample_listener(void)
{
	struct row row;

	row_init(&row, ROW_LISTENER);
	row.event = STALL_OPEN;
	row.id = "listener";
	row.stuck = true;
	row.severity = 56;
	row.verdict = "not_accepting";
	row.comm = "nginx";
	row.pid = row.tid = 80;
	row.age_s = 9;
	row.local_addr = "2001:db8::1";
	row.local_port = 80;
	row.netns = 4026531840;
	return row;
}

/* Without room for both ends: a listener has no peer, and is found by its own address. */
static void one_column_may_have_the_addresses_of_both_ends(void **state)
{
	struct screen screen;
	struct row rows[] = {sample_reader(), sample_listener()};
	const char *drawn;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	look(&screen, rows, COUNT_OF(rows));
	drawn = draw(&screen, 70, 14);
	assert_non_null(strstr(drawn, "\nTYPE        AGE  VERDICT        PROCESS    ADDRESS\n"));
	assert_non_null(strstr(drawn, "  java/1234  \xe2\x86\x92 10.0.0.2:5000"));
	assert_non_null(strstr(drawn, "  nginx/80   [2001:db8"));
	drawn = draw(&screen, 200, 14);
	assert_non_null(strstr(drawn, "  LOCAL  "));
	assert_null(strstr(drawn, "\xe2\x86\x92 10.0.0.2"));
	screen_free(&screen);
}

/* Where something is stuck is what a person looks for. */
static void pages_keep_the_names_that_tell(void **state)
{
	static const struct {
		size_t width;
		const char *pages;
	} cases[] = {
		{80, "\n1 all (3)  2 serve  3 hands (1)  4 read (2)  5 loops  6 thr  7 chains\n"},
		{70, "\n1 all (3)  2 serve  3 hands (1)  4 read (2)  5 loops  6 thr  7 chains\n"},
		{62, "\n1 all  2 serve  3 hands  4 read  5 loops  6 thr  7 chains\n"},
		{40, "\n1 all  2  3 hands  4 read  5  6  7\n"},
		{24, "\n1 all  2  3  4  5  6  7\n"},
	};
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	look_at_samples(&screen);
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_non_null(strstr(draw(&screen, cases[i].width, 14), cases[i].pages));
	screen_free(&screen);
}

/* If there is no room for all sentences, those of the selected row are shown. */
static void the_selected_row_is_explained(void **state)
{
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	look_at_samples(&screen);
	screen_key(&screen, SCREEN_DOWN);
	assert_string_equal(draw(&screen, 80, 10),
			    "sockstall  2026-11-23T02:34:31Z  every 1.0s\n"
			    "3 stuck: 1 handshake, 2 readers\n"
			    "1 all (3)  2 serve  3 hands (1)  4 read (2)  5 loops  6 thr  7 chains\n"
			    "TYPE         AGE  VERDICT      PROCESS                 ADDRESS\n"
			    "reader     31.2s  peer_dead    java/1234               \xe2\x86\x92 10.0.0.2:5000\n"
			    "handshake  4m05s  peer_silent  nginx/80                [2001:db8::1]:80>\n"
			    "    3 SYN-ACKs were sent and no ACK came\n"
			    "reader     31.2s  peer_dead    a\\x1b[2J\"\\xff\\x0a/1234  \xe2\x86\x92 10.0.0.2:5000\n"
			    "\n" FOOT);
	screen_free(&screen);
}

static void a_small_screen_shows_rows_first(void **state)
{
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	look_at_samples(&screen);
	assert_string_equal(draw(&screen, 80, 5),
			    "sockstall  2026-11-23T02:34:31Z  every 1.0s\n"
			    "3 stuck: 1 handshake, 2 readers\n"
			    "  AGE  VERDICT    PROCESS    FD  LOCAL         PEER           KIND   SENT\n"
			    "31.2s  peer_dead  java/1234   7  10.0.0.1:443  10.0.0.2:5000  tcp   300ms>\n"
			    "1-1 of 3  Enter evidence   e end it   / filter   space pause   ? help   q quit\n");
	/* The key that leads to all others is the last to go. */
	assert_non_null(strstr(draw(&screen, 20, 5), "\n1-1 of 3  ? help\n"));
	assert_string_equal(draw(&screen, 20, 0), "");
	assert_string_equal(draw(&screen, 20, 2), "sockstall  2026-11-\xe2\x80\xa6\n"
						  "3 stuck: 1 handshak\xe2\x80\xa6\n");
	screen_free(&screen);
}

static struct row sample_loop(void)
{
	struct row row;

	row_init(&row, ROW_LOOP);
	row.age_s = 0.35;
	row.id = "loop-1";
	row.verdict = "blocked_in_read";
	row.stuck = true;
	row.severity = 7;
	row.pid = 900;
	row.tid = 901;
	row.comm = "python3";
	row.why = "it has been in recvfrom for 350 ms";
	row.loop.interface = "epoll";
	row.loop.waits_per_s = 1234.5;
	row.loop.busy_ratio = 0.42;
	row.loop.lag_p99_s = 0.0021;
	row.loop.lag_max_s = 0.1;
	row.loop.lag_histogram = (struct histogram){.bars = HISTOGRAM_BARS, .counts = {1000, 128, 9, [19] = 1}};
	row.loop.now = "blocked";
	row.loop.now_s = 0.35;
	row.loop.now_in = "recvfrom 10.0.0.1:40000 <- 10.0.0.2:5000";
	return row;
}

/* The worst first, then by the lag that has been or goes on, healthy loops too; each with its histogram. */
static void loops_are_sorted_by_severity_and_lag(void **state)
{
	struct row rows[] = {sample_loop(), sample_loop(), sample_loop()};
	struct screen screen;
	struct wants wants;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	for (size_t i = 1; i < COUNT_OF(rows); i++) {
		rows[i].verdict = "ok";
		rows[i].id = rows[i].why = NULL;
		rows[i].stuck = false;
		rows[i].severity = 0;
		rows[i].tid += (int64_t)i;
		rows[i].age_s = NAN;
		rows[i].loop.now = "waiting";
		rows[i].loop.lag_max_s = (double)i * 0.2;
	}
	look(&screen, rows, COUNT_OF(rows));
	screen_wants(&screen, &wants);
	assert_true(wants.loops && !wants.all && !wants.threads_of);
	assert_int_equal(type(&screen, "5"), SCREEN_DRAW);
	assert_string_equal(draw(&screen, 80, 11),
			    "sockstall  2026-11-23T02:34:31Z  every 1.0s\n"
			    "1 stuck: 1 loop\n"
			    "1 all (1)  2 serve  3 hands  4 read  5 loops (1)  6 thr  7 chains\n"
			    "  AGE  VERDICT          PROCESS      LAG MAX  33us ...LAG... 8.6s+  NOW\n"
			    "350ms  blocked_in_read  python3/900    100ms  \xe2\x96\x88\xe2\x96\x86\xe2\x96\x82"
			    "                \xe2\x96\x81  blocked>\n"
			    "    it has been in recvfrom for 350 ms\n"
			    "    -  ok               python3/900    400ms  \xe2\x96\x88\xe2\x96\x86\xe2\x96\x82"
			    "                \xe2\x96\x81  waiting\n"
			    "    -  ok               python3/900    200ms  \xe2\x96\x88\xe2\x96\x86\xe2\x96\x82"
			    "                \xe2\x96\x81  waiting\n"
			    "\n"
			    "\n" FOOT);
	/* On the overview there is only what is stuck. */
	type(&screen, "1");
	assert_null(strstr(draw(&screen, 200, 24), " 903  "));
	screen_free(&screen);
}

/* It comes back at once, so its lag is the smallest of all. */
static void a_spinning_loop_stands_above_healthy_ones(void **state)
{
	struct row rows[] = {sample_loop(), sample_loop(), sample_loop()};
	struct screen screen;
	const char *text;

	(void)state;
	rows[0].verdict = "stalled";
	rows[0].severity = 60;
	rows[1].verdict = "spinning";
	rows[1].severity = 40;
	rows[1].loop.now = "waiting";
	rows[1].loop.lag_max_s = 0.000001;
	rows[2].verdict = "ok";
	rows[2].severity = 0;
	rows[2].stuck = false;
	rows[2].loop.lag_max_s = 5;
	open_screen(&screen, COMMAND_EPOLL);
	look(&screen, rows, COUNT_OF(rows));
	text = draw(&screen, 80, 24);
	assert_true(strstr(text, " stalled ") && strstr(text, " spinning ") && strstr(text, " ok "));
	assert_true(strstr(text, " stalled ") < strstr(text, " spinning "));
	assert_true(strstr(text, " spinning ") < strstr(text, " ok "));
	screen_free(&screen);
}

/* Which thread of its process it is: where there is room, and where it is not the first. */
static void a_thread_has_a_column(void **state)
{
	struct row rows[] = {sample_loop(), sample_loop(), sample_loop()};
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_EPOLL);
	rows[0].tid = rows[0].pid;
	rows[1].tid = 902;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		rows[i].id = NULL;
	look(&screen, rows, COUNT_OF(rows));
	assert_non_null(strstr(draw(&screen, 200, 24), "VERDICT          PROCESS      TID  "));
	assert_non_null(strstr(draw(&screen, 200, 24), "python3/900    -  "));
	assert_non_null(strstr(draw(&screen, 200, 24), "python3/900  901  "));
	assert_null(strstr(draw(&screen, 80, 24), "TID"));
	/* It is found all the same, and the row that is looked at names it. */
	type(&screen, "/901\n");
	assert_null(strstr(draw(&screen, 200, 24), "  902  "));
	screen_key(&screen, SCREEN_ENTER);
	assert_non_null(strstr(draw(&screen, 80, 24), "\nloop  blocked_in_read  python3/900  thread 901\n"));
	type(&screen, "\x1b\x1b");
	/* By age, verdict, process, thread: the largest first, and what is not shown last. */
	type(&screen, ">>>>");
	assert_non_null(strstr(draw(&screen, 200, 24), "  by TID\n"));
	assert_true(strstr(draw(&screen, 200, 24), "  902  ") < strstr(draw(&screen, 200, 24), "  901  "));
	assert_true(strstr(draw(&screen, 200, 24), "  901  ") < strstr(draw(&screen, 200, 24), "    -  "));
	screen_free(&screen);
	/* Where each thread is the first of its process there is none, also to sort by. */
	open_screen(&screen, COMMAND_EPOLL);
	rows[1] = rows[2] = rows[0];
	rows[1].pid = rows[1].tid = 901;
	rows[2].pid = rows[2].tid = 902;
	look(&screen, rows, COUNT_OF(rows));
	type(&screen, ">>>>");
	assert_null(strstr(draw(&screen, 250, 24), "TID"));
	screen_free(&screen);
}

static void lose(struct screen *screen, const char *where, int64_t count)
{
	struct row row;

	row_init(&row, ROW_LOST);
	row.lost.where = where;
	row.lost.count = count;
	assert_int_equal(screen_record(screen, &row), 0);
}

static void it_tells_what_was_stretched_and_lost(void **state)
{
	struct look_record head = sample_head;
	struct report report = {0};
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_READERS);
	head.stretched_ns = 4000000000;
	lose(&screen, "notes", 12);
	lose(&screen, "sockets", 3);
	assert_int_equal(screen_look(&screen, &report, &head), 0);
	assert_string_equal(draw(&screen, 80, 4), "sockstall  2026-11-23T02:34:31Z  every 1.0s, stretched to 4.0s\n"
						  "no reader is stuck (looked at 3 network namespaces)  lost this "
						  "look: 12 notes, \xe2\x80\xa6\n"
						  "nothing is stuck here (a: show what is normal, too)\n");
	assert_non_null(strstr(draw(&screen, 120, 4), "  lost this look: 12 notes, 3 sockets\n"));
	screen_free(&screen);
}

/* The losses of one look are not shown with the next. Each look that is gone back to has its own. */
static void what_is_lost_is_of_its_look(void **state)
{
	struct report report = {0};
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_READERS);
	lose(&screen, "notes", 12);
	assert_int_equal(screen_look(&screen, &report, &sample_head), 0);
	assert_non_null(strstr(draw(&screen, 120, 4), "  lost this look: 12 notes\n"));
	lose(&screen, "notes", 0);
	lose(&screen, "notes", NOT_KNOWN);
	assert_int_equal(screen_look(&screen, &report, &sample_head), 0);
	assert_null(strstr(draw(&screen, 120, 4), "lost"));
	lose(&screen, NULL, 1);
	assert_int_equal(screen_look(&screen, &report, &sample_head), 0);
	assert_non_null(strstr(draw(&screen, 120, 4), "  lost this look: 1 other\n"));
	type(&screen, "[[");
	assert_non_null(strstr(draw(&screen, 120, 4), "  lost this look: 12 notes\n"));
	screen_free(&screen);
}

static void it_tells_what_is_put_off(void **state)
{
	struct look_record head = sample_head;
	struct report report = {0};
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_READERS);
	head.put_off = 1;
	assert_int_equal(screen_look(&screen, &report, &head), 0);
	assert_non_null(strstr(draw(&screen, 80, 4), "  every 1.0s, sockets of 1 namespace less often\n"));
	head.put_off = 2;
	assert_int_equal(screen_look(&screen, &report, &head), 0);
	assert_non_null(strstr(draw(&screen, 80, 4), "  every 1.0s, sockets of 2 namespaces less often\n"));
	screen_free(&screen);
}

static void before_the_first_look(void **state)
{
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	assert_string_equal(draw(&screen, 80, 4), "sockstall\nlooking\n");
	/* No key needs a look. */
	for (uint32_t key = 1; key < 128; key++)
		screen_key(&screen, key);
	for (uint32_t key = SCREEN_UP; key <= SCREEN_BACKSPACE; key++)
		screen_key(&screen, key);
	draw(&screen, 80, 24);
	screen_free(&screen);
}

static void what_is_normal_is_shown_when_asked_for(void **state)
{
	struct screen screen;
	struct row row = sample_reader();
	struct wants wants;

	(void)state;
	open_screen(&screen, COMMAND_READERS);
	row.stuck = false;
	row.verdict = "idle";
	row.why = row.advice = NULL;
	look(&screen, &row, 1);
	assert_null(strstr(draw(&screen, 80, 24), "idle"));
	assert_int_equal(type(&screen, "a"), SCREEN_NEXT_LOOK);
	screen_wants(&screen, &wants);
	assert_true(wants.all);
	assert_string_equal(draw(&screen, 60, 4), "sockstall  2026-11-23T02:34:31Z  all\n"
						  "no reader is stuck (looked at 3 network namespaces)\n"
						  "  AGE  VERDICT  PROCESS    FD  LOCAL         PEER\n"
						  "31.2s  idle     java/1234   7  10.0.0.1:443  10.0.0.2:5000>\n");
	screen_free(&screen);
}

/*
 * Dear reports are asked for only while their page is shown, and a look without them does not say that nothing is
 * stuck.
 */
static void chains_are_asked_for(void **state)
{
	struct options options = {.scope.command = COMMAND_OVERVIEW};
	struct wants wants;
	struct row row;
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	look_at_samples(&screen);
	screen_wants(&screen, &wants);
	assert_false(wants.chains);
	assert_int_equal(type(&screen, "7"), SCREEN_NEXT_LOOK);
	assert_non_null(strstr(draw(&screen, 80, 24), "\nthis look has no chains"));
	screen_wants(&screen, &wants);
	assert_true(wants.chains);
	look_at_samples(&screen);
	assert_non_null(strstr(draw(&screen, 80, 24), "\nnothing is stuck here"));
	row_init(&row, ROW_CHAIN);
	row.stuck = true;
	row.id = "chain-7";
	row.pid = 7;
	row.comm = "java";
	row.verdict = "blocked";
	look(&screen, &row, 1);
	assert_non_null(strstr(draw(&screen, 80, 24), "blocked  java/7"));
	type(&screen, "1");
	screen_wants(&screen, &wants);
	assert_false(wants.chains);
	screen_free(&screen);
	/* A recording of the overview holds none. */
	options.replay_file = "x";
	assert_int_equal(screen_init(&screen, &options), 0);
	look_at_samples(&screen);
	assert_null(strstr(draw(&screen, 80, 24), "chains"));
	screen_wants(&screen, &wants);
	assert_false(wants.chains);
	screen_free(&screen);
}

static void any_size_will_do(void **state)
{
	static const uint32_t keys[] = {SCREEN_DOWN, SCREEN_ENTER, SCREEN_END, SCREEN_ESCAPE, '5',
					'6',	     '?',	   'x',	       '/',	      'j'};
	struct row loop = sample_loop();
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	start(&screen);
	look(&screen, &loop, 1);
	look_at_samples(&screen);
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		for (size_t width = 1; width <= 220; width += width < 40 ? 1 : 9) {
			for (size_t height = 0; height <= 14; height += height < 6 ? 1 : 4)
				draw(&screen, width, height);
		}
		screen_key(&screen, keys[i]);
	}
	screen_free(&screen);
}

static void a_crowd_is_counted(void **state)
{
	static struct row rows[5000];
	static char ids[COUNT_OF(rows)][16];
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_READERS);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		rows[i] = sample_reader();
		rows[i].age_s = (double)i;
		snprintf(ids[i], sizeof(ids[i]), "%zu", i);
		rows[i].id = ids[i];
	}
	look(&screen, rows, COUNT_OF(rows));
	assert_string_equal(draw(&screen, 60, 6), "sockstall  2026-11-23T02:34:31Z  every 1.0s\n"
						  "5000 stuck: 5000 readers\n"
						  "  AGE  VERDICT    PROCESS    FD  LOCAL         PEER\n"
						  "1h23m  peer_dead  java/1234   7  10.0.0.1:443  10.0.0.2:5000>\n"
						  "1h23m  peer_dead  java/1234   7  10.0.0.1:443  10.0.0.2:5000\n"
						  "1-2 of 1000  +4000 more  Enter evidence   ? help   q quit\n");
	screen_key(&screen, SCREEN_END);
	assert_non_null(strstr(draw(&screen, 60, 6), "1h06m  peer_dead  java/1234   7  10.0.0.1:443  10.0.0.2:5000>\n"
						     "999-1000 of 1000"));
	screen_key(&screen, SCREEN_PAGE_UP);
	assert_non_null(strstr(draw(&screen, 60, 6), "998-999 of 1000") ? ""
									: strstr(draw(&screen, 60, 6), "999-1000"));
	screen_key(&screen, SCREEN_HOME);
	assert_non_null(strstr(draw(&screen, 60, 6), "\n1-2 of 1000"));
	screen_free(&screen);
}

/* The rows of a look may be gone when the terminal changes its size. */
static void rows_are_its_own(void **state)
{
	struct screen screen;
	char *comm = strdup("short-lived");
	struct row row = sample_reader();

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	row.comm = comm;
	look(&screen, &row, 1);
	memset(comm, 'x', strlen(comm));
	free(comm);
	assert_non_null(strstr(draw(&screen, 80, 24), "short-lived/1234"));
	screen_free(&screen);
}

/* ---- Selecting, sorting, filtering ---- */

static void fill_readers(struct row *rows, size_t count)
{
	static const char *const ids[] = {"a", "b", "c", "d"}, *const comms[] = {"redis", "nginx", "java", "Java"};

	for (size_t i = 0; i < count; i++) {
		rows[i] = sample_reader();
		rows[i].id = ids[i];
		rows[i].comm = comms[i];
		rows[i].age_s = 100 - (double)i;
		rows[i].pid = rows[i].tid = 100 + (int64_t)i;
		rows[i].why = rows[i].advice = NULL;
	}
}

/* Which rows there are, in order, by the pids of the table; the selected one in brackets. */
static const char *pids(struct screen *screen)
{
	static char found[256];
	char *line, *text = strdup(draw(screen, 80, 24)), *rest = text;
	size_t at = 0;

	*found = '\0';
	while ((line = strsep(&rest, "\n"))) {
		const char *slash = strstr(line, "peer_dead") ? strchr(line, '/') : NULL;
		bool selected = slash && line[strlen(line) - 1] == '>';

		if (slash && !strstr(line, "stuck:") && !strstr(line, " more cause") && !strstr(line, " waits, "))
			at += (size_t)snprintf(found + at, sizeof(found) - at, selected ? "[%.3s]" : " %.3s ",
					       slash + 1);
	}
	free(text);
	return found;
}

static void the_selection_follows_its_row(void **state)
{
	struct row rows[4];
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	fill_readers(rows, 4);
	look(&screen, rows, 4);
	assert_string_equal(pids(&screen), "[100] 101  102  103 ");
	screen_key(&screen, SCREEN_DOWN);
	type(&screen, "j");
	assert_string_equal(pids(&screen), " 100  101 [102] 103 ");
	rows[2].age_s = 1000; /* now the worst */
	look(&screen, rows, 4);
	assert_string_equal(pids(&screen), "[102] 100  101  103 ");
	/* When it is gone, the selection stays where it was. */
	rows[2].event = STALL_CLOSE;
	look(&screen, rows, 4);
	assert_string_equal(pids(&screen), "[100] 101  103 ");
	screen_free(&screen);
}

static void columns_can_be_sorted_by(void **state)
{
	struct row rows[3];
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_READERS);
	fill_readers(rows, 3);
	rows[0].reader.tcp.last_sent_s = 5;
	rows[1].reader.tcp.last_sent_s = NAN;
	rows[2].reader.tcp.last_sent_s = 7;
	look(&screen, rows, 3);
	type(&screen, ">>>"); /* age, verdict, process */
	assert_non_null(strstr(draw(&screen, 80, 24), "02:34:31Z  by PROCESS\n"));
	assert_string_equal(pids(&screen), "[102] 101  100 ");
	type(&screen, "r");
	assert_string_equal(pids(&screen), "[100] 101  102 ");
	for (int i = 0; i < 40 && !strstr(draw(&screen, 80, 24), "by SENT"); i++)
		type(&screen, ">");
	/* Unknown values come last, in either direction. */
	assert_string_equal(pids(&screen), "[102] 100  101 ");
	type(&screen, "r");
	assert_string_equal(pids(&screen), "[100] 102  101 ");
	for (int i = 0; i < 40 && strstr(draw(&screen, 80, 24), "  by "); i++)
		type(&screen, "<");
	assert_string_equal(pids(&screen), "[100] 101  102 ");
	screen_free(&screen);
}

/* What a cell shows instead of a text that is not known: a path, an inode, a pid. */
static void it_sorts_by_texts_that_are_not_known(void **state)
{
	static const char *const orders[] = {"by LOCAL", "by NETNS", "by PROCESS"};
	struct row rows[3];
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	rows[0] = sample_listener();
	rows[0].local_addr = rows[0].netns_name = rows[0].comm = NULL;
	rows[0].path = "/run/app.sock";
	rows[1] = sample_listener();
	rows[2] = sample_handshake();
	look(&screen, rows, 3);
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		for (int j = 0; j < 40 && !strstr(draw(&screen, 200, 24), orders[i]); j++)
			type(&screen, ">");
		assert_non_null(strstr(draw(&screen, 200, 24), orders[i]));
		type(&screen, "r");
		assert_non_null(strstr(draw(&screen, 200, 24), orders[i]));
	}
	screen_free(&screen);
}

/* ---- What is alike ---- */

static void open_folding(struct screen *screen)
{
	static struct row rows[4];
	static const char *const ids[] = {"r1", "r2", "r3"};

	open_screen(screen, COMMAND_OVERVIEW);
	screen->no_fold = false;
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		rows[i] = sample_reader();
		rows[i].id = ids[i];
		rows[i].comm = "a-worker";
		rows[i].pid = rows[i].tid = 1000 + (int64_t)i / 2;
		rows[i].tid = 1000 + (int64_t)i;
	}
	rows[3] = sample_handshake();
	look(screen, rows, COUNT_OF(rows));
}

/* How often this is on the screen. */
static size_t count_of(const char *drawn, const char *text)
{
	size_t count = 0;

	for (; (drawn = strstr(drawn, text)); drawn += strlen(text))
		count++;
	return count;
}

static void what_is_alike_is_one_row_that_enter_opens(void **state)
{
	struct screen screen;
	const char *drawn;

	(void)state;
	open_folding(&screen);
	drawn = draw(&screen, 100, 20);
	assert_non_null(strstr(drawn, "\n4 stuck: 1 handshake, 3 readers\n"));
	assert_non_null(strstr(drawn, "a-worker \xc3\x97"
				      "3 (2 pids)"));
	assert_int_equal(count_of(drawn, "set TCP_USER_TIMEOUT"), 1);
	assert_non_null(strstr(drawn, "\nEnter open   "));
	assert_int_equal(screen_key(&screen, SCREEN_ENTER), SCREEN_DRAW);
	drawn = draw(&screen, 100, 30);
	assert_non_null(strstr(drawn, "a-worker \xc3\x97"
				      "3 (2 pids)"));
	assert_int_equal(count_of(drawn, "\xe2\x94\x94 a-worker/1000"), 2);
	assert_int_equal(count_of(drawn, "\xe2\x94\x94 a-worker/1001"), 1);
	assert_non_null(strstr(drawn, "\nEnter fold   "));
	assert_non_null(strstr(drawn, "\n4 stuck: 1 handshake, 3 readers\n"));
	screen_key(&screen, SCREEN_ENTER);
	assert_int_equal(count_of(draw(&screen, 100, 30), "\xe2\x94\x94 a-worker"), 0);
	screen_free(&screen);
}

static void a_member_has_its_evidence(void **state)
{
	struct screen screen;

	(void)state;
	open_folding(&screen);
	type(&screen, "\nj");
	assert_int_equal(screen_key(&screen, SCREEN_ENTER), SCREEN_NEXT_LOOK);
	assert_int_equal(screen.mode, MODE_EVIDENCE);
	assert_string_equal(screen_target(&screen)->id, "r1");
	screen_free(&screen);
}

/* `e` on a row of several would end one of them, and nobody could say which. */
static void what_is_folded_is_not_ended(void **state)
{
	struct screen screen;

	(void)state;
	open_folding(&screen);
	draw(&screen, 100, 20);
	assert_int_equal(screen_key(&screen, 'e'), SCREEN_DRAW);
	assert_int_equal(screen_key(&screen, 'e'), SCREEN_NOTHING);
	assert_int_equal(count_of(draw(&screen, 100, 30), "\xe2\x94\x94 a-worker"), 3);
	screen_key(&screen, 'j');
	assert_int_equal(screen_key(&screen, 'e'), SCREEN_PLAN);
	screen_free(&screen);
}

static void a_group_stays_open_and_selected(void **state)
{
	struct row rows[3] = {sample_reader(), sample_reader(), sample_handshake()};
	struct screen screen;

	(void)state;
	open_folding(&screen);
	screen_key(&screen, SCREEN_ENTER);
	rows[0].comm = rows[1].comm = "a-worker";
	rows[0].id = "r3";
	rows[1].id = "r4";
	rows[2].severity = 90;
	look_at(&screen, rows, COUNT_OF(rows), 1);
	assert_int_equal(count_of(draw(&screen, 100, 30), "\xe2\x94\x94 a-worker"), 2);
	assert_int_equal(screen_selected_row(&screen)->fold.count, 2);
	screen_free(&screen);
}

static void the_filter_comes_before_folding(void **state)
{
	struct screen screen;

	(void)state;
	open_folding(&screen);
	type(&screen, "/worker/1000\n");
	assert_non_null(strstr(draw(&screen, 100, 30), "a-worker/1000 \xc3\x97"
						       "2"));
	assert_non_null(strstr(draw(&screen, 100, 30), "2 stuck: 2 readers (of 4)"));
	screen_key(&screen, SCREEN_ENTER);
	assert_non_null(strstr(draw(&screen, 100, 30), "2 stuck: 2 readers (of 4)"));
	screen_free(&screen);
}

static void with_all_nothing_is_folded(void **state)
{
	struct screen screen;

	(void)state;
	open_folding(&screen);
	screen_key(&screen, 'a');
	assert_int_equal(count_of(draw(&screen, 100, 30), "\xc3\x97"), 0);
	screen_free(&screen);
}

static void many_groups_may_be_open(void **state)
{
	struct screen screen = {0};
	struct row row = sample_reader();

	(void)state;
	for (int64_t port = 1; port <= 3 * SCREEN_OPENED; port++) {
		row.peer_port = port;
		screen_toggle(&screen, &row);
	}
	screen_toggle(&screen, &row);
	for (size_t i = 0; i < SCREEN_OPENED; i++)
		assert_true(screen.opened[i] || i == SCREEN_OPENED - 1);
}

static void rows_can_be_filtered(void **state)
{
	struct row rows[4];
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	fill_readers(rows, 4);
	rows[0].why = "because of jav";
	look(&screen, rows, 4);
	assert_int_equal(type(&screen, "/jav"), SCREEN_DRAW);
	/* Any cell, in capitals or not; and q is a letter here. */
	assert_string_equal(pids(&screen), "[100] 102  103 ");
	assert_non_null(strstr(draw(&screen, 80, 24), "02:34:31Z  /jav_\n"));
	type(&screen, "aq");
	assert_string_equal(pids(&screen), "");
	assert_non_null(strstr(draw(&screen, 80, 24), "none of 4 rows contains this (Esc: all rows)\n"));
	screen_key(&screen, SCREEN_BACKSPACE);
	screen_key(&screen, SCREEN_DOWN);
	screen_key(&screen, SCREEN_ENTER);
	assert_string_equal(pids(&screen), " 102 [103]");
	assert_non_null(strstr(draw(&screen, 80, 24), "02:34:31Z  /java/\n"));
	screen_key(&screen, SCREEN_ESCAPE);
	assert_string_equal(pids(&screen), " 100  101  102 [103]");
	/* More than it holds is not taken, and half a character is none. */
	type(&screen, "/");
	for (int i = 0; i < 100; i++)
		screen_key(&screen, 0x20ac);
	assert_int_equal(strlen(screen.filter), 63);
	for (int i = 0; i < 21; i++)
		screen_key(&screen, SCREEN_BACKSPACE);
	assert_int_equal(strlen(screen.filter), 0);
	assert_int_equal(screen_key(&screen, SCREEN_BACKSPACE), SCREEN_DRAW);
	screen_free(&screen);
}

static void counts_follow_the_filter(void **state)
{
	struct row rows[4];
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	fill_readers(rows, 4);
	rows[0].why = rows[2].why = "because of jav";
	rows[2].stuck = false;
	look(&screen, rows, 4);
	assert_non_null(strstr(draw(&screen, 80, 24), "\n3 stuck: 3 readers\n"));
	type(&screen, "/of jav\na");
	assert_non_null(strstr(draw(&screen, 80, 24), "\n1 stuck: 1 reader (of 3)\n"));
	type(&screen, "/zzz\n");
	assert_non_null(strstr(draw(&screen, 80, 24), "\nnothing stuck has this text (of 3)\n"));
	screen_free(&screen);
}

/* The rows stay; the next with the text is gone to, and behind the last comes the first. */
static void rows_can_be_searched(void **state)
{
	struct row rows[4];
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	fill_readers(rows, 4);
	rows[1].why = rows[3].why = "the SECOND kind";
	look(&screen, rows, 4);
	assert_int_equal(type(&screen, "n"), SCREEN_NOTHING);
	assert_int_equal(screen_key(&screen, SCREEN_SEARCH), SCREEN_DRAW);
	type(&screen, "seco");
	assert_string_equal(pids(&screen), " 100 [101] 102  103 ");
	assert_non_null(strstr(draw(&screen, 80, 24), "02:34:31Z  search: seco_\n"));
	/* More characters stay if they fit. */
	type(&screen, "nd\n");
	assert_string_equal(pids(&screen), " 100 [101] 102  103 ");
	type(&screen, "n");
	assert_string_equal(pids(&screen), " 100  101  102 [103]");
	type(&screen, "n");
	assert_string_equal(pids(&screen), " 100 [101] 102  103 ");
	type(&screen, "N");
	assert_string_equal(pids(&screen), " 100  101  102 [103]");
	screen_key(&screen, SCREEN_SEARCH);
	type(&screen, "zzz\nn");
	assert_string_equal(pids(&screen), " 100  101  102 [103]");
	screen_key(&screen, SCREEN_ESCAPE);
	assert_null(strstr(draw(&screen, 80, 24), "search"));
	assert_int_equal(type(&screen, "n"), SCREEN_NOTHING);
	screen_free(&screen);
}

/* Chains that go through the row's process, wherever in them it stands. */
static void causes_come_first_with_what_hangs_on_them(void **state)
{
	struct row rows[4];
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	screen.no_fold = false;
	fill_readers(rows, 3);
	row_init(&rows[3], ROW_LISTENER);
	rows[3].pid = 900;
	rows[3].comm = "db";
	rows[3].id = "listener";
	rows[3].verdict = "peer_dead"; /* as pids() looks for */
	rows[3].stuck = true;
	rows[1].comm = "other"; /* else both are one row */
	rows[2].cause_id = "listener";
	look(&screen, rows, 4);
	assert_string_equal(pids(&screen), "[900] 102  100  101 ");
	/* It counts once. */
	assert_non_null(strstr(draw(&screen, 80, 24), "\npeer_dead db/900: 1 waits, for 1m38s; 3 stuck: 3 readers\n"));
	assert_non_null(strstr(draw(&screen, 80, 24), "\xe2\x94\x94 java/102"));
	type(&screen, "r");
	assert_non_null(strstr(draw(&screen, 80, 24), "\npeer_dead db/900: 1 waits, "));
	assert_null(strstr(draw(&screen, 80, 24), "\xe2\x94\x94 java/102"));
	type(&screen, "r4");
	assert_null(strstr(draw(&screen, 80, 24), "\xe2\x94\x94 java/102"));
	screen_free(&screen);
}

/* The terminal writes it; the title says where until the next key. */
static void what_is_told_goes_with_the_next_key(void **state)
{
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	look_at_samples(&screen);
	assert_int_equal(type(&screen, "w"), SCREEN_WRITE);
	screen_tell(&screen, "written to a\x1b");
	assert_non_null(strstr(draw(&screen, 80, 24), "Z  written to a\\x1b\n"));
	screen_key(&screen, SCREEN_DOWN);
	assert_null(strstr(draw(&screen, 80, 24), "written"));
	screen_write(&screen, NULL, 80, 24, 0);
	assert_non_null(strstr(draw(&screen, 80, 24), "Z  cannot write it to a file: "));
	/* Where text is typed it is a letter. */
	assert_int_equal(type(&screen, "/w"), SCREEN_DRAW);
	screen_free(&screen);
}

/* Many are worse than one that waits longer; an opened group keeps its members below it. */
static void many_stand_above_one(void **state)
{
	static const char *const ids[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9"};
	struct row rows[9];
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_READERS);
	screen.no_fold = false;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		rows[i] = sample_reader();
		rows[i].id = ids[i];
		rows[i].comm = i ? "many" : "alone";
		rows[i].pid = 100 + (int64_t)i;
		rows[i].severity = i ? 40 : 42;
		rows[i].age_s = i ? 5 : 700;
		rows[i].why = rows[i].advice = NULL;
	}
	look(&screen, rows, COUNT_OF(rows));
	assert_true(strstr(draw(&screen, 100, 24), "many \xc3\x97"
						   "8") < strstr(draw(&screen, 100, 24), "alone/100"));
	screen_key(&screen, SCREEN_HOME);
	screen_key(&screen, SCREEN_ENTER);
	assert_true(strstr(draw(&screen, 100, 24), "many/108") < strstr(draw(&screen, 100, 24), "alone/100"));
	/* By another column the rows stay as that has them. */
	type(&screen, "\n>");
	assert_true(strstr(draw(&screen, 100, 24), "many \xc3\x97"
						   "8") > strstr(draw(&screen, 100, 24), "alone/100"));
	screen_free(&screen);
}

/* From a stall to what it waits for, and back to the list. */
static void enter_goes_on_to_the_cause(void **state)
{
	struct row rows[3];
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	fill_readers(rows, 3);
	rows[1].cause_id = "a";
	look(&screen, rows, 3);
	screen_key(&screen, SCREEN_HOME);
	type(&screen, "j\n");
	assert_string_equal(screen_target(&screen)->id, "b");
	assert_non_null(strstr(draw(&screen, 80, 24), "Enter its cause"));
	assert_int_equal(screen_key(&screen, SCREEN_ENTER), SCREEN_NEXT_LOOK);
	assert_string_equal(screen_target(&screen)->id, "a");
	/* It hangs on nothing. */
	assert_null(strstr(draw(&screen, 80, 24), "Enter its cause"));
	assert_int_equal(screen_key(&screen, SCREEN_ENTER), SCREEN_DRAW);
	assert_int_equal(screen.mode, MODE_LIST);
	assert_string_equal(screen_target(&screen)->id, "b");
	/* Where the cause is gone there is nothing to go on to. */
	screen_key(&screen, SCREEN_ENTER);
	look(&screen, &rows[1], 1);
	assert_null(strstr(draw(&screen, 80, 24), "Enter its cause"));
	screen_free(&screen);
}

#define LONG \
	"thread 7 (vacuum) of db (pid 900) has been in clock_nanosleep, in a place with a long name, for 12 s, and on and on it goes, past the second line"

static void a_cause_takes_three_lines(void **state)
{
	struct row rows[3];
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	screen.no_fold = false;
	fill_readers(rows, 2);
	row_init(&rows[2], ROW_CHAIN);
	rows[2].pid = 900;
	rows[2].comm = "db";
	rows[2].id = "chain";
	rows[2].verdict = "blocked";
	rows[2].why = "java (pid 100) waits for db (pid 900); " LONG;
	rows[2].advice = "do something";
	rows[2].chain.waiters = 310;
	rows[2].stuck = true;
	rows[0].cause_id = rows[1].cause_id = "chain";
	rows[0].why = "its own sentence";
	look(&screen, rows, 3);
	assert_non_null(
		strstr(draw(&screen, 80, 24),
		       ">\n    310 wait; thread 7 (vacuum) of db (pid 900) has been in clock_nanosleep, in\n"
		       "    a place with a long name, for 12 s, and on and on it goes, past the second \xe2\x80\xa6\n"
		       "reader  1m40s"));
	/* What hangs on it has no sentences before it is gone to. */
	assert_null(strstr(draw(&screen, 80, 24), "its own sentence"));
	screen_key(&screen, SCREEN_DOWN);
	assert_non_null(strstr(draw(&screen, 80, 24), "its own sentence"));
	/* Where there is room, what to do. */
	assert_non_null(strstr(draw(&screen, 200, 24), "past the second line\n    do something\n"));
	screen_free(&screen);
}

static void open_with_many_causes(struct screen *screen, struct row *rows, size_t count, char (*ids)[8])
{
	open_screen(screen, COMMAND_OVERVIEW);
	screen->no_fold = false;
	for (size_t i = 0; i < count; i++) {
		row_init(&rows[i], ROW_CHAIN);
		snprintf(ids[i], sizeof(ids[i]), "%d", (int)(i % 100));
		rows[i].id = ids[i];
		rows[i].pid = 100 + (int64_t)i;
		rows[i].comm = "db";
		rows[i].verdict = "peer_dead";
		rows[i].why = "it is asleep";
		rows[i].advice = "see it";
		rows[i].stuck = true;
		rows[i].age_s = 100 - (double)i;
	}
	look(screen, rows, count);
}

/* Rows of different heights: the selected one is always there, whole, and at the end no line is left empty. */
static void causes_can_be_gone_through(void **state)
{
	struct row rows[30];
	char ids[30][8];
	struct screen screen;

	(void)state;
	open_with_many_causes(&screen, rows, 30, ids);
	for (int i = 0; i < 30; i++) {
		char selected[8];

		snprintf(selected, sizeof(selected), "[%d]", 100 + i);
		assert_non_null(strstr(pids(&screen), selected));
		assert_non_null(strstr(draw(&screen, 80, 24), ">\n    it is asleep\n    see it\n"));
		assert_true(screen.height >= 6);
		screen_key(&screen, SCREEN_DOWN);
	}
	assert_string_equal(pids(&screen), " 124  125  126  127  128 [129]");
	assert_non_null(strstr(draw(&screen, 80, 24), "\n25-30 of 30  "));
	for (int i = 0; i < 30; i++)
		screen_key(&screen, SCREEN_UP);
	assert_string_equal(pids(&screen), "[100] 101  102  103  104  105 ");
	screen_key(&screen, SCREEN_PAGE_DOWN);
	assert_string_equal(pids(&screen), " 100  101  102  103  104 [105]");
	/* Small ones. */
	for (size_t height = 1; height < 12; height++)
		draw(&screen, 40, height);
	screen_free(&screen);
}

/* Causes of an earlier look stay, with their age. */
static void causes_have_an_age(void **state)
{
	struct report report = {.count = 1};
	struct look_record head = sample_head;
	struct row row;
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	row_init(&row, ROW_CHAIN);
	row.id = "a";
	row.verdict = "blocked";
	row.stuck = true;
	report.rows = &row;
	head.has_chains = 1;
	screen_look(&screen, &report, &head);
	assert_null(strstr(draw(&screen, 80, 24), "causes seen"));
	head.has_chains = 0;
	head.realtime_ns += 3000000000;
	screen_look(&screen, &report, &head);
	assert_non_null(strstr(draw(&screen, 80, 24), "  every 1.0s, causes seen 3.0s ago\n"));
	/* Without any there is nothing to be old. */
	report.count = 0;
	screen_look(&screen, &report, &head);
	assert_null(strstr(draw(&screen, 80, 24), "causes seen"));
	screen_free(&screen);
}

static void keys_lead_to_threads_and_chains(void **state)
{
	struct row rows[4];
	struct arena arena = {0};
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	fill_readers(rows, 2);
	row_init(&rows[2], ROW_CHAIN);
	rows[2].pid = 900;
	rows[2].comm = "db";
	rows[2].id = "first";
	rows[2].verdict = "peer_dead";
	rows[2].stuck = true;
	rows[2].chain.links = links_add(&arena, NULL, &(struct link){.pid = 101, .tid = 101, .age_s = 1});
	rows[3] = rows[2];
	rows[3].id = "second";
	rows[3].pid = 901;
	rows[3].chain.links = links_add(&arena, NULL, &(struct link){.pid = 7, .tid = 7, .age_s = 1});
	look(&screen, rows, 2);
	screen_key(&screen, SCREEN_DOWN);
	assert_int_equal(type(&screen, "c"), SCREEN_NEXT_LOOK);
	assert_non_null(strstr(draw(&screen, 80, 24), "  through process 101\n"));
	assert_non_null(strstr(draw(&screen, 80, 24), "this look has no chains"));
	/* The look that was asked for. */
	screen_wants(&screen, &(struct wants){0});
	look(&screen, rows, 4);
	assert_string_equal(pids(&screen), "[900]");
	screen_key(&screen, SCREEN_ESCAPE);
	assert_string_equal(pids(&screen), "[900] 901 ");
	type(&screen, "1");
	screen_key(&screen, SCREEN_HOME);
	screen_key(&screen, SCREEN_DOWN);
	screen_key(&screen, SCREEN_DOWN); /* the causes stand above it */
	type(&screen, "c");
	assert_non_null(strstr(draw(&screen, 80, 24), "no chain goes through process 100 (Esc: all chains)"));
	type(&screen, "1t");
	assert_int_equal(screen.threads_of, 100);
	assert_int_equal(type(&screen, "t"), SCREEN_NOTHING);
	arena_free(&arena);
	screen_free(&screen);
}

static void the_time_is_local_on_request(void **state)
{
	struct row rows[1];
	struct screen screen;

	(void)state;
	setenv("TZ", "XYZ-5:30", true);
	tzset();
	open_screen(&screen, COMMAND_OVERVIEW);
	fill_readers(rows, 1);
	look(&screen, rows, 1);
	type(&screen, "z");
	assert_non_null(strstr(draw(&screen, 80, 24), "2026-11-23T08:04:31+05:30"));
	type(&screen, "z");
	assert_non_null(strstr(draw(&screen, 80, 24), "2026-11-23T02:34:31Z"));
	screen_free(&screen);
	unsetenv("TZ");
	tzset();
}

/* ---- Time ---- */

static void looks_can_be_gone_back_to(void **state)
{
	struct row rows[2];
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	fill_readers(rows, 2);
	look(&screen, rows, 1);
	look_at(&screen, rows, 2, 12);
	assert_string_equal(pids(&screen), "[100] 101 ");
	type(&screen, "[");
	assert_string_equal(pids(&screen), "[100]");
	assert_non_null(strstr(draw(&screen, 80, 24), "2026-11-23T02:34:31Z  paused  -12.0s\n1 stuck"));
	/* The look that is shown stays while others come. */
	look_at(&screen, rows, 2, 13);
	assert_string_equal(pids(&screen), "[100]");
	assert_non_null(strstr(draw(&screen, 80, 24), "  -13.0s\n"));
	type(&screen, "[[[[");
	assert_non_null(strstr(draw(&screen, 80, 24), "  -13.0s\n"));
	screen_key(&screen, SCREEN_RIGHT);
	assert_non_null(strstr(draw(&screen, 80, 24), "02:34:43Z  paused  -1.0s\n"));
	screen_key(&screen, SCREEN_RIGHT);
	assert_non_null(strstr(draw(&screen, 80, 24), "02:34:44Z  every 1.0s\n"));
	screen_free(&screen);
}

static void it_can_be_paused(void **state)
{
	struct row rows[2];
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	fill_readers(rows, 2);
	look(&screen, rows, 1);
	type(&screen, " ");
	assert_false(screen_is_ticking(&screen));
	look_at(&screen, rows, 2, 1);
	assert_string_equal(pids(&screen), "[100]");
	type(&screen, " ");
	assert_string_equal(pids(&screen), "[100] 101 ");
	screen_free(&screen);
}

/* A recording is stepped through; behind its end there is nothing. */
static void a_recording_is_stepped_through(void **state)
{
	const struct options options = {.scope.command = COMMAND_READERS, .replay_file = "x"};
	struct row rows[2], end;
	struct screen screen;

	(void)state;
	assert_int_equal(screen_init(&screen, &options), 0);
	fill_readers(rows, 2);
	look(&screen, rows, 1);
	type(&screen, " ");
	assert_true(screen.paused);
	assert_int_equal(type(&screen, "]"), SCREEN_STEP);
	assert_false(screen.paused);
	look_at(&screen, rows, 2, 1);
	assert_true(screen.paused);
	assert_string_equal(pids(&screen), "[100] 101 ");
	assert_int_equal(type(&screen, "["), SCREEN_DRAW);
	assert_int_equal(type(&screen, "]"), SCREEN_DRAW);
	row_init(&end, ROW_END);
	assert_int_equal(screen_record(&screen, &end), 0);
	assert_int_equal(type(&screen, "]"), SCREEN_DRAW);
	assert_non_null(strstr(draw(&screen, 80, 24), "  end of the recording"));
	screen_free(&screen);
}

static void memory_is_bounded(void **state)
{
	static struct row rows[900];
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_READERS);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		rows[i] = sample_reader();
	for (uint64_t i = 0; i < 100; i++)
		look_at(&screen, rows, COUNT_OF(rows), i);
	assert_true(screen.history.bytes <= HISTORY_BYTES);
	assert_in_range(screen.history.count, 5, 50);
	for (uint64_t i = 0; i < 2 * HISTORY_LOOKS; i++)
		look_at(&screen, rows, 1, 1000 + i);
	assert_int_equal(screen.history.count, HISTORY_LOOKS);
	/* A look that is shown and falls out gives way to the oldest there is. */
	for (int i = 0; i < HISTORY_LOOKS; i++)
		type(&screen, "{");
	look_at(&screen, rows, 1, 5000);
	assert_non_null(strstr(draw(&screen, 80, 24), "paused"));
	screen_free(&screen);
}

/* ---- Threads ---- */

static void threads_are_of_the_selected_process(void **state)
{
	struct row rows[5];
	struct screen screen;
	struct wants wants;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	assert_int_equal(type(&screen, "6"), SCREEN_NEXT_LOOK);
	look(&screen, NULL, 0);
	assert_non_null(strstr(draw(&screen, 80, 24), "select a row on another page first"));
	type(&screen, "1");
	fill_readers(rows, 3);
	look(&screen, rows, 3);
	screen_key(&screen, SCREEN_DOWN);
	screen_wants(&screen, &wants);
	assert_int_equal(wants.threads_of, 0);
	assert_int_equal(type(&screen, "6"), SCREEN_NEXT_LOOK);
	screen_wants(&screen, &wants);
	assert_int_equal(wants.threads_of, 101);
	assert_non_null(strstr(draw(&screen, 80, 24), "this look has no threads of process 101\n"));
	for (int i = 3; i < 5; i++) {
		row_init(&rows[i], ROW_THREAD);
		rows[i].pid = i == 3 ? 101 : 999;
		rows[i].tid = rows[i].pid;
		rows[i].comm = "nginx";
		rows[i].thread.state = "sleeping";
	}
	look(&screen, rows, 5);
	assert_non_null(strstr(draw(&screen, 80, 24), "nginx/101  sleeping>\n"));
	assert_null(strstr(draw(&screen, 80, 24), "999"));
	/* Where it is matters more than how much of its stack it uses. */
	rows[3].thread.now_s = 60;
	rows[3].thread.syscall = "recvfrom";
	rows[3].thread.now_in = "recvfrom 10.77.0.1:51277 -> 10.77.0.2:6379";
	rows[3].thread.stack_used = 4184;
	rows[3].thread.cpu_s = 1.5;
	look(&screen, rows, 5);
	assert_non_null(strstr(draw(&screen, 80, 24), " 1m00s  recvfrom 10.77.0.1:51277 -> 10.77.0.2:6379"));
	/* On other pages they are not asked for. */
	type(&screen, "1");
	screen_wants(&screen, &wants);
	assert_int_equal(wants.threads_of, 0);
	screen_free(&screen);
}

/* ---- Evidence ---- */

static void evidence_counts_down(void **state)
{
	struct row row = sample_handshake();
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_HANDSHAKES);
	look(&screen, &row, 1);
	assert_int_equal(screen_key(&screen, SCREEN_ENTER), SCREEN_NEXT_LOOK);
	assert_true(screen_is_ticking(&screen));
	assert_string_equal(
		draw_after(&screen, 80, 10, 2000000000),
		"sockstall  2026-11-23T02:34:31Z  every 1.0s\n"
		"1 stuck: 1 handshake\n"
		"1 handshakes (1)  2 threads\n"
		"handshake  peer_silent  nginx/80  [2001:db8::1]:80  [2001:db8:1234:5678:9abc:de\xe2\x80\xa6\n"
		"  3 SYN-ACKs were sent and no ACK came\n"
		"\n"
		"timers\n"
		"  age_s                  4m07s           How long ago the wait began\n"
		"  gives_up_s             6.3s            When the kernel itself will drop it; n\xe2\x80\xa6\n"
		"Esc back   up, down scroll   e end it   [ ] time   space pause   ? help   q quit\n");
	assert_non_null(strstr(draw_after(&screen, 80, 24, 60000000000), "gives_up_s             0us"));
	assert_int_equal(screen_key(&screen, SCREEN_ESCAPE), SCREEN_DRAW);
	assert_non_null(strstr(draw(&screen, 80, 24), "Enter evidence"));
	screen_free(&screen);
}

/* Each alone on its line, from its first column on, whatever else is there. */
static void commands_can_be_copied(void **state)
{
	struct row row = sample_reader();
	struct screen screen;
	const char *text;

	(void)state;
	open_screen(&screen, COMMAND_READERS);
	row.commands = "sockstall threads -p 7\nkill -CONT 7";
	look(&screen, &row, 1);
	screen_key(&screen, SCREEN_ENTER);
	text = draw(&screen, 80, 100);
	assert_non_null(strstr(text, "\n\ncommands: to be copied\nsockstall threads -p 7\nkill -CONT 7\n\n"));
	/* What has no value is there by its name. */
	assert_non_null(strstr(text, " cause_id, count, pids, oldest_s, youngest_s, "));
	row.commands = NULL;
	look(&screen, &row, 1);
	text = draw(&screen, 80, 100);
	assert_null(strstr(text, "to be copied"));
	assert_non_null(strstr(text, " commands, cause_id, "));
	screen_free(&screen);
}

/* A long value has its description on the line below, where all descriptions are. */
static void descriptions_stand_below_each_other(void **state)
{
	struct row row = sample_reader();
	struct screen screen;
	const char *text;

	(void)state;
	open_screen(&screen, COMMAND_READERS);
	row.cgroup = "/system.slice/a-service-with-a-long-name.service";
	look(&screen, &row, 1);
	screen_key(&screen, SCREEN_ENTER);
	text = draw(&screen, 80, 100);
	assert_non_null(strstr(text, "\n  cgroup                 /system.slice/a-service-with-a-long-name.service\n"
				     "                                         "));
	assert_non_null(strstr(text, "\n  local_port             443             "));
	screen_free(&screen);
}

/* A row and a thread of another host, whose numbers are the same. */
static void evidence_is_of_its_own_host(void **state)
{
	for (unsigned int host = 0; host < 2; host++) {
		struct row rows[] = {sample_reader(), sample_reader()};
		struct screen screen;
		const char *text;

		(void)state;
		open_screen(&screen, COMMAND_OVERVIEW);
		row_init(&rows[1], ROW_THREAD);
		rows[1].pid = rows[0].pid;
		rows[1].tid = rows[0].tid;
		rows[1].host_at = host;
		rows[1].thread.kernel_stack = "sk_wait_data < tcp_recvmsg";
		look(&screen, rows, COUNT_OF(rows));
		screen_key(&screen, SCREEN_ENTER);
		text = draw(&screen, 100, 200);
		assert_true(!host == !!strstr(text, "tcp_recvmsg"));
		screen_free(&screen);
	}
}

static void evidence_has_every_field(void **state)
{
	struct row rows[] = {sample_reader(), sample_loop(), sample_reader()};
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	row_init(&rows[2], ROW_THREAD);
	rows[2].pid = rows[0].pid;
	rows[2].tid = rows[0].tid;
	rows[2].thread.syscall = "read";
	rows[2].thread.kernel_stack = "sk_wait_data < tcp_recvmsg";
	rows[0].user_stack = "recv /lib/libc.so.6+0x12\nfetch /srv/app+0x3 (app.c:7)";
	rows[1].severity = 1;
	look(&screen, rows, COUNT_OF(rows));
	for (int at = 0; at < 2; at++) {
		const char *text;

		screen_key(&screen, SCREEN_ENTER);
		text = draw(&screen, 100, 200);
		for (size_t i = 0; i < column_count; i++) {
			const struct column *column = &columns[i];

			if (column->types & ROW_BIT(rows[at].type) && column_known(column, &rows[at]) &&
			    column->shape != SHAPE_SENTENCE && column->kind != COLUMN_VERSION &&
			    !strstr(text, column->key))
				fail_msg("no %s in:\n%s", column->key, text);
		}
		assert_true((at == 0) == !!strstr(text, "\nkernel_stack of its thread: innermost first\n"
							"  sk_wait_data\n  tcp_recvmsg\n"));
		assert_true((at == 0) == !!strstr(text, "\nuser_stack: innermost first\n  recv /lib/libc.so.6+0x12\n"
							"  fetch /srv/app+0x3 (app.c:7)\n"));
		assert_true((at == 1) == !!strstr(text, "  below 33us        1000 "));
		screen_key(&screen, SCREEN_ESCAPE);
		screen_key(&screen, SCREEN_DOWN);
	}
	screen_free(&screen);
}

/* It stays when its row has gone, and says so. */
static void evidence_outlives_its_row(void **state)
{
	struct row row = sample_reader();
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_READERS);
	look(&screen, &row, 1);
	screen_key(&screen, SCREEN_ENTER);
	look_at(&screen, NULL, 0, 5);
	assert_non_null(strstr(draw_after(&screen, 80, 24, 3000000000),
			       "over, or normal again: last seen 2026-11-23T02:34:31Z\n"));
	assert_non_null(strstr(draw_after(&screen, 80, 24, 3000000000), "  age_s                  31.2s"));
	screen_free(&screen);
}

static void help_is_there_and_goes(void **state)
{
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	type(&screen, "?");
	assert_non_null(strstr(draw(&screen, 80, 24), "any key: back\n"));
	assert_null(strstr(draw(&screen, 80, 24), "\xe2\x80\xa6"));
	/* On a small terminal too: what the keys do, and how to get back. */
	assert_non_null(strstr(draw(&screen, 70, 18), "\n  q                       quit (Ctrl-C); "));
	assert_non_null(strstr(draw(&screen, 70, 18), "\nany key: back\n"));
	assert_null(strstr(draw(&screen, 70, 18), "\xe2\x80\xa6"));
	assert_non_null(strstr(draw(&screen, 70, 3), "\n\nany key: back\n"));
	assert_string_equal(draw(&screen, 70, 1), "any key: back\n");
	assert_int_equal(type(&screen, "q"), SCREEN_DRAW);
	assert_null(strstr(draw(&screen, 80, 24), "any key: back\n"));
	assert_int_equal(type(&screen, "q"), SCREEN_QUIT);
	screen_free(&screen);
}

/* ---- Ending ---- */

static void show_plan(struct screen *screen, const char *result, const char *error, bool performed)
{
	struct row record;

	row_init(&record, ROW_ACTION);
	record.action.how = "destroy";
	record.action.what = "the connection a -> b";
	record.action.follows = "the reader gets ECONNABORTED";
	record.action.result = result;
	record.action.error = error;
	assert_int_equal(screen_show_action(screen, &record, performed), 0);
}

static void nothing_is_ended_without_yes(void **state)
{
	static const uint32_t others[] = {'q', 'n', 'Y', SCREEN_ENTER, SCREEN_ESCAPE, ' ', 'e', '1', SCREEN_DOWN};
	struct row rows[2];
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_OVERVIEW);
	assert_int_equal(type(&screen, "e"), SCREEN_NOTHING);
	fill_readers(rows, 2);
	look(&screen, rows, 2);
	screen_key(&screen, SCREEN_DOWN);
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		assert_int_equal(type(&screen, "e"), SCREEN_PLAN);
		assert_int_equal(screen_target(&screen)->pid, 101);
		assert_int_equal(type(&screen, "y"), SCREEN_NOTHING); /* there is no plan yet */
		show_plan(&screen, "planned", NULL, false);
		assert_non_null(strstr(draw(&screen, 80, 24), "nothing is done yet: destroy\n"
							      "  what: the connection a -> b\n"
							      "  follows: the reader gets ECONNABORTED\n\n"
							      "y: do it   d destroy"));
		/* On a small screen the question is there, whatever is not. */
		assert_non_null(strstr(draw(&screen, 80, 5), "\ny: do it   d destroy"));
		assert_int_equal(screen_key(&screen, others[i]), SCREEN_NEXT_LOOK);
		assert_int_equal(screen.mode, MODE_LIST);
	}
	screen_free(&screen);
}

static void what_was_done_is_told_once(void **state)
{
	struct row row = sample_reader();
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_READERS);
	look(&screen, &row, 1);
	screen_key(&screen, SCREEN_ENTER);
	assert_int_equal(type(&screen, "e"), SCREEN_PLAN);
	show_plan(&screen, "planned", NULL, false);
	assert_int_equal(type(&screen, "s"), SCREEN_PLAN);
	assert_int_equal(screen.action.how, 's');
	assert_non_null(screen_target(&screen));
	show_plan(&screen, "planned", NULL, false);
	assert_int_equal(type(&screen, "y"), SCREEN_PERFORM);
	show_plan(&screen, "done", NULL, true);
	assert_non_null(strstr(draw(&screen, 80, 24), "\ndone: destroy\n"));
	assert_non_null(strstr(draw(&screen, 80, 24), "\nany key: back\n"));
	assert_int_equal(type(&screen, "y"), SCREEN_NEXT_LOOK);
	assert_int_equal(screen.mode, MODE_EVIDENCE);
	/* Without a plan nothing can be done. */
	type(&screen, "e");
	show_plan(&screen, "failed", "no such\x1b[2J process", false);
	assert_non_null(strstr(draw(&screen, 80, 24), "\nit cannot be ended: destroy\n"));
	assert_non_null(strstr(draw(&screen, 80, 24), "error: no such\\x1b[2J process\n"));
	assert_int_equal(type(&screen, "y"), SCREEN_NEXT_LOOK);
	screen_free(&screen);
}

/* It says why, and offers a way only where there may be one. */
static void what_cannot_be_ended_offers_nothing(void **state)
{
	struct row row = sample_reader(), none;
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_READERS);
	look(&screen, &row, 1);
	type(&screen, "e");
	row_init(&none, ROW_ACTION);
	none.action.result = "failed";
	none.action.error = "it waits on no connection that can be ended";
	assert_int_equal(screen_show_action(&screen, &none, false), 0);
	assert_non_null(strstr(draw(&screen, 80, 24), "\nit cannot be ended\n  error: it waits on no connection"));
	assert_non_null(strstr(draw(&screen, 80, 24), "\nany key: back\n"));
	assert_null(strstr(draw(&screen, 80, 24), "destroy"));
	assert_int_equal(type(&screen, "d"), SCREEN_NEXT_LOOK);
	assert_int_equal(screen.mode, MODE_LIST);
	type(&screen, "e");
	show_plan(&screen, "failed",
		  "SOCK_DESTROY ends TCP connections only; --how shutdown ends a read of a unix socket", false);
	assert_non_null(
		strstr(draw(&screen, 80, 24), "\nd destroy  s shutdown  k keepalive  p probe   other keys: back\n"));
	assert_int_equal(type(&screen, "s"), SCREEN_PLAN);
	screen_free(&screen);
}

static void who_would_cut_himself_off_is_asked_otherwise(void **state)
{
	struct row row = sample_reader(), record;
	struct screen screen;

	(void)state;
	open_screen(&screen, COMMAND_READERS);
	look(&screen, &row, 1);
	row_init(&record, ROW_ACTION);
	record.action.how = "destroy";
	record.action.result = "planned";
	record.action.warning = "your session ends with it";
	for (int round = 0; round < 2; round++) {
		assert_int_equal(type(&screen, "e"), SCREEN_PLAN);
		assert_int_equal(screen_show_action(&screen, &record, false), 0);
		assert_non_null(strstr(draw(&screen, 80, 24), "\n  warning: your session ends with it\n"));
		assert_non_null(strstr(draw(&screen, 80, 24), "\nY: do it anyway"));
		assert_int_equal(type(&screen, round ? "Y" : "y"), round ? SCREEN_PERFORM : SCREEN_NEXT_LOOK);
	}
	screen_free(&screen);
}

static void a_recording_has_nothing_to_end(void **state)
{
	const struct options options = {.scope.command = COMMAND_READERS, .replay_file = "x"};
	struct row row = sample_reader();
	struct screen screen;

	(void)state;
	assert_int_equal(screen_init(&screen, &options), 0);
	look(&screen, &row, 1);
	assert_int_equal(type(&screen, "e"), SCREEN_NOTHING);
	screen_free(&screen);
}

static void a_command_begins_with_its_own_page(void **state)
{
	static const struct {
		enum command command;
		const char *page;
	} expected[] = {
		{COMMAND_OVERVIEW, "overview"}, {COMMAND_HANDSHAKES, "handshakes"}, {COMMAND_READERS, "readers"},
		{COMMAND_EPOLL, "loops"},	{COMMAND_THREADS, "threads"},	    {COMMAND_WRITERS, "writers"},
		{COMMAND_CLOSING, "closing"},	{COMMAND_CHAINS, "chains"},	    {COMMAND_SERVICES, "services"},
		{COMMAND_LOCKS, "locks"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		struct screen screen;

		open_screen(&screen, expected[i].command);
		assert_string_equal(screen_pages[screen.page].name, expected[i].page);
		assert_non_null(strstr(draw(&screen, 80, 24), expected[i].page));
		screen_free(&screen);
	}
}

/* Each kind of finding can be seen on the first page of the overview, and on one of its own. */
static void every_finding_has_a_page(void **state)
{
	(void)state;
	for (enum row_type type = 0; type < ROW_TYPES; type++) {
		bool found = false;

		for (size_t i = 1; i < screen_page_count; i++)
			found |= screen_pages[i].types & ROW_BIT(type) &&
				 screen_pages[i].commands & 1u << COMMAND_OVERVIEW;
		found = found && screen_pages[0].types & ROW_BIT(type);
		if (row_is_finding(type) && !found)
			fail_msg("no page shows a %s", row_type_names[type]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eighty_columns_are_readable),
		cmocka_unit_test(one_column_may_have_the_addresses_of_both_ends),
		cmocka_unit_test(pages_keep_the_names_that_tell),
		cmocka_unit_test(the_selected_row_is_explained),
		cmocka_unit_test(a_small_screen_shows_rows_first),
		cmocka_unit_test(loops_are_sorted_by_severity_and_lag),
		cmocka_unit_test(a_spinning_loop_stands_above_healthy_ones),
		cmocka_unit_test(a_thread_has_a_column),
		cmocka_unit_test(it_tells_what_was_stretched_and_lost),
		cmocka_unit_test(what_is_lost_is_of_its_look),
		cmocka_unit_test(it_tells_what_is_put_off),
		cmocka_unit_test(before_the_first_look),
		cmocka_unit_test(what_is_normal_is_shown_when_asked_for),
		cmocka_unit_test(chains_are_asked_for),
		cmocka_unit_test(any_size_will_do),
		cmocka_unit_test(a_crowd_is_counted),
		cmocka_unit_test(rows_are_its_own),
		cmocka_unit_test(the_selection_follows_its_row),
		cmocka_unit_test(columns_can_be_sorted_by),
		cmocka_unit_test(it_sorts_by_texts_that_are_not_known),
		cmocka_unit_test(what_is_alike_is_one_row_that_enter_opens),
		cmocka_unit_test(a_member_has_its_evidence),
		cmocka_unit_test(what_is_folded_is_not_ended),
		cmocka_unit_test(a_group_stays_open_and_selected),
		cmocka_unit_test(the_filter_comes_before_folding),
		cmocka_unit_test(with_all_nothing_is_folded),
		cmocka_unit_test(many_groups_may_be_open),
		cmocka_unit_test(rows_can_be_filtered),
		cmocka_unit_test(counts_follow_the_filter),
		cmocka_unit_test(rows_can_be_searched),
		cmocka_unit_test(causes_come_first_with_what_hangs_on_them),
		cmocka_unit_test(what_is_told_goes_with_the_next_key),
		cmocka_unit_test(many_stand_above_one),
		cmocka_unit_test(enter_goes_on_to_the_cause),
		cmocka_unit_test(a_cause_takes_three_lines),
		cmocka_unit_test(causes_can_be_gone_through),
		cmocka_unit_test(causes_have_an_age),
		cmocka_unit_test(keys_lead_to_threads_and_chains),
		cmocka_unit_test(the_time_is_local_on_request),
		cmocka_unit_test(looks_can_be_gone_back_to),
		cmocka_unit_test(it_can_be_paused),
		cmocka_unit_test(a_recording_is_stepped_through),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(threads_are_of_the_selected_process),
		cmocka_unit_test(evidence_counts_down),
		cmocka_unit_test(commands_can_be_copied),
		cmocka_unit_test(descriptions_stand_below_each_other),
		cmocka_unit_test(evidence_is_of_its_own_host),
		cmocka_unit_test(evidence_has_every_field),
		cmocka_unit_test(evidence_outlives_its_row),
		cmocka_unit_test(help_is_there_and_goes),
		cmocka_unit_test(nothing_is_ended_without_yes),
		cmocka_unit_test(what_was_done_is_told_once),
		cmocka_unit_test(what_cannot_be_ended_offers_nothing),
		cmocka_unit_test(who_would_cut_himself_off_is_asked_otherwise),
		cmocka_unit_test(a_recording_has_nothing_to_end),
		cmocka_unit_test(a_command_begins_with_its_own_page),
		cmocka_unit_test(every_finding_has_a_page),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
