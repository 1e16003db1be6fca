/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rows/column.h"
#include "rules/known.h"
#include "rules/meanings.h"

static size_t count_entries(const char *report, const char *verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < verdict_meanings_count; i++) {
		for (size_t j = 0; j < verdict_meanings[i]->count; j++) {
			const struct verdict_meaning *item = &verdict_meanings[i]->items[j];

			count += !strcmp(item->report, report) && !strcmp(item->verdict, verdict);
		}
	}
	return count;
}

/* Also shows that there is no entry for a verdict that does not exist: the numbers are the same. */
static void each_verdict_has_one(void **state)
{
	size_t entries = 0, verdicts = 0;

	(void)state;
	for (enum row_type type = 0; type < ROW_TYPES; type++) {
		const struct column *column = column_find("verdict", type);

		for (size_t i = 0; column && column->values[i]; i++, verdicts++) {
			if (count_entries(row_type_names[type], column->values[i]) != 1)
				fail_msg("%s %s: %zu entries", row_type_names[type], column->values[i],
					 count_entries(row_type_names[type], column->values[i]));
			assert_string_equal(verdict_meaning(row_type_names[type], column->values[i])->verdict,
					    column->values[i]);
		}
	}
	for (size_t i = 0; i < verdict_meanings_count; i++)
		entries += verdict_meanings[i]->count;
	assert_int_equal(entries, verdicts);
	assert_null(verdict_meaning("reader", "bogus"));
	assert_null(verdict_meaning("bogus", "idle"));
}

static void a_word_finds_its_entries(void **state)
{
	const struct verdict_meaning *item = verdict_meaning("reader", "idle");

	(void)state;
	assert_true(verdict_meaning_is(item, "idle") && verdict_meaning_is(item, "reader"));
	assert_true(verdict_meaning_is(item, "reader.idle"));
	assert_false(verdict_meaning_is(item, "loop.idle") || verdict_meaning_is(item, "reader.idl"));
	assert_false(verdict_meaning_is(item, "") || verdict_meaning_is(item, "reader.") ||
		     verdict_meaning_is(item, "read"));
}

/* A program that is named with a verdict that does not exist would never be read. */
static void known_programs_are_of_verdicts(void **state)
{
	const struct verdict_meaning *item;
	size_t found = 0;

	(void)state;
	for (size_t i = 0; (item = verdict_meaning_at(i)); i++)
		found += !!known_programs(item->report, item->verdict);
	assert_int_equal(found, known_programs_count);
	assert_null(known_programs("reader", "bogus"));
}

/* A verdict that is not normal has a cause and an advice; texts are sentences, and meanings are lines of a table. */
static void entries_are_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < verdict_meanings_count; i++) {
		for (size_t j = 0; j < verdict_meanings[i]->count; j++) {
			const struct verdict_meaning *item = &verdict_meanings[i]->items[j];
			const char *texts[] = {item->evidence, item->cause, item->advice};

			assert_int_equal(!item->cause, !item->advice);
			assert_int_equal(!item->advice, !!strstr(item->meaning, "only with --all"));
			assert_in_range(strlen(item->meaning), 10, 100);
			for (size_t k = 0; k < 3; k++)
				assert_true(!texts[k] || strchr(".?", texts[k][strlen(texts[k]) - 1]));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_verdict_has_one),
		cmocka_unit_test(a_word_finds_its_entries),
		cmocka_unit_test(known_programs_are_of_verdicts),
		cmocka_unit_test(entries_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
