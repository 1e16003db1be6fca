/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What `sockstall check` found, as text and as records. */
#include <errno.h>
#include <jansson.h>

#include "base/out.h"
#include "output/check.h"
#include "sample.h"

static const char *const names[] = {"thread_scan", "socket_scan", "epoll_enter_wait"};

static struct check_list list;

static int make(void **state)
{
	struct check_item *item;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		check_list_add(&list, CHECK_PROBE, names[i], "what it brings")->verified = (int64_t)i * 100;
	item = check_list_add(&list, CHECK_RIGHT, "looks", "bpf sys_ptrace");
	item->shown = "17";
	item->syscalls = 17;
	item->capabilities = "bpf sys_ptrace";
	check_list_add(&list, CHECK_PROTECTION, "landlock", "writes in its folders alone")->shown = "7";
	check_list_add(&list, CHECK_SOURCE, "docker", "containers")->state = CHECK_NONE;
	return 0;
}

static int drop(void **state)
{
	(void)state;
	check_list_free(&list);
	return 0;
}

static void lose(size_t at, const char *effect, const char *remedy)
{
	list.items[at].state = CHECK_NO;
	list.items[at].shown = NULL;
	list.items[at].reason = "refused";
	list.items[at].effect = effect;
	list.items[at].remedy = remedy;
}

static void assert_text(size_t width, bool all, const char *expected)
{
	struct capture capture;

	capture_open(&capture);
	assert_int_equal(check_write_text(capture.file, &list, width, all), 0);
	assert_string_equal(capture_close(&capture), expected);
}

static void one_sentence_where_all_is_well(void **state)
{
	(void)state;
	assert_text(WIDTH_UNLIMITED, false, "all 3 probes work; nothing is missed\n");
	list.items[2].state = CHECK_NONE;
	assert_text(WIDTH_UNLIMITED, false,
		    "all 2 probes work (this kernel has nothing for 1 more); nothing is missed\n");
}

static void the_table_is_below_the_sentence(void **state)
{
	(void)state;
	assert_text(WIDTH_UNLIMITED, true,
		    "all 3 probes work; nothing is missed\n"
		    "PROBE                          KERNEL   WHAT IT BRINGS\n"
		    "thread_scan                    yes      what it brings\n"
		    "socket_scan                    yes      what it brings\n"
		    "epoll_enter_wait               yes      what it brings\n"
		    "ONCE ATTACHED, FOR             SYSCALLS CAPABILITIES\n"
		    "looks                          17       bpf sys_ptrace\n"
		    "landlock                       7        writes in its folders alone\n"
		    "NAMES FROM                     HERE     OF WHAT\n"
		    "docker                         none     containers\n");
	list.developer = true;
	list.count = 2;
	assert_text(WIDTH_UNLIMITED, true,
		    "all 2 probes work; nothing is missed\n"
		    "PROBE                          KERNEL   WHAT IT BRINGS\n"
		    "thread_scan                    yes      0        what it brings\n"
		    "socket_scan                    yes      100      what it brings\n");
}

/* Only missing rows are shown, each with what is lost. A remedy stands once, however many rows it helps. */
static void what_is_missing_comes_with_what_helps(void **state)
{
	(void)state;
	lose(0, "no readers", "run it as root");
	assert_text(WIDTH_UNLIMITED, false,
		    "2 of 3 probes work; 1 is missing\n"
		    "PROBE                          KERNEL   WHAT IT BRINGS\n"
		    "thread_scan                    no       what it brings\n"
		    "                                        refused; without it: no readers\n"
		    "for thread_scan: run it as root\n");
	lose(1, "no handshakes", "run it as root");
	lose(2, "no loops", "mount tracefs");
	list.broken = true;
	assert_text(WIDTH_UNLIMITED, false,
		    "nothing can run: 0 of 3 probes work; 3 are missing\n"
		    "PROBE                          KERNEL   WHAT IT BRINGS\n"
		    "thread_scan                    no       what it brings\n"
		    "                                        refused; without it: no readers\n"
		    "socket_scan                    no       what it brings\n"
		    "                                        refused; without it: no handshakes\n"
		    "epoll_enter_wait               no       what it brings\n"
		    "                                        refused; without it: no loops\n"
		    "for thread_scan and 1 more: run it as root\n"
		    "for epoll_enter_wait: mount tracefs\n");
}

static void a_missing_protection_is_no_missing_probe(void **state)
{
	(void)state;
	lose(4, "files elsewhere", NULL);
	assert_text(WIDTH_UNLIMITED, false,
		    "all 3 probes work; nothing is missed; 1 protection is missing\n"
		    "landlock                       no       writes in its folders alone\n"
		    "                                        refused; without it: files elsewhere\n");
}

/* A runtime that is not there is none; one that may not be read is told without being asked for. */
static void a_source_that_cannot_be_read(void **state)
{
	(void)state;
	lose(5, "containers have their ids in place of names", NULL);
	assert_text(
		WIDTH_UNLIMITED, false,
		"all 3 probes work; nothing is missed\n"
		"docker                         no       containers\n"
		"                                        refused; without it: containers have their ids in place of names\n");
}

static void lines_are_broken_where_the_terminal_ends(void **state)
{
	(void)state;
	lose(0, "no readers, no loops, no threads",
	     "run it as root, or give it what a command like this one needs to work");
	assert_text(64, false,
		    "2 of 3 probes work; 1 is missing\n"
		    "PROBE                          KERNEL   WHAT IT BRINGS\n"
		    "thread_scan                    no       what it brings\n"
		    "                                        refused; without it: no\n"
		    "                                        readers, no loops, no\n"
		    "                                        threads\n"
		    "for thread_scan: run it as root, or give it what a command like\n"
		    "this one needs to work\n");
}

static const char *text_of(const json_t *record, const char *key)
{
	return json_string_value(json_object_get(record, key));
}

static void assert_null_keys(const json_t *record, const char *const *keys)
{
	for (; *keys; keys++)
		assert_true(json_is_null(json_object_get(record, *keys)));
}

static void a_record_for_each(void **state)
{
	static const char *const not_of_probes[] = {"syscalls", "capabilities", NULL};
	static const char *const not_of_rights[] = {"state", "purpose", "reason", "effect", "remedy", "verified", NULL};
	json_t *records[8] = {0};
	struct capture capture;
	size_t count = 0;
	char *line, *rest;

	(void)state;
	lose(1, "no handshakes", "run it as root");
	capture_open(&capture);
	assert_int_equal(check_write_json(capture.file, &list, 1000000000), 0);
	rest = (char *)capture_close(&capture);
	while ((line = strsep(&rest, "\n")) && *line && count < 8)
		records[count++] = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	assert_int_equal(count, 6);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(text_of(records[i], "type"), "check");
		assert_string_equal(text_of(records[i], "time"), "1970-01-01T00:00:01.000000Z");
	}
	assert_string_equal(text_of(records[0], "state"), "yes");
	assert_true(json_is_null(json_object_get(records[0], "verified"))); /* 0: not told */
	assert_string_equal(text_of(records[1], "part"), "probe");
	assert_string_equal(text_of(records[1], "state"), "no");
	assert_string_equal(text_of(records[1], "reason"), "refused");
	assert_string_equal(text_of(records[1], "effect"), "no handshakes");
	assert_string_equal(text_of(records[1], "remedy"), "run it as root");
	assert_int_equal(json_integer_value(json_object_get(records[1], "verified")), 100);
	assert_null_keys(records[1], not_of_probes);
	assert_string_equal(text_of(records[3], "part"), "right");
	assert_string_equal(text_of(records[3], "capabilities"), "bpf sys_ptrace");
	assert_int_equal(json_integer_value(json_object_get(records[3], "syscalls")), 17);
	assert_null_keys(records[3], not_of_rights);
	assert_string_equal(text_of(records[4], "part"), "protection");
	assert_string_equal(text_of(records[5], "part"), "source");
	assert_string_equal(text_of(records[5], "state"), "none");
	for (size_t i = 0; i < count; i++)
		json_decref(records[i]);
}

static void what_found_no_room_is_an_error(void **state)
{
	(void)state;
	list.error = -ENOMEM;
	assert_int_equal(check_write_text(stdout, &list, 80, false), -ENOMEM);
	assert_int_equal(check_write_json(stdout, &list, 0), -ENOMEM);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)
	const struct CMUnitTest tests[] = {
		TEST(one_sentence_where_all_is_well),
		TEST(the_table_is_below_the_sentence),
		TEST(a_source_that_cannot_be_read),
		TEST(what_is_missing_comes_with_what_helps),
		TEST(a_missing_protection_is_no_missing_probe),
		TEST(lines_are_broken_where_the_terminal_ends),
		TEST(a_record_for_each),
		TEST(what_found_no_room_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
