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

static void take_look(struct story *story, bool with_others, uint64_t time_ns)
{
	struct row rows[2];
	struct look_record head = {.realtime_ns = time_ns};
	const struct look look = {.head = &head};
	const struct report report = {.rows = rows, .count = 2};

	for (size_t i = 0; i < 2; i++) {
		row_init(&rows[i], ROW_READER);
		rows[i].event = story->count ? STALL_NONE : STALL_OPEN;
		rows[i].id = i ? "db/reader-1" : "web/reader-1";
		rows[i].with_others = with_others;
		rows[i].time_ns = i || !story->count ? time_ns : 1000; /* the recording of the first has ended */
	}
	assert_int_equal(story_look(story, &report, &look), 0);
}

/* What is not over was there in the last look of its own host: nobody knows of later. */
static void each_host_has_a_last_look(void **state)
{
	bool with_others = true;

	(void)state;
	do {
		struct story story = {0};

		take_look(&story, with_others, 1000);
		take_look(&story, with_others, 2000);
		assert_int_equal(story.count, 2);
		assert_int_equal(life_end(&story.lives[0], &story), with_others ? 1000 : 2000);
		assert_int_equal(life_end(&story.lives[1], &story), 2000);
		story_free(&story);
		with_others = !with_others;
	} while (!with_others);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_are_summed),
		cmocka_unit_test(each_host_has_a_last_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
