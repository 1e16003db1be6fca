/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <locale.h>
#include <string.h>

#include "output/thread_groups.h"
#include "rows/fold.h"
#include "sample.h"

#define STACK "recv /lib/libc.so.6+0x12\nread_reply /srv/app+0x34\nmain /srv/app+0x56"
#define MOST  64

static struct row rows[MOST];
static size_t row_count;

static struct row *add(int64_t tid, const char *stack, const char *code, double now_s)
{
	struct row *row = &rows[row_count++];

	row_init(row, ROW_THREAD);
	row->pid = 40;
	row->tid = tid;
	row->comm = row->process_comm = "app";
	row->user_stack = stack;
	row->code = code;
	row->thread.state = "sleeping";
	row->thread.syscall = "recvfrom";
	row->thread.now_in = "recvfrom unix socket";
	row->thread.now_s = now_s;
	return row;
}

static int begin(void **state)
{
	(void)state;
	row_count = 0;
	setlocale(LC_ALL, "C");
	return 0;
}

/* What is shown of the rows, a line each. */
static void assert_shown(size_t width, bool stacks, const char *expected)
{
	const struct fold_how how = {0};
	const struct row *items[MOST];
	struct folded folded;
	struct lines lines = {0};
	char shown[4096] = "";

	for (size_t i = 0; i < row_count; i++)
		items[i] = &rows[i];
	assert_int_equal(fold_rows(&folded, items, row_count, &how), 0);
	fold_largest_first(&folded);
	for (size_t i = 0; i < folded.count; i++)
		items[i] = &folded.rows[i];
	assert_int_equal(thread_groups_add(&lines, items, folded.count, width, stacks), 0);
	for (size_t i = 0; i < lines_count(&lines); i++) {
		strcat(shown, lines_text(&lines, lines_at(&lines, i)));
		strcat(shown, "\n");
	}
	assert_string_equal(shown, expected);
	lines_free(&lines);
	folded_free(&folded);
}

static void the_largest_group_is_first(void **state)
{
	(void)state;
	add(40, "pause /lib/libc.so.6+0x1\nmain /srv/app+0x9", "main", 3);
	add(41, STACK, "read_reply (app.c:7)", 1.5);
	add(42, STACK, "read_reply (app.c:7)", 2.5)->thread.now_in = "recvfrom 10.0.0.1:5 -> 10.0.0.2:6";
	add(43, NULL, NULL, 0)->thread.state = "running";
	rows[3].thread.now_in = rows[3].thread.syscall = NULL;
	assert_shown(200, false,
		     "4 threads in 3 groups (-v shows each)\n"
		     "2 threads: recv ... read_reply (app.c:7)\n"
		     "    app/40, sleeping for 1.5s to 2.5s: recvfrom\n"
		     "    threads 41, 42\n"
		     "1 thread: pause ... main\n"
		     "    app/40, sleeping for 3.0s: recvfrom unix socket\n"
		     "    thread 40\n"
		     "1 thread: running\n"
		     "    app/40, running for 0us\n"
		     "    thread 43\n");
}

/* Not those of another process, or in another state; and nobody whose stack is not known. */
static void only_equal_stacks(void **state)
{
	(void)state;
	add(41, STACK, "read_reply", 1);
	add(42, STACK, "read_reply", 1)->pid = 50;
	add(43, STACK, "read_reply", 1)->thread.state = "stopped";
	add(44, NULL, NULL, 1);
	add(45, NULL, NULL, 1);
	add(46, "recv /lib/libc.so.6+0x12\nread_reply /srv/app+0x38", "read_reply", 1);
	for (size_t i = 0; i < row_count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct row *pair[] = {&rows[i], &rows[j]};
			const struct fold_how how = {0};
			struct folded folded;

			assert_int_equal(fold_rows(&folded, pair, 2, &how), 0);
			assert_int_equal(folded.count, 2);
			folded_free(&folded);
		}
}

static void all_are_listed_up_to_a_dozen(void **state)
{
	(void)state;
	for (int64_t tid = 100; tid < 115; tid++) {
		struct row *row = add(tid, "/srv/lib/app+0x12\n/srv/lib/app+0x34", "app+0x12", 1);

		row->comm = tid % 2 ? "odd" : "even";
	}
	assert_shown(200, true,
		     "15 threads in 1 group (-v shows each)\n"
		     "15 threads: app+0x12\n"
		     "    app/40, sleeping for 1.0s: recvfrom unix socket\n"
		     "    threads 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111 and 3 more\n"
		     "        /srv/lib/app+0x12\n"
		     "        /srv/lib/app+0x34\n");
}

static void the_code_is_not_said_twice(void **state)
{
	(void)state;
	add(41, "Store.fetch (app.py:6)\n<module> (app.py:9)", "Store.fetch (app.py:6)", 1)->comm = "worker";
	assert_shown(200, false,
		     "1 thread\n"
		     "1 thread: Store.fetch (app.py:6)\n"
		     "    app/40 (worker), sleeping for 1.0s: recvfrom unix socket\n"
		     "    thread 41\n");
}

static void text_of_others_stays_text(void **state)
{
	(void)state;
	add(41, HOSTILE " /x+0x1", HOSTILE, 1)->comm = HOSTILE;
	assert_shown(20, false,
		     "1 thread\n"
		     "1 thread: a\\x1b[2J\"~\n"
		     "    app/40\n"
		     "        (a\\x1b[2J\"\\x\n"
		     "        ff\\x0a),\n"
		     "        sleeping for\n"
		     "        1.0s:\n"
		     "        recvfrom\n"
		     "        unix socket\n"
		     "    thread 41\n");
}

static void without_stacks_there_are_no_groups(void **state)
{
	const struct row *one = &rows[0];

	(void)state;
	add(41, NULL, NULL, 1);
	assert_false(thread_groups_are_known(&one, 1));
	rows[0].user_stack = STACK;
	assert_true(thread_groups_are_known(&one, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_largest_group_is_first, begin),
		cmocka_unit_test_setup(only_equal_stacks, begin),
		cmocka_unit_test_setup(all_are_listed_up_to_a_dozen, begin),
		cmocka_unit_test_setup(the_code_is_not_said_twice, begin),
		cmocka_unit_test_setup(text_of_others_stays_text, begin),
		cmocka_unit_test_setup(without_stacks_there_are_no_groups, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
