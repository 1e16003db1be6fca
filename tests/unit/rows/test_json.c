/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <math.h>

#include "rows/json.h"
#include "sample.h"

static const char *quoted(struct buffer *out, const char *raw)
{
	buffer_reset(out);
	assert_int_equal(json_add_text(out, raw), 0);
	assert_int_equal(buffer_append(out, "", 1), 0);
	return out->data;
}

static void text_is_valid_and_harmless(void **state)
{
	struct buffer out = {0};

	(void)state;
	assert_string_equal(quoted(&out, "plain"), "\"plain\"");
	assert_string_equal(quoted(&out, "a\"b\\c"), "\"a\\\"b\\\\c\"");
	assert_string_equal(quoted(&out, "a\x1b[2J\n"), "\"a\\u001B[2J\\n\"");
	assert_string_equal(quoted(&out, "\xff"), "\"\xef\xbf\xbd\"");
	assert_string_equal(quoted(&out, "\xe2\x80\xae"), "\"\\u202e\"");
	assert_string_equal(quoted(&out, "\xf3\xa0\x80\x81"), "\"\\udb40\\udc01\"");
	assert_string_equal(quoted(&out, ""), "\"\"");
	buffer_free(&out);
}

static bool has(const struct json *json, const char *part)
{
	return memmem(json->line.data, json->line.size, part, strlen(part));
}

static void commands_are_a_list(void **state)
{
	struct row row = sample_reader();
	struct json json = {0};

	(void)state;
	row.commands = "first \"x\"\nsecond";
	assert_int_equal(json_row(&json, &row), 0);
	assert_true(has(&json, "\"commands\":[\"first \\\"x\\\"\",\"second\"]"));
	row.commands = "only one";
	assert_int_equal(json_row(&json, &row), 0);
	assert_true(has(&json, "\"commands\":[\"only one\"]"));
	assert_int_equal(json.line.data[json.line.size - 1], '\n');
	row.commands = "";
	assert_int_equal(json_row(&json, &row), 0);
	assert_true(has(&json, "\"commands\":[],"));
	json_free(&json);
}

/* No exponent, no tail of noise, and nothing that JSON does not have. */
static void numbers_are_plain(void **state)
{
	struct row row = sample_reader();
	struct json json = {0};

	(void)state;
	row.age_s = 0.000012;
	assert_int_equal(json_row(&json, &row), 0);
	assert_true(has(&json, "\"age_s\":0.000012,"));
	row.age_s = 0.1 + 0.2;
	assert_int_equal(json_row(&json, &row), 0);
	assert_true(has(&json, "\"age_s\":0.3,"));
	row.age_s = NAN;
	assert_int_equal(json_row(&json, &row), 0);
	assert_true(has(&json, "\"age_s\":null,"));
	json_free(&json);
}

static void only_what_is_known(void **state)
{
	struct row row = sample_reader();
	struct buffer out = {0};

	(void)state;
	row.age_s = NAN;
	assert_int_equal(json_add_known(&out, &row), 0);
	assert_int_equal(buffer_append(&out, "", 1), 0);
	assert_non_null(strstr(out.data, "\"verdict\":\"peer_dead\""));
	assert_null(strstr(out.data, "null"));
	assert_null(strstr(out.data, "age_s"));
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_valid_and_harmless),
		cmocka_unit_test(commands_are_a_list),
		cmocka_unit_test(numbers_are_plain),
		cmocka_unit_test(only_what_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
