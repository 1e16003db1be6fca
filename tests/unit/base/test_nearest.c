/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/nearest.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void distances(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} cases[] = {
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"readers", "readers", 0},
		{"reader", "readers", 1},
		{"raeders", "readers", 1},
		{"raeder", "readers", 2},
		{"READERS", "readers", 0},
		{"ca", "abc", 3},
		{"kitten", "sitting", 3},
		{"ab", "ba", 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(nearest_distance(cases[i].a, cases[i].b), cases[i].distance);
		assert_int_equal(nearest_distance(cases[i].b, cases[i].a), cases[i].distance);
	}
}

/* Nobody gets far with such words; the table has no room for them. */
static void long_words(void **state)
{
	char word[200];

	(void)state;
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_int_equal(nearest_distance(word, "a"), sizeof(word) - 1);
	word[NEAREST_LENGTH] = '\0';
	assert_int_equal(nearest_distance(word, "a"), NEAREST_LENGTH - 1);
}

static const char *const words[] = {"readers", NULL, "replay", "end", "epoll", "handshakes"};

static const char *word_at(size_t index)
{
	return words[index];
}

static void nearest_words(void **state)
{
	static const struct {
		const char *typed, *nearest;
	} cases[] = {
		{"reader", "readers"},
		{"handshake", "handshakes"},
		{"hand", "handshakes"},
		{"Replay", "replay"},
		{"edn", "end"},
		{"epol", "epoll"},
		{"re", NULL},
		{"", NULL},
		{"x", NULL},
		{"trouble", NULL},
		{"ende", "end"},
		{"relpay", "replay"},
		{"ready", NULL},
		{"en", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *found = nearest_word(cases[i].typed, COUNT_OF(words), word_at);

		if (!found != !cases[i].nearest || (found && strcmp(found, cases[i].nearest)))
			fail_msg("%s: %s", cases[i].typed, found ? found : "-");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances),
		cmocka_unit_test(long_words),
		cmocka_unit_test(nearest_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
