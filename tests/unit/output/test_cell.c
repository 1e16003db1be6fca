/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <locale.h>

#include "output/cell.h"
#include "sample.h"

/* Counts in, bars out. */
static const char *bars(const char *locale, struct histogram histogram)
{
	static char text[256];
	struct buffer out = {0};
	struct row row;

	assert_non_null(setlocale(LC_ALL, locale));
	row_init(&row, ROW_LOOP);
	row.loop.lag_histogram = histogram;
	assert_int_equal(cell_add_key(&out, "lag_histogram", &row), 0);
	snprintf(text, sizeof(text), "%.*s", (int)out.size, out.data);
	buffer_free(&out);
	return text;
}

/* A step down is half as many; what is there at all is seen. */
static void a_histogram_is_bars(void **state)
{
	const struct histogram histogram = {
		.bars = HISTOGRAM_BARS,
		.counts = {UINT32_MAX, UINT32_MAX / 2 + 1, UINT32_MAX / 2, 0, 1 << 26, 1 << 20, 1, [19] = 3},
	};

	(void)state;
	assert_string_equal(bars("C", histogram), "##* -__            _");
}

static void none_is_empty_and_not_known_is_a_dash(void **state)
{
	(void)state;
	assert_string_equal(bars("C", (struct histogram){.bars = HISTOGRAM_BARS}), "                    ");
	assert_string_equal(bars("C", (struct histogram){0}), "-");
}

static void block_characters_need_utf8(void **state)
{
	const struct histogram histogram = {.bars = 4, .counts = {256, 128, 2, 1}};

	(void)state;
	assert_string_equal(bars("C.UTF-8", histogram), "\xe2\x96\x88\xe2\x96\x87\xe2\x96\x81\xe2\x96\x81");
	assert_string_equal(bars("C", histogram), "#*__");
}

/* A limit is a part of what is known. */
static void of_a_limit(void **state)
{
	struct buffer out = {0};
	struct row row;

	(void)state;
	row_init(&row, ROW_LOOP);
	row.loop.watch_limit = 1000;
	assert_int_equal(cell_add_key(&out, "user_watches", &row), 0);
	assert_int_equal(buffer_append(&out, " ", 1), 0);
	row.loop.user_watches = 5;
	assert_int_equal(cell_add_key(&out, "user_watches", &row), 0);
	assert_int_equal(buffer_append(&out, "", 1), 0);
	assert_string_equal(out.data, "- 5/1000");
	buffer_free(&out);
}

static const char *cell(const char *key, const struct row *row)
{
	static char text[64];
	struct buffer out = {0};

	assert_int_equal(cell_add_key(&out, key, row), 0);
	snprintf(text, sizeof(text), "%.*s", (int)out.size, out.data);
	buffer_free(&out);
	return text;
}

/* The thread has a cell of its own, where it is not the first of its process. */
static void a_process_and_its_thread(void **state)
{
	struct row row;

	(void)state;
	row_init(&row, ROW_READER);
	assert_string_equal(cell("comm", &row), "-");
	assert_string_equal(cell("tid", &row), "-");
	row.comm = "java";
	assert_string_equal(cell("comm", &row), "java");
	row.pid = row.tid = 12;
	assert_string_equal(cell("comm", &row), "java/12");
	assert_string_equal(cell("tid", &row), "-");
	assert_false(cell_known(column_find("tid", ROW_READER), &row));
	row.tid = 13;
	assert_string_equal(cell("comm", &row), "java/12");
	assert_string_equal(cell("tid", &row), "13");
	assert_true(cell_known(column_find("tid", ROW_READER), &row));
	row.comm = NULL;
	assert_string_equal(cell("comm", &row), "-/12");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_histogram_is_bars),	      cmocka_unit_test(none_is_empty_and_not_known_is_a_dash),
		cmocka_unit_test(block_characters_need_utf8), cmocka_unit_test(of_a_limit),
		cmocka_unit_test(a_process_and_its_thread),
	};

	return cmocka_run_group_tests_name("cell", tests, NULL, NULL);
}
