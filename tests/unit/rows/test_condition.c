/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "sample.h"

#include <math.h>

#include "rows/condition.h"

static void assert_wrong(const char *text, const char *part)
{
	struct condition condition;
	struct arena arena = {0};
	const char *error = condition_parse(&condition, &arena, text);

	assert_non_null(error);
	if (!strstr(error, part))
		fail_msg("'%s' says '%s', not '%s'", text, error, part);
	assert_int_equal(condition.count, 0);
	arena_free(&arena);
}

static bool holds(const char *text, const struct row *row)
{
	struct condition condition;
	struct arena arena = {0};
	const char *error = condition_parse(&condition, &arena, text);
	bool result;

	if (error)
		fail_msg("'%s': %s", text, error);
	arena_free(&arena); /* only errors live there */
	result = condition_holds(&condition, row);
	return result;
}

static void compares_durations(void **state)
{
	struct row row = sample_reader(); /* 31.2 s old */

	(void)state;
	assert_true(holds("reader.age>10s", &row));
	assert_true(holds("reader.age_s > 31100ms", &row));
	assert_true(holds("reader.age<1m", &row));
	assert_false(holds("reader.age>31.2", &row));
	assert_true(holds("reader.age>=31.2", &row));
	assert_true(holds("  reader.age<=31200ms  ", &row));
	assert_false(holds("reader.age<31.2s", &row));
}

static void compares_counts(void **state)
{
	struct row row = sample_reader();

	(void)state;
	assert_true(holds("reader.bytes_sent==217", &row));
	assert_true(holds("reader.bytes_sent>=217", &row));
	assert_false(holds("reader.bytes_sent>217", &row));
	assert_true(holds("reader.peer_port!=80", &row));
	assert_true(holds("reader.fd<8", &row));
}

static void compares_text(void **state)
{
	struct row row = sample_reader();

	(void)state;
	assert_true(holds("reader.verdict==peer_dead", &row));
	assert_false(holds("reader.verdict!=peer_dead", &row));
	assert_true(holds("reader.comm==java", &row));
	assert_false(holds("reader.comm==jav", &row));
	assert_false(holds("reader.comm==javax", &row));
	assert_true(holds("reader.peer_addr == \"10.0.0.2\"", &row));
	row.comm = "a b&&c";
	assert_true(holds("reader.comm=='a b&&c'", &row));
	row.comm = "null";
	assert_true(holds("reader.comm=='null'", &row));
	assert_false(holds("reader.comm==null", &row));
	row.comm = "";
	assert_true(holds("reader.comm==''", &row));
}

/* As double these two numbers are the same. */
static void compares_cookies(void **state)
{
	struct row row = sample_reader();

	(void)state;
	row.cookie = UINT64_MAX;
	assert_true(holds("reader.cookie==18446744073709551615", &row));
	assert_false(holds("reader.cookie==18446744073709551614", &row));
	assert_true(holds("reader.cookie!=18446744073709551614", &row));
	assert_wrong("reader.cookie>1", "== and != only");
	row.cookie = 0;
	assert_true(holds("reader.cookie==null", &row));
}

static void compares_bools(void **state)
{
	struct row row = sample_reader();

	(void)state;
	assert_true(holds("reader.keepalive==false", &row));
	assert_true(holds("reader.keepalive!=true", &row));
	row.reader.keepalive = 1;
	assert_true(holds("reader.keepalive==true", &row));
}

static void unknown_meets_nothing_but_null(void **state)
{
	struct row row = sample_reader();

	(void)state;
	assert_true(holds("reader.returns_by==null", &row));
	assert_false(holds("reader.returns_by!=null", &row));
	assert_false(holds("reader.returns_by>0", &row));
	assert_false(holds("reader.returns_by<1h", &row));
	assert_true(holds("reader.age!=null", &row));
	assert_false(holds("reader.bytes_received>=0", &row));
	assert_false(holds("reader.container!=x", &row));
	row.reader.keepalive = -1;
	assert_false(holds("reader.keepalive!=true", &row));
	assert_true(holds("reader.keepalive==null", &row));
}

static void all_tests_must_be_met(void **state)
{
	struct row row = sample_reader();

	(void)state;
	assert_true(holds("reader.age>10s and reader.verdict==peer_dead && reader.fd==7", &row));
	assert_false(holds("reader.age>10s and reader.verdict==peer_dead && reader.fd==8", &row));
	assert_false(holds("reader.age>40s&&reader.fd==7", &row));
	assert_true(holds("reader.fd==7&&reader.age>10s", &row));
}

static void another_type_never_holds(void **state)
{
	struct row row = sample_reader(), handshake = sample_handshake();

	(void)state;
	assert_false(holds("handshake.age>1s", &row));
	assert_true(holds("handshake.age>1s", &handshake));
	assert_true(holds("handshake.retransmits>=3", &handshake));
}

static void compares_rates(void **state)
{
	struct row row;

	(void)state;
	row_init(&row, ROW_LOOP);
	row.loop.busy_ratio = 0.95;
	row.loop.lag_max_s = 0.25;
	assert_true(holds("loop.busy_ratio>0.9", &row));
	assert_true(holds("loop.lag_max>200ms and loop.lag_max<=250ms", &row));
	assert_wrong("loop.busy_ratio==0.95", "a rate is compared with");
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	assert_wrong("", "expected TYPE.FIELD");
	assert_wrong("   ", "got its end");
	assert_wrong("reader", "got 'reader'");
	assert_wrong("reader.", "no field ''");
	assert_wrong(".age>1s", "expected TYPE.FIELD");
	assert_wrong("thread.pid>1", "expected TYPE.FIELD");
	assert_wrong("readers.age>1s", "expected TYPE.FIELD");
	assert_wrong("Reader.age>1s", "expected TYPE.FIELD");
	assert_wrong("reader .age>1s", "expected TYPE.FIELD");
	assert_wrong("reader.agee>1s", "a reader has no field 'agee'");
	assert_wrong("reader.lag_max>1s", "a reader has no field 'lag_max'");
	assert_wrong("reader.since>1s", "'since' cannot be compared");
	assert_wrong("reader.event==open", "'event' cannot be compared");
	assert_wrong("reader.count>5", "'count' cannot be compared");
	assert_wrong("reader.oldest>5s", "'oldest' cannot be compared");
	assert_wrong("reader.type==reader", "cannot be compared");
	assert_wrong("reader.age", "expected one of < <= > >= == !=");
	assert_wrong("reader.age=1s", "expected one of");
	assert_wrong("reader.age=>1s", "expected one of");
	assert_wrong("reader.age><1s", "expected a value");
	assert_wrong("reader.age>", "expected a value, got its end");
	assert_wrong("reader.age> and reader.fd==1", "expected a duration");
	assert_wrong("reader.age>10x", "expected a duration like 250ms or 10s, got '10x'");
	assert_wrong("reader.age>-1s", "expected a duration");
	assert_wrong("reader.age==1s", "a duration is compared with");
	assert_wrong("reader.age>null", "null is compared with");
	assert_wrong("reader.fd==1.5", "expected a number");
	assert_wrong("reader.fd==-1", "expected a number");
	assert_wrong("reader.fd==1e3", "expected a number");
	assert_wrong("reader.fd==0x10", "expected a number");
	assert_wrong("reader.verdict==peer_ded", "never 'peer_ded'");
	assert_wrong("reader.verdict>peer_dead", "compared with == and != only");
	assert_wrong("reader.keepalive==1", "expected true or false");
	assert_wrong("reader.keepalive<true", "compared with == and != only");
	assert_wrong("reader.comm=='java", "has no end");
	assert_wrong("reader.fd==1 or reader.fd==2", "expected 'and' or its end, got 'or'");
	assert_wrong("reader.fd==1 andreader.fd==2", "expected 'and' or its end");
	assert_wrong("reader.fd==1 and", "got its end");
	assert_wrong("reader.fd==1 &&", "got its end");
	assert_wrong("reader.fd==1 & reader.fd==2", "expected 'and' or its end");
	assert_wrong("reader.fd==1 reader.fd==2", "expected 'and' or its end");
	assert_wrong("reader.fd==1 and loop.fd==2", "no record is a reader and a loop at once");
}

static void has_a_limit(void **state)
{
	char text[1024] = "reader.fd==7";
	struct row row = sample_reader();
	int i;

	(void)state;
	for (i = 1; i < CONDITION_TESTS; i++)
		strcat(text, "&&reader.fd==7");
	assert_true(holds(text, &row));
	strcat(text, "&&reader.fd==7");
	assert_wrong(text, "more than 16 tests");
}

static void none_never_holds(void **state)
{
	struct condition condition = {.count = 0};
	struct row row = sample_reader();

	(void)state;
	assert_false(condition_holds(&condition, &row));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_durations),
		cmocka_unit_test(compares_counts),
		cmocka_unit_test(compares_cookies),
		cmocka_unit_test(compares_text),
		cmocka_unit_test(compares_bools),
		cmocka_unit_test(compares_rates),
		cmocka_unit_test(unknown_meets_nothing_but_null),
		cmocka_unit_test(all_tests_must_be_met),
		cmocka_unit_test(another_type_never_holds),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(has_a_limit),
		cmocka_unit_test(none_never_holds),
	};

	return cmocka_run_group_tests_name("condition", tests, NULL, NULL);
}
