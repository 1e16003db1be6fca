/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "history/pack.h"

struct thing {
	uint64_t u64;
	int64_t i64;
	double number, unknown;
	const char *text, *empty, *none;
	bool yes;
	uint16_t *list;
	size_t count;
};

static void describe(struct pack *pack, struct thing *thing)
{
	pack_u64(pack, &thing->u64);
	pack_i64(pack, &thing->i64);
	pack_double(pack, &thing->number);
	pack_double(pack, &thing->unknown);
	pack_text(pack, &thing->text);
	pack_text(pack, &thing->empty);
	pack_text(pack, &thing->none);
	pack_bool(pack, &thing->yes);
	pack_list(pack, &thing->list, &thing->count, sizeof(*thing->list));
}

static void write_thing(struct buffer *bytes)
{
	uint16_t ports[] = {80, 65535, 1};
	struct thing thing = {
		.u64 = UINT64_MAX - 1,
		.i64 = INT64_MIN,
		.number = 0.1,
		.unknown = NAN,
		.text = "caf\xc3\xa9",
		.empty = "",
		.yes = true,
		.list = ports,
		.count = 3,
	};
	struct pack pack = {.out = bytes};

	describe(&pack, &thing);
	assert_int_equal(pack.error, 0);
}

static int read_thing(struct thing *thing, struct arena *arena, const char *bytes, size_t size)
{
	struct pack pack = {.at = bytes, .left = size, .arena = arena};

	memset(thing, 0, sizeof(*thing));
	describe(&pack, thing);
	return pack_complete(&pack);
}

static void what_is_written_is_read(void **state)
{
	struct buffer bytes = {0};
	struct arena arena = {0};
	struct thing thing;

	(void)state;
	write_thing(&bytes);
	assert_int_equal(read_thing(&thing, &arena, bytes.data, bytes.size), 0);
	assert_true(thing.u64 == UINT64_MAX - 1);
	assert_true(thing.i64 == INT64_MIN);
	assert_true(thing.number == 0.1);
	assert_true(isnan(thing.unknown));
	assert_string_equal(thing.text, "caf\xc3\xa9");
	assert_string_equal(thing.empty, "");
	assert_null(thing.none);
	assert_true(thing.yes);
	assert_int_equal(thing.count, 3);
	assert_int_equal(thing.list[1], 65535);
	arena_free(&arena);
	buffer_free(&bytes);
}

static void every_cut_is_noticed(void **state)
{
	struct buffer bytes = {0};
	struct arena arena = {0};
	struct thing thing;

	(void)state;
	write_thing(&bytes);
	for (size_t size = 0; size < bytes.size; size++)
		assert_int_equal(read_thing(&thing, &arena, bytes.data, size), -EBADMSG);
	arena_free(&arena);
	buffer_free(&bytes);
}

static void what_a_newer_version_added_is_left_out(void **state)
{
	struct buffer bytes = {0};
	struct arena arena = {0};
	struct thing thing;

	(void)state;
	write_thing(&bytes);
	assert_int_equal(buffer_append(&bytes, "more of it", 10), 0);
	assert_int_equal(read_thing(&thing, &arena, bytes.data, bytes.size), 0);
	assert_int_equal(thing.count, 3);
	arena_free(&arena);
	buffer_free(&bytes);
}

/* pack_more() tells where an older version ended. */
static void what_an_older_version_lacks_keeps_its_default(void **state)
{
	uint64_t wire = 5, value = 0, added = 42;
	struct pack pack = {.at = (const char *)&wire, .left = sizeof(wire)};

	(void)state;
	assert_true(pack_more(&pack));
	pack_u64(&pack, &value);
	assert_true(value == 5);
	assert_false(pack_more(&pack));
	if (pack_more(&pack))
		pack_u64(&pack, &added);
	assert_true(added == 42);
	assert_int_equal(pack_complete(&pack), 0);
}

/* Nothing is allocated for items that are not there. */
static void a_list_longer_than_its_bytes(void **state)
{
	uint64_t wire[2] = {UINT64_MAX / 8, 1};
	struct arena arena = {0};
	struct pack pack = {.at = (const char *)wire, .left = sizeof(wire), .arena = &arena};
	uint16_t *list = NULL;
	size_t count = 0;

	(void)state;
	pack_list(&pack, &list, &count, sizeof(*list));
	assert_int_equal(pack.error, -EBADMSG);
	assert_int_equal(count, 0);
	assert_null(list);
	arena_free(&arena);
}

static void values_that_do_not_fit(void **state)
{
	uint64_t two = 2;
	struct pack pack = {.at = (const char *)&two, .left = sizeof(two)};
	bool yes = false;

	(void)state;
	pack_bool(&pack, &yes);
	assert_int_equal(pack_complete(&pack), -EBADMSG);
	assert_false(yes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(every_cut_is_noticed),
		cmocka_unit_test(what_a_newer_version_added_is_left_out),
		cmocka_unit_test(what_an_older_version_lacks_keeps_its_default),
		cmocka_unit_test(a_list_longer_than_its_bytes),
		cmocka_unit_test(values_that_do_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
