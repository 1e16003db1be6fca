/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "base/out.h"
#include "output/table.h"
#include "rows/fold.h"
#include "sample.h"

static const struct options once = {.pace.once = true};
/* The overview has causes in front of tables. */
static const struct options tables = {.pace.once = true, .scope.command = COMMAND_HANDSHAKES};

static int clean_environment(void **state)
{
	(void)state;
	unsetenv("COLUMNS");
	unsetenv("NO_COLOR");
	return 0;
}

static struct row sample_listener(void)
{
	struct row row;

	row_init(&row, ROW_LISTENER);
	row.time_ns = SAMPLE_TIME;
	row.event = STALL_OPEN;
	row.verdict = "accept_queue_full";
	row.stuck = true;
	row.severity = 6;
	row.age_s = 2;
	row.pid = row.tid = 80;
	row.comm = "nginx";
	row.local_addr = "::";
	row.local_port = 80;
	row.listener.accept_queue = 6;
	row.listener.accept_queue_max = 5;
	row.listener.drops_per_s = 12.345;
	return row;
}

static void a_pipe_gets_everything_on_one_line(void **state)
{
	struct row rows[] = {sample_handshake(), sample_listener(), sample_handshake(), sample_reader()};

	(void)state;
	rows[2].severity = 7;
	rows[2].why = "a full queue";
	rows[2].advice = "call accept";
	rows[2].container = "0123456789abcdef0123456789abcdef";
	assert_look(&emit_table, &tables, rows, COUNT_OF(rows),
		    "2 handshakes\n"
		    "  AGE  VERDICT      PROCESS   FD  CONTAINER ID                      LOCAL             PEER        "
		    "                                    SIDE    STAGE     RETRANS  GIVES UP  WHY                      "
		    "             ADVICE\n"
		    "4m05s  peer_silent  nginx/80   6  0123456789abcdef0123456789abcdef  [2001:db8::1]:80  "
		    "[2001:db8:1234:5678:9abc:def0:1234:5678]:54321  server  SYN_RECV      3/5      8.3s  a full queue "
		    "                         call accept\n"
		    "4m05s  peer_silent  nginx/80   6  -                                 [2001:db8::1]:80  "
		    "[2001:db8:1234:5678:9abc:def0:1234:5678]:54321  server  SYN_RECV      3/5      8.3s  3 SYN-ACKs "
		    "were sent and no ACK came  -\n"
		    "\n"
		    "1 listener\n"
		    " AGE  VERDICT            PROCESS   LOCAL    ACCEPT-Q  DROPS/S\n"
		    "2.0s  accept_queue_full  nginx/80  [::]:80       6/5     12.3\n"
		    "\n"
		    "1 reader\n"
		    "  AGE  VERDICT    PROCESS    FD  NETNS       LOCAL         PEER           SYSCALL  KIND  ROLE     "
		    "SENT  BYTES OUT  KEEPALIVE  WHY                                                                 "
		    "ADVICE\n"
		    "31.2s  peer_dead  java/1234   7  4026531840  10.0.0.1:443  10.0.0.2:5000  read     tcp   client  "
		    "300ms        217  no         we sent 217 bytes 31.2 s ago and 5 retransmissions went unanswered  "
		    "set TCP_USER_TIMEOUT\n");
}

static void eighty_columns_put_sentences_below(void **state)
{
	struct row rows[] = {sample_reader(), sample_handshake()};

	(void)state;
	setenv("COLUMNS", "80", 1);
	rows[0].why = "we sent 217 bytes 31.2 s ago; the peer acknowledged all of it, but has not replied; no receive "
		      "timeout, no keepalive: this read can wait forever";
	rows[1].container = "0123456789abcdef0123456789abcdef";
	assert_look(&emit_table, &once, rows, COUNT_OF(rows),
		    "1 handshake\n"
		    "  AGE  VERDICT      PROCESS   FD  LOCAL             PEER                 RETRANS\n"
		    "4m05s  peer_silent  nginx/80   6  [2001:db8::1]:80  [2001:db8\xe2\x80\xa6"
		    "78]:54321      3/5\n"
		    "    3 SYN-ACKs were sent and no ACK came\n"
		    "\n"
		    "1 reader\n"
		    "  AGE  VERDICT    PROCESS    FD  LOCAL         PEER           KIND   SENT\n"
		    "31.2s  peer_dead  java/1234   7  10.0.0.1:443  10.0.0.2:5000  tcp   300ms\n"
		    "    we sent 217 bytes 31.2 s ago; the peer acknowledged all of it, but has not\n"
		    "    replied; no receive timeout, no keepalive: this read can wait forever\n"
		    "    set TCP_USER_TIMEOUT\n");
}

static void a_narrow_terminal_is_never_overrun(void **state)
{
	struct row rows[] = {sample_reader(), sample_handshake(), sample_listener()};
	const struct row *sorted[] = {&rows[0], &rows[1], &rows[2]};

	(void)state;
	rows[0].comm = "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2";
	rows[1].why = "averyveryverylongwordthatnothingbreaks" HOSTILE;
	for (size_t width = 1; width <= 250; width++) {
		struct lines lines = {0};

		assert_int_equal(table_add(&lines, sorted, COUNT_OF(sorted), width, DETAIL_ADVICE), 0);
		for (size_t i = 0; i < lines_count(&lines); i++) {
			const char *text = lines_text(&lines, lines_at(&lines, i));

			/* A wide character has no half. */
			assert_true(text_width(text) <= (width < 2 ? 2 : width));
		}
		lines_free(&lines);
	}
}

/* The first line of a table of this row at this width that has the text, or NULL. */
static const char *line_with(const struct row *row, size_t width, const char *text)
{
	static char found[512];
	struct lines lines = {0};

	*found = '\0';
	assert_int_equal(table_add(&lines, &row, 1, width, DETAIL_WHY), 0);
	for (size_t i = 0; i < lines_count(&lines) && !*found; i++) {
		if (strstr(lines_text(&lines, lines_at(&lines, i)), text))
			snprintf(found, sizeof(found), "%s", lines_text(&lines, lines_at(&lines, i)));
	}
	lines_free(&lines);
	return *found ? found : NULL;
}

/* The longest name that there is, with the largest pid: whole wherever they fit behind what comes before. */
static void a_process_is_whole(void **state)
{
	struct row row = sample_reader();

	(void)state;
	row.comm = "payment-service";
	row.pid = 4194303;
	row.tid = 4194304;
	row.netns_name = "customer-1";
	row.local_addr = row.peer_addr = "2001:db8:1234:5678:9abc:def0:1234:5678";
	for (size_t width = 41; width <= 250; width++)
		assert_non_null(line_with(&row, width, "  payment-service/4194303"));
	/* Where not even that has room the pid stays. */
	assert_non_null(line_with(&row, 40, "peer_dead  payment-servi\xe2\x80\xa6/4194303"));
	assert_non_null(line_with(&row, 28, "peer_dead  p\xe2\x80\xa6/4194303"));
	/* Escaped bytes may take four times the room: then the name is cut. */
	row.comm = HOSTILE HOSTILE "abc";
	assert_non_null(line_with(&row, 80, "\xe2\x80\xa6/4194303  "));
	assert_non_null(line_with(&row, WIDTH_UNLIMITED, "\\x0aabc/4194303  "));
}

/* Where it is matters more than all else that is known of a thread: rather than go it is cut. */
static void where_a_thread_is_stays(void **state)
{
	struct row row;

	(void)state;
	row_init(&row, ROW_THREAD);
	row.comm = "payment-service";
	row.pid = 20077;
	row.tid = 20118;
	row.thread.state = "sleeping";
	row.thread.now_s = 3;
	row.thread.syscall = "recvfrom";
	row.thread.now_in = "recvfrom 10.77.0.1:51277 -> 10.77.0.2:6379";
	row.thread.cpu_s = 1.5;
	assert_non_null(line_with(&row, 92, "20118  sleeping  3.0s  recvfrom 10.77.0.1:51277 -> 10.77.0.2:6379"));
	assert_non_null(line_with(&row, 80, "20118  sleeping  3.0s  recvfrom 10.77.0.1:51277 -> 10.77\xe2\x80\xa6"));
	assert_non_null(line_with(&row, 66, "20118  sleeping  3.0s  recvfrom 10.77.0.1:\xe2\x80\xa6"));
	assert_null(line_with(&row, 60, "recvfrom"));
}

/* The narrower, the fewer columns; the thread is the first to go. */
static void the_thread_is_left_out_first(void **state)
{
	static const char *const others[] = {"FD",   "NETNS", "LOCAL", "PEER",	   "SYSCALL",
					     "KIND", "ROLE",  "SENT",  "KEEPALIVE"};
	struct row row = sample_reader();
	size_t width = 250;

	(void)state;
	row.tid = 1240;
	row.why = row.advice = NULL;
	assert_non_null(line_with(&row, WIDTH_UNLIMITED, "  PROCESS     TID  FD  "));
	assert_non_null(line_with(&row, WIDTH_UNLIMITED, "  java/1234  1240   7  "));
	while (line_with(&row, width, "  TID  "))
		width--;
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_non_null(line_with(&row, width, others[i]));
	/* The first thread has its process's id. */
	row.tid = row.pid;
	assert_null(line_with(&row, WIDTH_UNLIMITED, "TID"));
	/* Threads are what that table is about. */
	row_init(&row, ROW_THREAD);
	row.pid = 5;
	row.tid = 6;
	row.thread.state = "sleeping";
	assert_non_null(line_with(&row, 20, "TID"));
}

static void worst_comes_first(void **state)
{
	struct row rows[5];
	const struct row *sorted[] = {&rows[0], &rows[1], &rows[2], &rows[3], &rows[4]};
	static const int expected[] = {3, 1, 0, 4, 2};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		row_init(&rows[i], ROW_READER);
		rows[i].severity = 3;
		rows[i].age_s = 10;
	}
	rows[1].age_s = 20;
	rows[2].age_s = (double)NAN;
	rows[3].severity = 4;
	rows[3].age_s = 1;
	rows_sort(sorted, COUNT_OF(sorted));
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_ptr_equal(sorted[i], &rows[expected[i]]);
}

static void nothing_is_one_line(void **state)
{
	struct options threads = {.pace.once = true, .scope.command = COMMAND_THREADS};
	struct options writers = {.pace.once = true, .scope.command = COMMAND_WRITERS};

	(void)state;
	assert_look(&emit_table, &once, NULL, 0, "nothing is stuck (looked at 3 network namespaces)\n");
	assert_look(&emit_table, &writers, NULL, 0, "no writer is stuck (looked at 3 network namespaces)\n");
	assert_look(&emit_table, &threads, NULL, 0, "no such thread\n");
}

static void a_hostile_name_is_shown_not_obeyed(void **state)
{
	struct row row;

	(void)state;
	row_init(&row, ROW_THREAD);
	row.pid = 5;
	row.tid = 6;
	row.comm = HOSTILE;
	row.thread.state = "S";
	row.thread.created_ns = SAMPLE_TIME;
	row.thread.now_s = 0.5;
	row.thread.switches = INT64_MAX;
	assert_look(&emit_table, &once, &row, 1,
		    "1 thread\n"
		    "PROCESS              TID  STATE    FOR  CREATED                                 SWITCHES\n"
		    "a\\x1b[2J\"\\xff\\x0a/5    6  S      500ms  2026-11-23T02:34:31.123456Z  9223372036854775807\n");
}

static void of_the_records_only_lost_is_shown(void **state)
{
	struct row row;

	(void)state;
	row_init(&row, ROW_START);
	assert_record(&emit_table, &once, &row, "");
	row_init(&row, ROW_LOST);
	row.lost.where = "sockets";
	row.lost.count = 7;
	assert_record(&emit_table, &once, &row, "lost: 7 sockets\n");
}

/* What a terminal of 200 columns receives. */
static void read_terminal(const struct options *options, char *text, size_t size)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct winsize window = {.ws_row = 24, .ws_col = 200};
	struct look_record head = {.namespaces = 1};
	struct look look = {.head = &head};
	struct row row = sample_listener();
	struct report report = {.rows = &row, .count = 1};
	void *state = NULL;
	FILE *terminal;
	ssize_t got;

	assert_true(master >= 0);
	assert_int_equal(grantpt(master) | unlockpt(master), 0);
	terminal = fopen(ptsname(master), "w");
	assert_non_null(terminal);
	assert_int_equal(ioctl(fileno(terminal), TIOCSWINSZ, &window), 0);
	assert_int_equal(emit_table.open(&state, options, terminal), 0);
	assert_int_equal(emit_table.look(state, &report, &look), 0);
	emit_table.close(state);
	fclose(terminal);
	while ((got = read(master, text, size - 1)) > 0) {
		text += got;
		size -= (size_t)got;
	}
	*text = '\0';
	close(master);
}

static void colour_is_for_terminals_that_want_it(void **state)
{
	static const struct options no_color = {
		.pace.once = true, .scope.command = COMMAND_HANDSHAKES, .sinks.no_color = true};
	char text[4096];

	(void)state;
	read_terminal(&tables, text, sizeof(text));
	assert_string_equal(text, "\x1b[1m1 listener\x1b[0m\r\n"
				  "\x1b[1m AGE  VERDICT            PROCESS   LOCAL    ACCEPT-Q  DROPS/S\x1b[0m\r\n"
				  "2.0s  \x1b[36maccept_queue_full\x1b[0m  nginx/80  [::]:80       6/5     12.3\r\n");
	read_terminal(&no_color, text, sizeof(text));
	assert_null(strchr(text, '\x1b'));
	setenv("NO_COLOR", "1", 1);
	read_terminal(&tables, text, sizeof(text));
	assert_null(strchr(text, '\x1b'));
	setenv("NO_COLOR", "", 1);
	read_terminal(&tables, text, sizeof(text));
	assert_non_null(strchr(text, '\x1b'));
}

/* Three by severity, and one for commands. */
static void colours_tell_how_bad_it_is(void **state)
{
	struct row rows[] = {sample_listener(), sample_listener(), sample_listener()};
	const struct row *all[] = {&rows[0], &rows[1], &rows[2]};
	static const enum line_ink inks[] = {INK_BAD, INK_WAITS, INK_SUSPECT};
	struct lines lines = {0};

	(void)state;
	rows[0].severity = 66;
	rows[1].severity = 46;
	rows[2].severity = 21;
	rows[1].why = NULL;
	rows[1].advice = "see it: kill -CONT 7; or wait";
	rows[1].commands = "kill -CONT 7";
	assert_int_equal(table_add(&lines, all, 3, 60, DETAIL_ADVICE), 0);
	assert_string_equal(lines_text(&lines, lines_at(&lines, 3)), "    see it:");
	assert_string_equal(lines_text(&lines, lines_at(&lines, 4)), "    kill -CONT 7");
	assert_int_equal(lines_at(&lines, 4)->ink, INK_COMMAND);
	assert_int_equal(lines_at(&lines, 4)->mark_from, 4);
	assert_int_equal(lines_at(&lines, 4)->mark_to, 16);
	assert_int_equal(lines_at(&lines, 3)->mark_to, 0);
	for (size_t i = 0; i < COUNT_OF(inks); i++)
		assert_int_equal(lines_at(&lines, i + 1 + (i == 2) * 3)->ink, inks[i]);
	lines_free(&lines);
}

static void causes_come_first(void **state)
{
	struct row rows[] = {sample_handshake(), sample_listener(), sample_reader()};
	static const struct options all = {.pace.once = true, .sinks.no_fold = true};

	(void)state;
	rows[1].id = "listener-1";
	rows[1].why =
		"the accept queue is full (6, limit 5): nginx (pid 80) does not empty it; the oldest has waited for 2 s";
	rows[1].advice = "see what the process is doing instead: sockstall threads -p 80";
	rows[0].cause_id = "listener-1";
	rows[0].id = "handshake-1";
	rows[2].why = rows[2].advice = NULL;
	setenv("COLUMNS", "60", 1);
	assert_look(&emit_table, &once, rows, COUNT_OF(rows),
		    "1 cause, and 1 stall hangs on it; 1 stall hangs on no known cause\n"
		    "\n"
		    "accept_queue_full  nginx/80  [::]:80: 6 wait, the oldest for 4m05s\n"
		    "  the accept queue is full (6, limit 5): nginx (pid 80) does\n"
		    "  not empty it\n"
		    "  see what the process is doing instead:\n"
		    "  sockstall threads -p 80\n"
		    "    1 handshake of nginx/80: peer_silent for 4m05s\n"
		    "\n"
		    "1 reader\n"
		    "  AGE  VERDICT    PROCESS    FD  LOCAL         PEER\n"
		    "31.2s  peer_dead  java/1234   7  10.0.0.1:443  10.0.0.2:5000\n");
	rows[0].why = rows[0].advice = rows[1].why = rows[1].advice = NULL;
	setenv("COLUMNS", "80", 1);
	assert_look(&emit_table, &all, rows, 2,
		    "1 cause, and 1 stall hangs on it\n"
		    "\n"
		    "accept_queue_full  nginx/80  [::]:80: 6 wait, the oldest for 4m05s\n"
		    "    1 handshake of nginx/80: peer_silent for 4m05s\n"
		    "\n"
		    "1 handshake\n"
		    "  AGE  VERDICT      PROCESS   FD  LOCAL             PEER                 RETRANS\n"
		    "4m05s  peer_silent  nginx/80   6  [2001:db8::1]:80  [2001:db8\xe2\x80\xa6"
		    "78]:54321      3/5\n"
		    "\n"
		    "1 listener\n"
		    " AGE  VERDICT            PROCESS   LOCAL    ACCEPT-Q  DROPS/S\n"
		    "2.0s  accept_queue_full  nginx/80  [::]:80       6/5     12.3\n");
}

/* A row counts as many as it stands for; where there is no room, the name gives way, not how many there are. */
static void a_row_may_stand_for_several(void **state)
{
	struct row rows[] = {sample_reader(), sample_reader(), sample_reader()};
	const struct row *alike[] = {&rows[0], &rows[1], &rows[2]};
	const struct fold_how how = {0};
	struct folded folded;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		rows[i].comm = "a-long-name-of1";
		rows[i].pid = 1000 + (int64_t)i / 2;
		rows[i].why = rows[i].advice = NULL;
	}
	assert_int_equal(fold_rows(&folded, alike, COUNT_OF(alike), &how), 0);
	setenv("COLUMNS", "56", 1);
	assert_look(&emit_table, &once, folded.rows, folded.count,
		    "3 readers in 1 row (--no-fold shows each)\n"
		    "  AGE  VERDICT    PROCESS                  PEER\n"
		    "31.2s  peer_dead  a-long-nam\xe2\x80\xa6 \xc3\x97"
		    "3 (2 pids)  10.0.0.2:5000\n");
	folded_free(&folded);
	unsetenv("COLUMNS");
}

static void a_full_disk_is_told(void **state)
{
	(void)state;
	assert_full_disk(&emit_table, &once);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_pipe_gets_everything_on_one_line, clean_environment),
		cmocka_unit_test_setup(eighty_columns_put_sentences_below, clean_environment),
		cmocka_unit_test(a_narrow_terminal_is_never_overrun),
		cmocka_unit_test(a_process_is_whole),
		cmocka_unit_test(where_a_thread_is_stays),
		cmocka_unit_test(the_thread_is_left_out_first),
		cmocka_unit_test(worst_comes_first),
		cmocka_unit_test_setup(nothing_is_one_line, clean_environment),
		cmocka_unit_test_setup(a_hostile_name_is_shown_not_obeyed, clean_environment),
		cmocka_unit_test_setup(of_the_records_only_lost_is_shown, clean_environment),
		cmocka_unit_test_setup(colour_is_for_terminals_that_want_it, clean_environment),
		cmocka_unit_test(colours_tell_how_bad_it_is),
		cmocka_unit_test_setup(causes_come_first, clean_environment),
		cmocka_unit_test_setup(a_row_may_stand_for_several, clean_environment),
		cmocka_unit_test_setup(a_full_disk_is_told, clean_environment),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
