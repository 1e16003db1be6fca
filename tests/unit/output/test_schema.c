/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "rows/column.h"
#include "sample.h"

static json_t *schema;

static int load(void **state)
{
	struct capture capture;

	(void)state;
	capture_open(&capture);
	assert_int_equal(schema_write(capture.file), 0);
	schema = json_loads(capture_close(&capture), JSON_REJECT_DUPLICATES, NULL);
	return schema ? 0 : -1;
}

static int drop(void **state)
{
	(void)state;
	json_decref(schema);
	return 0;
}

/* What holds for records of this type. */
static json_t *record(enum row_type type)
{
	return json_object_get(json_array_get(json_object_get(schema, "allOf"), (size_t)type), "then");
}

/* The property of this type with this key: its own description, one that some types share, or all. */
static json_t *property(enum row_type type, const char *key)
{
	json_t *own = json_object_get(json_object_get(record(type), "properties"), key);
	const char *shared = json_string_value(json_object_get(own, "$ref"));

	if (shared)
		return json_object_get(json_object_get(schema, "$defs"), shared + strlen("#/$defs/"));
	return own ? own : json_object_get(json_object_get(schema, "properties"), key);
}

static void assert_json(const json_t *json, const char *expected)
{
	static char written[1 << 16];
	size_t size = json_dumpb(json, written, sizeof(written) - 1, JSON_COMPACT | JSON_ENCODE_ANY);

	assert_true(size < sizeof(written));
	written[size] = '\0';
	assert_string_equal(written, expected);
}

static void it_says_what_it_is(void **state)
{
	(void)state;
	assert_json(json_object_get(schema, "$schema"), "\"https://json-schema.org/draft/2020-12/schema\"");
	assert_json(json_object_get(schema, "$id"), "\"urn:sockstall:record:1\"");
	assert_json(json_object_get(schema, "title"), "\"A line of sockstall --json\"");
	assert_int_equal(json_array_size(json_object_get(schema, "allOf")), ROW_TYPES);
	assert_json(json_object_get(schema, "required"), "[\"v\",\"type\",\"time\"]");
}

static void a_record_is_described_whole(void **state)
{
	json_t *lost = json_array_get(json_object_get(schema, "allOf"), ROW_LOST);

	(void)state;
	assert_json(json_object_get(lost, "if"), "{\"properties\":{\"type\":{\"const\":\"lost\"}}}");
	assert_json(json_object_get(record(ROW_LOST), "title"), "\"A loss: something could not be seen or kept\"");
	assert_json(json_object_get(record(ROW_LOST), "required"),
		    "[\"v\",\"type\",\"time\",\"host\",\"where\",\"count\",\"pid\",\"comm\",\"why\"]");
	assert_json(property(ROW_LOST, "v"),
		    "{\"description\":\"Version of this format\",\"type\":\"integer\",\"const\":1}");
	assert_json(property(ROW_LOST, "time"),
		    "{\"description\":\"When this was seen\",\"type\":\"string\",\"format\":\"date-time\"}");
	assert_json(property(ROW_LOST, "where"), "{\"description\":\"What was lost\",\"type\":[\"string\",\"null\"]}");
	assert_json(property(ROW_LOST, "pid"),
		    "{\"description\":\"Process that could not be looked at; null where it is not about one\","
		    "\"type\":[\"integer\",\"null\"]}");
}

/* One description for what is the same in several types, and another where it is not. */
static void what_is_shared_is_described_once(void **state)
{
	(void)state;
	assert_ptr_equal(property(ROW_READER, "pid"), property(ROW_LOOP, "pid"));
	assert_ptr_not_equal(property(ROW_READER, "pid"), property(ROW_LOST, "pid"));
	assert_ptr_equal(property(ROW_READER, "age_s"), property(ROW_CHAIN, "age_s"));
	assert_null(json_object_get(json_object_get(record(ROW_READER), "properties"), "age_s"));
}

static void assert_values(enum row_type type, const char *key, const char *expected)
{
	assert_json(json_object_get(property(type, key), "enum"), expected);
}

/* Which those are the README says, too (test_documents.py). */
static void verdicts_are_those_of_the_rules(void **state)
{
	(void)state;
	for (enum row_type type = 0; type < ROW_TYPES; type++) {
		const struct column *column = column_find("verdict", type);
		const json_t *values = column ? json_object_get(property(type, "verdict"), "enum") : NULL;
		size_t count = 0;

		for (; column && column->values[count]; count++)
			assert_string_equal(json_string_value(json_array_get(values, count)), column->values[count]);
		if (!column)
			continue;
		assert_in_range(count, 2, 100);
		assert_int_equal(json_array_size(values), count + 1);
		assert_true(json_is_null(json_array_get(values, count)));
	}
}

static void closed_vocabularies_are_those_of_the_contract(void **state)
{
	(void)state;
	assert_values(ROW_READER, "event", "[\"open\",\"change\",\"close\",null]");
	assert_values(ROW_LOOP, "family", "[\"inet\",\"inet6\",\"unix\",null]");
	assert_values(ROW_HANDSHAKE, "side", "[\"server\",\"client\",null]");
	assert_values(ROW_HANDSHAKE, "stage", "[\"SYN_RECV\",\"SYN_SENT\",\"ACCEPT_QUEUE\",\"CONNECT\",null]");
	assert_values(ROW_READER, "kind", "[\"tcp\",\"udp\",\"unix\",\"pipe\",\"dns\",null]");
	assert_values(ROW_READER, "role", "[\"client\",\"server\",null]");
	assert_values(ROW_LOOP, "interface", "[\"epoll\",\"poll\",\"select\",\"io_uring\",null]");
	assert_values(ROW_LOOP, "now", "[\"waiting\",\"running\",\"blocked\",null]");
}

/* Whether the schema's record has just the keys that the emitter writes, in that order. */
static void assert_keys(enum row_type type)
{
	const json_t *required = json_object_get(record(type), "required");
	struct row row;
	struct capture capture;
	void *emitter = NULL;
	json_t *line, *value;
	const char *key;
	size_t i = 0;

	row_init(&row, type);
	row.time_ns = SAMPLE_TIME;
	capture_open(&capture);
	assert_int_equal(emit_json.open(&emitter, &(struct options){0}, capture.file), 0);
	assert_int_equal(emit_json.record(emitter, &row), 0);
	emit_json.close(emitter);
	line = json_loads(capture_close(&capture), JSON_REJECT_DUPLICATES, NULL);
	assert_int_equal(json_object_size(line), json_array_size(required));
	json_object_foreach(line, key, value)
	{
		assert_non_null(property(type, key));
		assert_string_equal(json_string_value(json_array_get(required, i++)), key);
	}
	json_decref(line);
}

static void it_has_the_keys_that_are_written(void **state)
{
	(void)state;
	for (enum row_type type = 0; type < ROW_TYPES; type++)
		assert_keys(type);
}

static void a_full_disk_is_told(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_int_equal(schema_write(full), -ENOSPC);
	fclose(full);
}

/* Each allocation fails once: none is forgotten, none is used. */
static size_t allocations_left;

static void *few_allocations(size_t size)
{
	return allocations_left-- ? malloc(size) : (allocations_left = 0, NULL);
}

static void no_memory_is_told(void **state)
{
	FILE *out = fopen("/dev/null", "w");

	(void)state;
	assert_non_null(out);
	for (size_t allowed = 0; allowed < 500; allowed++) {
		int error;

		json_set_alloc_funcs(few_allocations, free);
		allocations_left = allowed;
		error = schema_write(out);
		json_set_alloc_funcs(malloc, free);
		assert_int_equal(error, -ENOMEM);
	}
	fclose(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_what_it_is),
		cmocka_unit_test(a_record_is_described_whole),
		cmocka_unit_test(what_is_shared_is_described_once),
		cmocka_unit_test(verdicts_are_those_of_the_rules),
		cmocka_unit_test(closed_vocabularies_are_those_of_the_contract),
		cmocka_unit_test(it_has_the_keys_that_are_written),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(no_memory_is_told),
	};

	return cmocka_run_group_tests(tests, load, drop);
}
