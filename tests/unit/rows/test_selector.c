/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "rows/selector.h"

#define WORDS(...) (const char *const[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)

static void assert_refused(const char *part, const char *const *words, size_t count)
{
	struct arena arena = {0};
	struct row row;
	const char *error = selector_parse(&row, &arena, words, count);

	assert_non_null(error);
	assert_non_null(strstr(error, part));
	arena_free(&arena);
}

static void takes_ends(void **state)
{
	struct arena arena = {0};
	struct row row;

	(void)state;
	assert_null(selector_parse(&row, &arena, WORDS("peer=[2001:DB8::1]:443", "local=10.0.0.1:80", "netns=7")));
	assert_string_equal(row.local_addr, "10.0.0.1");
	assert_int_equal(row.local_port, 80);
	assert_string_equal(row.peer_addr, "2001:db8::1");
	assert_int_equal(row.peer_port, 443);
	assert_int_equal(row.netns, 7);
	assert_null(row.id);
	assert_int_equal(row.pid, NOT_KNOWN);
	arena_free(&arena);
}

static void takes_process_and_cookie(void **state)
{
	struct arena arena = {0};
	struct row row;

	(void)state;
	assert_null(selector_parse(&row, &arena, WORDS("pid=12", "fd=0", "cookie=18446744073709551615")));
	assert_int_equal(row.pid, 12);
	assert_int_equal(row.fd, 0);
	assert_true(row.cookie == UINT64_MAX);
	arena_free(&arena);
}

static void refuses_what_is_no_selector(void **state)
{
	(void)state;
	assert_refused("neither", WORDS("pid"));
	assert_refused("neither", WORDS(""));
	assert_refused("neither", WORDS("=5"));
	assert_refused("neither", WORDS("p=5"));
	assert_refused("neither", WORDS("PID=5", "fd=3"));
	assert_refused("expected", WORDS("pid=", "fd=3"));
	assert_refused("expected", WORDS("pid= 5", "fd=3"));
	assert_refused("expected", WORDS("pid=+5", "fd=3"));
	assert_refused("expected", WORDS("pid=4194305", "fd=3"));
	assert_refused("expected", WORDS("cookie=18446744073709551616"));
	assert_refused("expected", WORDS("cookie=99999999999999999999"));
	assert_refused("expected", WORDS("cookie=0x5"));
	assert_refused("expected", WORDS("local=:80", "peer=1.2.3.4:5"));
	assert_refused("expected", WORDS("local=[]:80", "peer=1.2.3.4:5"));
	assert_refused("expected", WORDS("local=[:80", "peer=1.2.3.4:5"));
	assert_refused("expected", WORDS("local=1.2.3.4:0", "peer=1.2.3.4:5"));
	assert_refused("expected", WORDS("local=1.2.3:80", "peer=1.2.3.4:5"));
	assert_refused("twice", WORDS("cookie=5", "cookie=5"));
}

static void refuses_halves(void **state)
{
	(void)state;
	assert_refused("fd=", WORDS("pid=5"));
	assert_refused("pid=", WORDS("fd=5"));
	assert_refused("each other", WORDS("peer=1.2.3.4:5", "cookie=7"));
	assert_refused("name what", WORDS("netns=5"));
	assert_refused("alone", WORDS("reader-1-2-3", "fd=3"));
	assert_refused("neither", WORDS("fd=3", "reader-1-2-3"));
}

static void knows_an_id(void **state)
{
	(void)state;
	assert_true(selector_is_id("reader-1-2-1badb6f3d06-45-4"));
	assert_true(selector_is_id("handshake-4026531840-10.0.0.1:80-[2001:db8::1]:5"));
	assert_false(selector_is_id("reader"));
	assert_false(selector_is_id("reader-"));
	assert_false(selector_is_id("readers-1-2"));
	assert_false(selector_is_id("thread-1-2"));
	assert_false(selector_is_id("reader-1-2 3"));
}

static void fits_the_same_stall_only(void **state)
{
	struct row row;

	(void)state;
	row_init(&row, ROW_LOOP);
	assert_false(selector_fits("loop-5", &row));
	row.id = "loop-5";
	row.since_ns = 1795401271000 * 1000000ull;
	assert_true(selector_fits("loop-5", &row));
	assert_false(selector_fits("loop-55", &row));
	assert_false(selector_fits("loop-", &row));
	assert_false(selector_fits("loop-5-", &row));
	/* The ending is the moment at which it was shown: one before it began is of another. */
	assert_true(selector_fits("loop-5-1b205f0b358", &row));
	assert_false(selector_fits("loop-5-10205f0b358", &row));
	assert_false(selector_fits("loop-5-1b205f0b35g", &row));
	assert_false(selector_fits("loop-5-7", &row));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_ends),
		cmocka_unit_test(takes_process_and_cookie),
		cmocka_unit_test(refuses_what_is_no_selector),
		cmocka_unit_test(refuses_halves),
		cmocka_unit_test(knows_an_id),
		cmocka_unit_test(fits_the_same_stall_only),
	};

	return cmocka_run_group_tests_name("selector", tests, NULL, NULL);
}
