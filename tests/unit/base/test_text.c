/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <locale.h>

#include "base/text.h"
#include "sample.h"

static void assert_buffer(struct buffer *buffer, const char *expected)
{
	assert_int_equal(buffer_append(buffer, "", 1), 0);
	assert_string_equal(buffer->data, expected);
	buffer_reset(buffer);
}

struct pair {
	const char *text, *expected;
};

static void utf8_is_always_valid(void **state)
{
	static const struct pair cases[] = {
		{"", ""},
		{"java", "java"},
		{HOSTILE, "a\x1b[2J\"\xef\xbf\xbd\n"},
		{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
		{"\xf0\x9f\x90\x8d", "\xf0\x9f\x90\x8d"},
		{"cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd"},
		{"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"}, /* overlong */
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* surrogate */
		{"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* U+110000 */
		{"\x80z", "\xef\xbf\xbdz"},
	};
	struct buffer out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(text_utf8(&out, cases[i].text), 0);
		assert_buffer(&out, cases[i].expected);
	}
	buffer_free(&out);
}

static void printable_never_moves_the_cursor(void **state)
{
	static const struct pair cases[] = {
		{HOSTILE, "a\\x1b[2J\"\\xff\\x0a"},
		{"tab\tbell\a\x7f", "tab\\x09bell\\x07\\x7f"},
		{"csi \xc2\x9b", "csi \\u009b"},
		{"bidi \xe2\x80\xae", "bidi \\u202e"},
		{"tag \xf3\xa0\x80\x81", "tag \\U000e0001"},
		{"gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2", "gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2"},
		{"a\\x2db", "a\\x2db"},
	};
	struct buffer out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(text_printable(&out, cases[i].text), 0);
		assert_buffer(&out, cases[i].expected);
	}
	buffer_free(&out);
}

static void printable_is_ascii_in_the_c_locale(void **state)
{
	struct buffer out = {0};

	(void)state;
	setlocale(LC_ALL, "C");
	assert_false(text_locale_is_utf8());
	assert_int_equal(text_printable(&out, "gr\xc3\xbc\xc3\x9f"), 0);
	assert_buffer(&out, "gr\\u00fc\\u00df");
	assert_int_equal(text_fit(&out, "0123456789", 5, CUT_END), 0);
	assert_buffer(&out, "0123~");
	setlocale(LC_ALL, "C.UTF-8");
	buffer_free(&out);
}

/* Output for programs is the same in every locale. */
static void clean_is_the_same_in_every_locale(void **state)
{
	static const char *const locales[] = {"C", "C.UTF-8"};
	struct buffer out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(locales); i++) {
		setlocale(LC_ALL, locales[i]);
		assert_int_equal(text_clean(&out, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x8d"), 0);
		assert_buffer(&out, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x8d");
		assert_int_equal(
			text_clean(&out, HOSTILE "\xc2\x9b\xe2\x80\xae\xe2\x80\xa8\xf3\xa0\x80\x81\xed\xa0\x80"), 0);
		assert_buffer(&out, "a\\x1b[2J\"\\xff\\x0a\\u009b\\u202e\\u2028\\U000e0001\\xed\\xa0\\x80");
	}
	buffer_free(&out);
}

static void prefixes_are_whole_characters(void **state)
{
	static const struct {
		const char *text;
		size_t characters, bytes;
	} cases[] = {
		{"", 3, 0},	    {"abc", 0, 0},	{"abc", 2, 2}, {"abc", 9, 3}, {"gr\xc3\xbc\xc3\x9f", 3, 4},
		{"\xff\xc3", 1, 1}, {"\xff\xc3", 9, 2},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(text_prefix(cases[i].text, cases[i].characters), cases[i].bytes);
}

static void width_counts_columns_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("java"), 4);
	assert_int_equal(text_width("gr\xc3\xbc\xc3\x9f"), 4);
	assert_int_equal(text_width("\xe6\xbc\xa2\xe5\xad\x97"), 4); /* two wide */
	assert_int_equal(text_width("e\xcc\x81"), 1); /* combining */
}

static void lines_are_those_between_ends(void **state)
{
	const char *none = NULL, *text = "one\n\nthree\n", *line;
	size_t length;

	(void)state;
	assert_null(text_line(&none, &length));
	line = text_line(&text, &length);
	assert_int_equal(length, 3);
	assert_memory_equal(line, "one", 3);
	assert_non_null(text_line(&text, &length));
	assert_int_equal(length, 0);
	line = text_line(&text, &length);
	assert_int_equal(length, 5);
	assert_memory_equal(line, "three", 5);
	assert_null(text_line(&text, &length));
	text = "unfinished";
	assert_non_null(text_line(&text, &length));
	assert_int_equal(length, 10);
	assert_string_equal(text, "");
}

static void fit_cuts_at_the_width(void **state)
{
	static const struct {
		const char *text;
		size_t width;
		enum text_cut cut;
		const char *expected;
	} cases[] = {
		{"short", 5, CUT_END, "short"},
		{"longer", 5, CUT_END, "long\xe2\x80\xa6"},
		{"longer", 1, CUT_END, "\xe2\x80\xa6"},
		{"longer", 0, CUT_END, ""},
		{"192.168.100.200:54321", 15, CUT_MIDDLE,
		 "192.168\xe2\x80\xa6"
		 "0:54321"},
		{"longer", 1, CUT_MIDDLE, "\xe2\x80\xa6"},
		{"longer", 2, CUT_MIDDLE, "l\xe2\x80\xa6"},
		/* Half a wide character is none. */
		{"\xe6\xbc\xa2\xe5\xad\x97\xe5\xad\x97", 4, CUT_END, "\xe6\xbc\xa2\xe2\x80\xa6"},
	};
	struct buffer out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(text_fit(&out, cases[i].text, cases[i].width, cases[i].cut), 0);
		assert_buffer(&out, cases[i].expected);
	}
	buffer_free(&out);
}

static void wrap_breaks_at_spaces(void **state)
{
	static const struct {
		const char *text;
		size_t width, size, next;
	} cases[] = {
		{"all of it", 9, 9, 9},
		{"one two three", 8, 7, 8},
		{"one two three", 7, 7, 8},
		{"one two three", 6, 3, 4},
		{"unbreakable", 4, 4, 4},
		{"\xe6\xbc\xa2", 1, 3, 3},
		{"", 4, 0, 0},
		{"see it: sockstall end pid=1; or not", 22, 7, 8},
		{"see it: sockstall end pid=1; or not", 28, 28, 29},
		{"sockstall end pid=1; or not", 22, 20, 21},
		{"sockstall end pid=1", 14, 13, 14}, /* longer than a line */
		{"sockstalls wait for it", 12, 10, 11},
		{"\xc3\xbc \xc3\xbc", 2, 2, 3},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		size_t next;

		assert_int_equal(text_wrap(cases[i].text, cases[i].width, &next), cases[i].size);
		assert_int_equal(next, cases[i].next);
	}
}

static void time_is_rfc_3339(void **state)
{
	static const struct {
		uint64_t ns;
		unsigned int digits;
		const char *expected;
	} cases[] = {
		{SAMPLE_TIME, 6, "2026-11-23T02:34:31.123456Z"}, {SAMPLE_TIME, 3, "2026-11-23T02:34:31.123Z"},
		{SAMPLE_TIME, 0, "2026-11-23T02:34:31Z"},	 {1, 9, "1970-01-01T00:00:00.000000001Z"},
		{UINT64_MAX, 6, "2554-07-21T23:34:33.709551Z"},
	};
	struct buffer out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(text_time(&out, cases[i].ns, cases[i].digits), 0);
		assert_buffer(&out, cases[i].expected);
	}
	buffer_free(&out);
}

struct number {
	double value;
	const char *expected;
};

static void assert_numbers(int (*add)(struct buffer *out, double value), const struct number *cases, size_t count)
{
	struct buffer out = {0};

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(add(&out, cases[i].value), 0);
		assert_buffer(&out, cases[i].expected);
	}
	buffer_free(&out);
}

static void durations_are_short(void **state)
{
	static const struct number cases[] = {
		{0, "0us"},	    {0.000085, "85us"}, {0.00096, "960us"}, {0.0009996, "1ms"},
		{0.35, "350ms"},    {0.9996, "1.0s"},	{31.2, "31.2s"},    {59.94, "59.9s"},
		{59.96, "1m00s"},   {245, "4m05s"},	{3599.6, "1h00m"},  {7859, "2h10m"},
		{86399.6, "1d00h"}, {273600, "3d04h"},	{-5, "-5.0s"},	    {1e15, "11574074074d"},
	};

	(void)state;
	assert_numbers(text_duration, cases, COUNT_OF(cases));
}

static void rates_have_three_digits(void **state)
{
	static const struct number cases[] = {
		{0, "0"},	 {0.004, "0"},	 {0.42, "0.42"},      {9.994, "9.99"}, {9.996, "10.0"},
		{12.34, "12.3"}, {99.96, "100"}, {1234.5678, "1235"}, {-0.5, "-0.50"},
	};

	(void)state;
	assert_numbers(text_rate, cases, COUNT_OF(cases));
}

static void numbers_are_shortest_and_have_no_exponent(void **state)
{
	static const struct number cases[] = {
		{0, "0"},
		{-0.0, "0"},
		{1, "1"},
		{100, "100"},
		{0.1 + 0.2, "0.3"},
		{31.2, "31.2"},
		{0.000012, "0.000012"},
		{0.0000004, "0"},
		{0.0000006, "0.000001"},
		{-1.5, "-1.5"},
		{-0.25, "-0.25"},
		{1234567890.123456, "1234567890.123456"},
		{1e12, "1000000000000"},
		{1e21, "1000000000000000000000"},
	};

	(void)state;
	assert_numbers(text_number, cases, COUNT_OF(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_is_always_valid),
		cmocka_unit_test(printable_never_moves_the_cursor),
		cmocka_unit_test(printable_is_ascii_in_the_c_locale),
		cmocka_unit_test(clean_is_the_same_in_every_locale),
		cmocka_unit_test(prefixes_are_whole_characters),
		cmocka_unit_test(width_counts_columns_not_bytes),
		cmocka_unit_test(lines_are_those_between_ends),
		cmocka_unit_test(fit_cuts_at_the_width),
		cmocka_unit_test(wrap_breaks_at_spaces),
		cmocka_unit_test(time_is_rfc_3339),
		cmocka_unit_test(durations_are_short),
		cmocka_unit_test(rates_have_three_digits),
		cmocka_unit_test(numbers_are_shortest_and_have_no_exponent),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
