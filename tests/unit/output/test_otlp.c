/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <jansson.h>
#include <math.h>

#include "output/otlp.h"
#include "rows/links.h"
#include "sample.h"

static const struct options plain = {.sinks.otlp = true};

#define RESOURCE(more)                                                                             \
	"{\"resourceLogs\":[{\"resource\":{\"attributes\":["                                       \
	"{\"key\":\"service.name\",\"value\":{\"stringValue\":\"sockstall\"}},"                    \
	"{\"key\":\"service.version\",\"value\":{\"stringValue\":\"" SOCKSTALL_VERSION "\"}}" more \
	"]},\"scopeLogs\":[{\"scope\":{\"name\":\"sockstall\",\"version\":\"" SOCKSTALL_VERSION "\"},\"logRecords\":["
#define TIME                                         \
	"{\"timeUnixNano\":\"1795401271123456789\"," \
	"\"observedTimeUnixNano\":\"1795401271123456789\","
#define END	     "}]}]}]}\n"
#define TEXT(k, v)   "{\"key\":\"" k "\",\"value\":{\"stringValue\":\"" v "\"}}"
#define COUNT(k, v)  "{\"key\":\"" k "\",\"value\":{\"intValue\":\"" v "\"}}"
#define NUMBER(k, v) "{\"key\":\"" k "\",\"value\":{\"doubleValue\":" v "}}"

static void a_record_is_one_log_with_what_is_known(void **state)
{
	struct row row = sample_reader();

	(void)state;
	row.severity = 25;
	assert_look(&emit_otlp, &plain, &row, 1,
		    RESOURCE("")
			    TIME "\"severityNumber\":14,\"severityText\":\"WARN2\",\"body\":{\"stringValue\":"
				 "\"we sent 217 bytes 31.2 s ago and 5 retransmissions went unanswered\"},\"attributes\":[" COUNT("sockstall.v", "1") "," TEXT("sockstall.type", "reader") "," TEXT("sockstall.event", "open") "," TEXT("sockstall.id", "reader:1234.99:7") "," TEXT("sockstall.since", "2026-11-23T02:33:59.923456Z") "," NUMBER("sockstall.age_s",
																																										  "31.2") "," TEXT("sockstall.verdict",
																																												   "peer_dead") "," COUNT("sockstall.severity", "25") "," TEXT("sockstall.advice", "set TCP_USER_TIMEOUT") "," COUNT("process.pid",
																																																										     "1234") "," COUNT("sockstall.tid", "1234") "," TEXT("process.command", "java") "," COUNT("sockstall.fd", "7") "," COUNT("sockstall.netns", "4026531840") "," TEXT("sockstall.cookie",
																																																																														       "5001") "," TEXT("sockstall.family", "inet") "," TEXT("network.local.address",
																																																																																					     "10.0.0.1") "," COUNT("network.local.port",
																																																																																								   "443") "," TEXT("network.peer.address", "10.0.0.2") "," COUNT("network.peer.port", "5000") "," TEXT("sockstall.syscall", "read") "," TEXT("sockstall.kind",
																																																																																																									     "tcp") "," TEXT("sockstall.role", "client") "," NUMBER("sockstall.last_sent_s",
																																																																																																																    "0.3") "," COUNT("sockstall.bytes_sent",
																																																																																																																		     "217") ",{\"key\":\"sockstall.keepalive\",\"value\":{\"boolValue\":false}}]"
																																																																																																																			    ",\"eventName\":\"sockstall.reader\"" END);
}

/* The log of a row, behind the start record of a machine with this name. NULL: without one. */
static json_t *log_of(const struct row *row, const char *host)
{
	struct row start;
	struct capture capture;
	void *state = NULL;
	const char *line;
	json_t *log;

	row_init(&start, ROW_START);
	start.time_ns = SAMPLE_TIME;
	start.start.host = host;
	capture_open(&capture);
	assert_int_equal(emit_otlp.open(&state, &plain, capture.file), 0);
	assert_int_equal(emit_otlp.record(state, &start), 0);
	assert_int_equal(emit_otlp.record(state, row), 0);
	emit_otlp.close(state);
	line = strchr(capture_close(&capture), '\n') + 1;
	log = json_loads(line, 0, NULL);
	assert_non_null(log);
	return log;
}

static json_t *inner(json_t *log)
{
	json_t *logs = json_array_get(json_object_get(log, "resourceLogs"), 0);
	json_t *scope = json_array_get(json_object_get(logs, "scopeLogs"), 0);

	return json_array_get(json_object_get(scope, "logRecords"), 0);
}

/* What this list of attributes has of this name, as JSON; NULL: nothing. */
static const char *attribute(json_t *list, const char *name)
{
	static char text[4096];
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (strcmp(json_string_value(json_object_get(one, "key")), name))
			continue;
		text[json_dumpb(json_object_get(one, "value"), text, sizeof(text) - 1, JSON_COMPACT)] = '\0';
		return text;
	}
	return NULL;
}

static void its_resource_is_the_machine(void **state)
{
	struct row row = sample_reader();
	json_t *log = log_of(&row, "web1"), *logs = json_array_get(json_object_get(log, "resourceLogs"), 0);
	json_t *attributes = json_object_get(json_object_get(logs, "resource"), "attributes");

	(void)state;
	assert_string_equal(attribute(attributes, "host.name"), "{\"stringValue\":\"web1\"}");
	json_decref(log);
	log = log_of(&row, NULL);
	logs = json_array_get(json_object_get(log, "resourceLogs"), 0);
	assert_null(attribute(json_object_get(json_object_get(logs, "resource"), "attributes"), "host.name"));
	json_decref(log);
}

static void lists_are_arrays_of_values(void **state)
{
	struct arena arena = {0};
	struct link link = {.pid = 7,
			    .tid = NOT_KNOWN,
			    .comm = "nginx",
			    .fd = 3,
			    .kind = "tcp",
			    .holders = NOT_KNOWN,
			    .netns = NOT_KNOWN,
			    .local_port = NOT_KNOWN,
			    .peer_port = NOT_KNOWN,
			    .age_s = 1.5};
	struct row row = sample_reader();
	json_t *log, *attributes;

	(void)state;
	row.commands = "sockstall threads -p 7\nkill -CONT \"x\"";
	row.fold = (struct fold_fields){.count = 2, .pids = "12 1234", .oldest_s = 31.2, .youngest_s = NAN};
	log = log_of(&row, "web1");
	attributes = json_object_get(inner(log), "attributes");
	assert_string_equal(attribute(attributes, "sockstall.commands"),
			    "{\"arrayValue\":{\"values\":[{\"stringValue\":\"sockstall threads -p 7\"},"
			    "{\"stringValue\":\"kill -CONT \\\"x\\\"\"}]}}");
	assert_string_equal(attribute(attributes, "sockstall.pids"),
			    "{\"arrayValue\":{\"values\":[{\"intValue\":\"12\"},{\"intValue\":\"1234\"}]}}");
	assert_null(attribute(attributes, "sockstall.youngest_s"));
	json_decref(log);

	row_init(&row, ROW_CHAIN);
	row.time_ns = SAMPLE_TIME;
	row.chain.links = links_add(&arena, NULL, &link);
	log = log_of(&row, "web1");
	assert_string_equal(attribute(json_object_get(inner(log), "attributes"), "sockstall.links"),
			    "{\"arrayValue\":{\"values\":[{\"kvlistValue\":{\"values\":["
			    "{\"key\":\"pid\",\"value\":{\"intValue\":\"7\"}},"
			    "{\"key\":\"comm\",\"value\":{\"stringValue\":\"nginx\"}},"
			    "{\"key\":\"fd\",\"value\":{\"intValue\":\"3\"}},"
			    "{\"key\":\"kind\",\"value\":{\"stringValue\":\"tcp\"}},"
			    "{\"key\":\"age_s\",\"value\":{\"doubleValue\":1.5}}]}}]}}");
	json_decref(log);
	arena_free(&arena);

	row_init(&row, ROW_LOOP);
	row.time_ns = SAMPLE_TIME;
	row.loop.lag_histogram = (struct histogram){.bars = 2, .counts = {UINT32_MAX, 2}};
	log = log_of(&row, "web1");
	assert_string_equal(attribute(json_object_get(inner(log), "attributes"), "sockstall.lag_histogram"),
			    "{\"arrayValue\":{\"values\":[{\"intValue\":\"4294967295\"},{\"intValue\":\"2\"}]}}");
	json_decref(log);
}

static void levels_of_harm_are_severities(void **state)
{
	static const struct {
		enum row_type type;
		int64_t severity;
		int number;
		const char *text;
	} cases[] = {
		{ROW_READER, 0, 9, "INFO"},    {ROW_READER, 9, 9, "INFO"},     {ROW_READER, 10, 13, "WARN"},
		{ROW_READER, 49, 16, "WARN4"}, {ROW_READER, 50, 17, "ERROR"},  {ROW_READER, 89, 20, "ERROR4"},
		{ROW_READER, 90, 21, "FATAL"}, {ROW_READER, 100, 21, "FATAL"}, {ROW_LOST, 0, 13, "WARN"},
		{ROW_END, 90, 9, "INFO"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct row row;
		json_t *log;

		row_init(&row, cases[i].type);
		row.time_ns = SAMPLE_TIME;
		row.severity = cases[i].severity;
		log = log_of(&row, "web1");
		assert_int_equal(json_integer_value(json_object_get(inner(log), "severityNumber")), cases[i].number);
		assert_string_equal(json_string_value(json_object_get(inner(log), "severityText")), cases[i].text);
		json_decref(log);
	}
}

static void a_hostile_name_stays_inside_its_quotes(void **state)
{
	struct row row;
	json_t *log;

	(void)state;
	row_init(&row, ROW_THREAD);
	row.time_ns = SAMPLE_TIME;
	row.comm = HOSTILE;
	log = log_of(&row, HOSTILE);
	assert_string_equal(attribute(json_object_get(inner(log), "attributes"), "process.command"),
			    "{\"stringValue\":\"a\\u001B[2J\\\"\xef\xbf\xbd\\n\"}");
	assert_string_equal(json_string_value(json_object_get(json_object_get(inner(log), "body"), "stringValue")),
			    "thread");
	json_decref(log);
}

static void a_full_disk_is_told(void **state)
{
	(void)state;
	assert_full_disk(&emit_otlp, &plain);
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
	assert_int_equal(emit_otlp.open(&emitter, &plain, capture.file), 0);
	json_set_alloc_funcs(no_memory, free);
	assert_int_equal(emit_otlp.record(emitter, &row), -ENOMEM);
	json_set_alloc_funcs(malloc, free);
	emit_otlp.close(emitter);
	assert_string_equal(capture_close(&capture), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_one_log_with_what_is_known),
		cmocka_unit_test(its_resource_is_the_machine),
		cmocka_unit_test(lists_are_arrays_of_values),
		cmocka_unit_test(levels_of_harm_are_severities),
		cmocka_unit_test(a_hostile_name_stays_inside_its_quotes),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(no_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
