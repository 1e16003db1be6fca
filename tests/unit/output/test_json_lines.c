/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <jansson.h>
#include <math.h>

#include "sample.h"

static const struct options plain = {.sinks.json = true};
static const struct options all = {.sinks.json = true, .scope.all = true};

#define HEAD "{\"v\":1,\"type\":\"reader\",\"time\":\"2026-11-23T02:34:31.123456Z\",\"host\":null,"

static void a_record_is_one_line_with_every_key(void **state)
{
	struct row row = sample_reader();

	(void)state;
	assert_look(
		&emit_json, &plain, &row, 1,
		HEAD
		"\"event\":\"open\",\"id\":\"reader:1234.99:7\",\"since\":\"2026-11-23T02:33:59.923456Z\","
		"\"age_s\":31.2,\"age_at_least\":null,\"verdict\":\"peer_dead\",\"severity\":9,"
		"\"why\":\"we sent 217 bytes 31.2 s ago and 5 retransmissions went unanswered\","
		"\"advice\":\"set TCP_USER_TIMEOUT\",\"commands\":null,\"cause_id\":null,\"count\":null,\"pids\":null,\"oldest_s\":null,\"youngest_s\":null,\"pid\":1234,\"tid\":1234,\"comm\":\"java\",\"fd\":7,"
		"\"cgroup\":null,\"container\":null,\"unit\":null,\"pod\":null,\"namespace\":null,"
		"\"container_name\":null,\"image\":null,\"title\":null,\"code\":null,\"user_stack\":null,\"netns\":4026531840,\"netns_name\":null,\"cookie\":\"5001\","
		"\"family\":\"inet\",\"local_addr\":\"10.0.0.1\",\"local_port\":443,"
		"\"peer_addr\":\"10.0.0.2\",\"peer_port\":5000,\"peer_name\":null,\"syscall\":\"read\",\"kind\":\"tcp\","
		"\"state\":null,\"role\":\"client\",\"last_received_s\":null,\"last_sent_s\":0.3,"
		"\"bytes_received\":null,\"bytes_sent\":217,\"unacked_bytes\":null,\"retransmits\":null,"
		"\"keepalive\":false,\"keepalive_probes\":null,\"rcvtimeo_s\":null,\"user_timeout_s\":null,"
		"\"returns_by_s\":null,\"keepalive_probes_max\":null,\"keepalive_idle_s\":null,"
		"\"keepalive_interval_s\":null,\"alarm_s\":null,\"dns_try\":null,\"peer_pid\":null,\"peer_comm\":null,"
		"\"waiter\":null,\"epoll_fd\":null}\n");
}

static void one_record_of_several_has_their_processes(void **state)
{
	struct row row = sample_reader();
	struct capture capture;
	void *json = NULL;

	(void)state;
	row.commands = "sockstall threads -p 7\nkill -CONT \"x\"";
	row.fold = (struct fold_fields){.count = 3, .pids = "12 1234", .oldest_s = 31.2, .youngest_s = 2.5};
	capture_open(&capture);
	assert_int_equal(emit_json.open(&json, &plain, capture.file), 0);
	assert_int_equal(emit_json.record(json, &row), 0);
	emit_json.close(json);
	assert_non_null(strstr(
		capture_close(&capture),
		"\"commands\":[\"sockstall threads -p 7\",\"kill -CONT \\\"x\\\"\"],\"cause_id\":null,\"count\":3,\"pids\":[12,1234],\"oldest_s\":31.2,\"youngest_s\":2.5,\"pid\":1234,"));
}

static void a_hostile_name_stays_inside_its_quotes(void **state)
{
	struct row row;

	(void)state;
	row_init(&row, ROW_THREAD);
	row.time_ns = SAMPLE_TIME;
	row.comm = HOSTILE;
	row.cgroup = "/\xc3\xbc/\xe2\x80\xae\xf3\xa0\x80\x81\x7f\xc2\x9b\\"; /* CSI as one character: a terminal may
										obey it */
	assert_look(
		&emit_json, &all, &row, 1,
		"{\"v\":1,\"type\":\"thread\",\"time\":\"2026-11-23T02:34:31.123456Z\",\"host\":null,\"count\":null,\"tids\":null,\"oldest_s\":null,\"youngest_s\":null,\"pid\":null,\"tid\":null,"
		"\"comm\":\"a\\u001B[2J\\\"\xef\xbf\xbd\\n\",\"cgroup\":\"/\xc3\xbc/"
		"\\u202e\\udb40\\udc01\\u007f\\u009b\\\\\","
		"\"container\":null,\"unit\":null,\"pod\":null,\"namespace\":null,"
		"\"container_name\":null,\"image\":null,\"title\":null,\"code\":null,\"netns\":null,\"netns_name\":null,\"state\":null,\"syscall\":null,\"now_s\":null,"
		"\"now_in\":null,"
		"\"now_at_least\":null,\"created\":null,\"creator_tid\":null,\"shares\":null,\"stack_start\":null,"
		"\"stack_end\":null,"
		"\"stack_guard\":null,\"stack_used\":null,\"cpu_s\":null,\"switches\":null,"
		"\"switches_voluntary\":null,\"switches_involuntary\":null,"
		"\"kernel_stack\":null,\"user_stack\":null}\n");
}

static void numbers_keep_their_limits(void **state)
{
	struct row row;

	(void)state;
	row_init(&row, ROW_END);
	row.time_ns = SAMPLE_TIME;
	row.end.looks = INT64_MAX;
	row.end.records = INT64_MIN + 1;
	row.end.lost = 9007199254740993; /* no double holds it */
	row.end.cpu_s = 0.0000123;
	assert_record(&emit_json, &plain, &row,
		      "{\"v\":1,\"type\":\"end\",\"time\":\"2026-11-23T02:34:31.123456Z\",\"host\":null,"
		      "\"looks\":9223372036854775807,\"records\":-9223372036854775807,\"lost\":9007199254740993,"
		      "\"cpu_s\":0.000012}\n");
	row_init(&row, ROW_END);
	row.time_ns = SAMPLE_TIME;
	row.end.looks = 0;
	row.end.cpu_s = -INFINITY;
	assert_record(&emit_json, &plain, &row,
		      "{\"v\":1,\"type\":\"end\",\"time\":\"2026-11-23T02:34:31.123456Z\",\"host\":null,"
		      "\"looks\":0,\"records\":null,\"lost\":null,\"cpu_s\":null}\n");
}

static void start_and_lost_have_their_keys(void **state)
{
	struct row row;

	(void)state;
	row_init(&row, ROW_START);
	row.time_ns = SAMPLE_TIME;
	row.start.version = "0.1.0";
	row.start.kernel = "6.1.0";
	row.start.host = "web1";
	row.start.command = "readers";
	row.start.arguments = "readers -j";
	row.start.probes_used = "thread_scan socket_scan";
	row.start.interval_s = 0.25;
	assert_record(
		&emit_json, &plain, &row,
		"{\"v\":1,\"type\":\"start\",\"time\":\"2026-11-23T02:34:31.123456Z\",\"version\":\"0.1.0\","
		"\"kernel\":\"6.1.0\",\"host\":\"web1\",\"command\":\"readers\",\"arguments\":\"readers -j\","
		"\"interval_s\":0.25,\"probes_used\":\"thread_scan socket_scan\",\"probes_missing\":null,\"flight_s\":null}\n");
	row_init(&row, ROW_LOST);
	row.time_ns = SAMPLE_TIME;
	row.lost.where = "events";
	row.lost.count = 12;
	assert_record(
		&emit_json, &plain, &row,
		"{\"v\":1,\"type\":\"lost\",\"time\":\"2026-11-23T02:34:31.123456Z\",\"host\":null,\"where\":\"events\","
		"\"count\":12,\"pid\":null,\"comm\":null,\"why\":null}\n");
}

static void long_text_is_whole(void **state)
{
	static char text[100001], expected[100200];
	struct row row;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	row_init(&row, ROW_LOST);
	row.time_ns = SAMPLE_TIME;
	row.lost.where = text;
	snprintf(
		expected, sizeof(expected),
		"{\"v\":1,\"type\":\"lost\",\"time\":\"2026-11-23T02:34:31.123456Z\",\"host\":null,\"where\":\"%s\",\"count\":null,"
		"\"pid\":null,\"comm\":null,\"why\":null}\n",
		text);
	assert_record(&emit_json, &plain, &row, expected);
}

/* The ids of the records written. */
static void assert_ids(const struct options *options, const char *expected)
{
	static const enum stall_event events[] = {STALL_NONE, STALL_OPEN, STALL_CHANGE, STALL_CLOSE};
	static const char *const ids[] = {"a", "b", "c", "d"};
	struct row rows[COUNT_OF(events)];
	struct report report = {.rows = rows, .count = COUNT_OF(rows)};
	struct look look = {0};
	struct capture capture;
	char found[64] = "";
	void *state = NULL;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		row_init(&rows[i], ROW_LOOP);
		rows[i].event = events[i];
		rows[i].id = ids[i];
	}
	capture_open(&capture);
	assert_int_equal(emit_json.open(&state, options, capture.file), 0);
	assert_int_equal(emit_json.look(state, &report, &look), 0);
	emit_json.close(state);
	for (const char *line = capture_close(&capture); *line; line = strchr(line, '\n') + 1) {
		json_t *record = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);

		assert_non_null(record);
		strcat(found, json_string_value(json_object_get(record, "id")));
		if (json_is_null(json_object_get(record, "event")))
			strcat(found, "-");
		json_decref(record);
	}
	assert_string_equal(found, expected);
}

static void rows_without_news_need_all_or_once(void **state)
{
	(void)state;
	assert_ids(&plain, "bcd");
	assert_ids(&all, "a-bcd");
	assert_ids(&(struct options){.sinks.json = true, .pace.once = true}, "a-bcd");
}

static void a_full_disk_is_told(void **state)
{
	(void)state;
	assert_full_disk(&emit_json, &plain);
}

static void *no_memory(size_t size)
{
	(void)size;
	return NULL;
}

static void no_memory_is_told(void **state)
{
	struct row row = sample_reader();
	struct capture capture;
	void *emitter = NULL;

	(void)state;
	capture_open(&capture);
	assert_int_equal(emit_json.open(&emitter, &plain, capture.file), 0);
	json_set_alloc_funcs(no_memory, free);
	assert_int_equal(emit_json.record(emitter, &row), -ENOMEM);
	json_set_alloc_funcs(malloc, free);
	emit_json.close(emitter);
	assert_string_equal(capture_close(&capture), "");
}

static void a_histogram_is_an_array(void **state)
{
	struct options options = {0};
	struct capture capture;
	struct row row;
	void *json = NULL;
	const char *written;

	(void)state;
	row_init(&row, ROW_LOOP);
	row.loop.lag_histogram = (struct histogram){.bars = HISTOGRAM_BARS, .counts = {UINT32_MAX, 2, [19] = 1}};
	capture_open(&capture);
	assert_int_equal(emit_json.open(&json, &options, capture.file), 0);
	assert_int_equal(emit_json.record(json, &row), 0);
	emit_json.close(json);
	written = capture_close(&capture);
	assert_non_null(strstr(written, "\"lag_histogram\":[4294967295,2,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1],"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_one_line_with_every_key),
		cmocka_unit_test(one_record_of_several_has_their_processes),
		cmocka_unit_test(a_hostile_name_stays_inside_its_quotes),
		cmocka_unit_test(numbers_keep_their_limits),
		cmocka_unit_test(start_and_lost_have_their_keys),
		cmocka_unit_test(long_text_is_whole),
		cmocka_unit_test(rows_without_news_need_all_or_once),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(no_memory_is_told),
		cmocka_unit_test(a_histogram_is_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
