/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "look/note_cache.h"

#define MOST 64

static char here[1]; /* what they are about */

static void want(struct note_cache *cache, size_t count, uint64_t wait)
{
	size_t i;

	for (i = 0; i < count; i++)
		assert_int_equal(note_cache_want(cache, 1000 - i, wait, here), 0);
}

/* Reads what is due, and returns how many that are. */
static size_t read_due(struct note_cache *cache)
{
	size_t i, due = note_cache_due(cache, MOST);

	for (i = 0; i < due; i++)
		assert_int_equal(note_set(cache, &cache->items[i], "text", 5), 0);
	return due;
}

static size_t known(const struct note_cache *cache)
{
	size_t i, count = 0;

	for (i = 0; i < cache->count; i++)
		count += cache->items[i].about && cache->items[i].data && !strcmp(cache->items[i].data, "text");
	return count;
}

/* A look at which so many are in this wait: how many of them are known, and how many of all are lost. */
static void look(struct note_cache *cache, size_t count, uint64_t wait, size_t expected, uint64_t lost)
{
	want(cache, count, wait);
	read_due(cache);
	assert_int_equal(known(cache), expected);
	assert_int_equal(note_cache_end(cache, false), lost);
}

static void few_are_read_at_once(void **state)
{
	struct note_cache cache = {0};

	(void)state;
	look(&cache, 0, 1, 0, 0);
	look(&cache, MOST, 1, MOST, 0);
	look(&cache, MOST, 1, MOST, 0);
	look(&cache, 0, 1, 0, 0);
	note_cache_free(&cache);
}

static void many_have_their_turn(void **state)
{
	struct note_cache cache = {0};

	(void)state;
	look(&cache, 200, 1, 64, 0);
	look(&cache, 200, 1, 128, 0);
	look(&cache, 200, 1, 192, 0);
	look(&cache, 200, 1, 200, 0);
	look(&cache, 200, 1, 200, 0);
	note_cache_free(&cache);
}

/* Only who was never read is lost; who was read and is gone was known. */
static void what_is_over_unread_is_lost(void **state)
{
	struct note_cache cache = {0};

	(void)state;
	look(&cache, 200, 1, 64, 0);
	look(&cache, 0, 1, 0, 136);
	look(&cache, 0, 1, 0, 0);
	note_cache_free(&cache);
}

/* Another wait of the same thread is to be read again: what was known of the one before is not told of it. */
static void another_wait_is_another(void **state)
{
	struct note_cache cache = {0};

	(void)state;
	look(&cache, 100, 1, 64, 0);
	look(&cache, 100, 2, 64, 36);
	look(&cache, 100, 2, 100, 0);
	note_cache_free(&cache);
}

static void after_the_last_look_nothing_follows(void **state)
{
	struct note_cache cache = {0};

	(void)state;
	want(&cache, 100, 1);
	assert_int_equal(read_due(&cache), MOST);
	assert_int_equal(note_cache_end(&cache, true), 36);
	note_cache_free(&cache);
}

/* Where there is nothing to read, that is known. */
static void nothing_is_an_answer(void **state)
{
	struct note_cache cache = {0};

	(void)state;
	want(&cache, 1, 1);
	assert_int_equal(note_cache_due(&cache, MOST), 1);
	assert_int_equal(note_set(&cache, &cache.items[0], "", 0), 0);
	assert_null(cache.items[0].data);
	assert_int_equal(note_cache_end(&cache, false), 0);
	look(&cache, 0, 1, 0, 0);
	note_cache_free(&cache);
}

/* A socket may come by twice: as that of a thread, and by itself. */
static void one_that_comes_twice_is_one(void **state)
{
	struct note_cache cache = {0};
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		want(&cache, MOST, 1);
		look(&cache, MOST, 1, MOST, 0);
		assert_int_equal(cache.count, MOST);
	}
	look(&cache, 0, 1, 0, 0);
	note_cache_free(&cache);
}

/* The note that was read longest ago is read again: a child may have become another program. */
static void all_are_read_again_in_turn(void **state)
{
	struct note_cache cache = {0};
	uint64_t oldest;
	size_t i;
	int turn;

	(void)state;
	for (turn = 1; turn <= 6; turn++)
		look(&cache, 128, 1, turn == 1 ? 64 : 128, 0);
	for (i = 0, oldest = 6; i < cache.count; i++)
		oldest = cache.items[i].read_look < oldest ? cache.items[i].read_look : oldest;
	assert_int_equal(oldest, 5);
	note_cache_free(&cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_are_read_at_once),
		cmocka_unit_test(many_have_their_turn),
		cmocka_unit_test(what_is_over_unread_is_lost),
		cmocka_unit_test(another_wait_is_another),
		cmocka_unit_test(after_the_last_look_nothing_follows),
		cmocka_unit_test(nothing_is_an_answer),
		cmocka_unit_test(one_that_comes_twice_is_one),
		cmocka_unit_test(all_are_read_again_in_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
