/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "history/story.h"
#include "sample.h"

static void add_end(struct story *story, int64_t looks, int64_t records)
{
	struct row row;

	row_init(&row, ROW_END);
	row.end.looks = looks;
	row.end.records = records;
	row.end.lost = 1;
	assert_int_equal(story_record(story, &row), 0);
}

/* Of several hosts: what the file of each says, whatever that is. */
static void ends_are_summed(void **state)
{
	struct story story = {0};

	(void)state;
	add_end(&story, 4, 10);
	add_end(&story, 5, NOT_KNOWN);
	assert_int_equal(story.end.end.looks, 9);
	assert_true(story.end.end.records == NOT_KNOWN);
	add_end(&story, INT64_MAX, 3);
	assert_true(story.end.end.looks == INT64_MAX);
	assert_true(story.end.end.records == NOT_KNOWN);
	add_end(&story, -1, 3);
	add_end(&story, -INT64_MAX, 3);
	add_end(&story, -INT64_MAX, 3);
	assert_true(story.end.end.looks == -INT64_MAX);
	assert_int_equal(story.end.end.lost, 6);
	story_free(&story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_are_summed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
