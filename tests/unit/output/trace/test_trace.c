/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <locale.h>
#include <math.h>

#include "output/trace/trace.h"
#include "sample.h"

#define SECOND 1000000000ULL
#define START  SAMPLE_TIME

static struct row at(enum row_type type, const char *id, int64_t pid, int64_t tid, const char *comm)
{
	struct row row;

	row_init(&row, type);
	row.id = id;
	row.event = STALL_OPEN;
	row.stuck = true;
	row.pid = pid;
	row.tid = tid;
	row.comm = comm;
	return row;
}

static struct row connected(struct row row, const char *local, int64_t local_port, const char *peer, int64_t peer_port)
{
	row.local_addr = local;
	row.local_port = local_port;
	row.peer_addr = peer;
	row.peer_port = peer_port;
	return row;
}

/* A look this many ms after the first. */
static void take(void *emitter, uint64_t ms, struct row *rows, size_t count)
{
	struct look_record head = {.realtime_ns = START + ms * 1000000};
	struct look look = {.head = &head};
	struct report report = {.rows = rows, .count = count};

	for (size_t i = 0; i < count; i++)
		rows[i].time_ns = head.realtime_ns;
	assert_int_equal(emit_trace.look(emitter, &report, &look), 0);
}

static void close_rows(struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		rows[i].event = STALL_CLOSE;
}

static void *begin(struct capture *capture)
{
	static const struct options plain;
	void *emitter = NULL;

	capture_open(capture);
	assert_int_equal(emit_trace.open(&emitter, &plain, capture->file), 0);
	return emitter;
}

static const char *end(void *emitter, struct capture *capture, const char *damage)
{
	assert_int_equal(emit_trace.finish(emitter, damage), 0);
	emit_trace.close(emitter);
	return capture_close(capture);
}

static void an_empty_recording(void **state)
{
	struct capture capture;
	void *emitter = begin(&capture);

	(void)state;
	take(emitter, 0, NULL, 0);
	assert_string_equal(end(emitter, &capture, "it \"ends\""),
			    "{\"traceEvents\":[\n],\n\"displayTimeUnit\":\"ms\",\n"
			    "\"otherData\":{\"begin\":\"2026-11-23T02:34:31.123456789Z\",\"lost\":0,\"omitted\":0,"
			    "\"damage\":\"it \\\"ends\\\"\",\"start\":{\"v\":1,\"type\":\"start\"}}}\n");
}

/* What stands in a row's args before what a test is about. */
#define ARGS(type, ms) \
	"\"args\":{\"v\":1,\"type\":\"" type "\",\"time\":\"2026-11-23T02:34:3" ms "Z\",\"event\":\"open\","

/*
 * A reader of thread 8 whose verdict changes, a listener, a healthy loop: a slice with an instant, an asynchronous
 * event, a counter.
 */
static void every_kind_of_event(void **state)
{
	struct row rows[] = {at(ROW_READER, "r", 7, 8, "wor\"ker"), at(ROW_LISTENER, "l", 7, NOT_KNOWN, "java"),
			     at(ROW_LOOP, NULL, 9, 9, "node")};
	struct capture capture;
	void *emitter = begin(&capture);

	(void)state;
	rows[0] = connected(rows[0], "10.0.0.1", 4000, "fd00::2", 80);
	rows[0].process_comm = "java";
	rows[0].since_ns = START - 2 * SECOND;
	rows[0].verdict = "awaiting_reply";
	rows[1].verdict = "dropping";
	rows[2].event = STALL_NONE;
	rows[2].loop.lag_max_s = 0.0125;
	rows[2].loop.lag_p99_s = 0.01;
	take(emitter, 0, rows, 3);
	rows[0].verdict = "peer_dead";
	rows[2].loop.lag_p99_s = NAN;
	take(emitter, 500, rows, 3);
	close_rows(rows, 1);
	take(emitter, 1000, rows, 2);
	assert_string_equal(
		end(emitter, &capture, NULL),
		"{\"traceEvents\":[\n"
		"{\"ph\":\"M\",\"pid\":9,\"tid\":0,\"name\":\"process_name\",\"args\":{\"name\":\"node\"}},\n"
		"{\"ph\":\"M\",\"pid\":9,\"tid\":9,\"name\":\"thread_name\",\"args\":{\"name\":\"node\"}},\n"
		"{\"ph\":\"M\",\"pid\":7,\"tid\":0,\"name\":\"process_name\",\"args\":{\"name\":\"java\"}},\n"
		"{\"ph\":\"M\",\"pid\":7,\"tid\":8,\"name\":\"thread_name\",\"args\":{\"name\":\"wor\\\"ker\"}},\n"
		"{\"ph\":\"b\",\"pid\":7,\"tid\":0,\"ts\":2000000.000,\"id\":\"0x2\",\"cat\":\"listener\",\"name\":\"listener: "
		"dropping\"," ARGS(
			"listener",
			"2.123456") "\"id\":\"l\",\"verdict\":\"dropping\",\"severity\":0,\"pid\":7,\"comm\":\"java\"}},\n"
				    "{\"ph\":\"e\",\"pid\":7,\"tid\":0,\"ts\":3000000.000,\"id\":\"0x2\",\"cat\":\"listener\",\"name\":\"listener: "
				    "dropping\"},\n"
				    "{\"ph\":\"X\",\"pid\":7,\"tid\":8,\"ts\":0.000,\"dur\":3000000.000,\"cat\":\"reader\",\"name\":\"reader "
				    "10.0.0.1:4000 - [fd00::2]:80: peer_dead\"," ARGS(
					    "reader",
					    "1.623456") "\"id\":\"r\",\"since\":\"2026-11-23T02:34:29.123456Z\",\"verdict\":\"peer_dead\",\"severity\":0,\"pid\":7,\"tid\":8,"
							"\"comm\":\"wor\\\"ker\",\"local_addr\":\"10.0.0.1\",\"local_port\":4000,\"peer_addr\":\"fd00::2\","
							"\"peer_port\":80}},\n"
							"{\"ph\":\"i\",\"pid\":7,\"tid\":8,\"ts\":2500000.000,\"s\":\"t\",\"name\":\"peer_dead\"},\n"
							"{\"ph\":\"C\",\"pid\":9,\"tid\":9,\"ts\":2000000.000,\"name\":\"loop lag 9 (ms)\",\"args\":{\"max\":12.5,\"p99\":10}},"
							"\n"
							"{\"ph\":\"C\",\"pid\":9,\"tid\":9,\"ts\":2500000.000,\"name\":\"loop lag 9 (ms)\",\"args\":{\"max\":12.5}}],\n"
							"\"displayTimeUnit\":\"ms\",\n"
							"\"otherData\":{\"begin\":\"2026-11-23T02:34:29.123456789Z\",\"lost\":0,\"omitted\":0,\"damage\":null,"
							"\"start\":{\"v\":1,\"type\":\"start\"}}}\n");
}

/* ---- Places ---- */

static void tell(struct story *story, uint64_t ms, struct row *rows, size_t count)
{
	struct look_record head = {.realtime_ns = START + ms * 1000000};
	struct look look = {.head = &head};
	struct report report = {.rows = rows, .count = count};

	for (size_t i = 0; i < count; i++)
		rows[i].time_ns = head.realtime_ns;
	assert_int_equal(story_look(story, &report, &look), 0);
}

static struct row since(struct row row, uint64_t ms)
{
	row.since_ns = START + ms * 1000000;
	return row;
}

static void assert_slice(const struct trace_slice *slice, const char *id, int64_t tid, uint64_t from_ms, uint64_t to_ms)
{
	assert_string_equal(slice->life->row.id, id);
	assert_int_equal(slice->tid, tid);
	assert_int_equal((slice->from_ns - START) / 1000000, from_ms);
	assert_int_equal((slice->to_ns - START) / 1000000, to_ms);
}

/* The loop that is blocked in a read is seen to go on a look before the read is seen to be over. */
static void slices_of_a_thread_lie_within_each_other(void **state)
{
	struct row rows[] = {since(at(ROW_READER, "read", 7, 7, "x"), 200), since(at(ROW_LOOP, "loop", 7, 7, "x"), 100),
			     since(at(ROW_READER, "other", 7, 8, "x"), 150)};
	struct story story = {0};
	struct trace_slice *slices;

	(void)state;
	tell(&story, 1000, rows, 3);
	close_rows(&rows[1], 1);
	tell(&story, 2000, rows, 3);
	close_rows(&rows[0], 1);
	tell(&story, 3000, (struct row[]){rows[0], rows[2]}, 2);
	slices = trace_place(&story);
	assert_slice(&slices[0], "loop", 7, 100, 2000);
	assert_slice(&slices[1], "read", 7, 200, 2000);
	assert_slice(&slices[2], "other", 8, 150, 3000);
	free(slices);
	story_free(&story);
}

static void handshakes_do_not_overlap(void **state)
{
	struct row rows[] = {since(at(ROW_HANDSHAKE, "a", 7, NOT_KNOWN, "x"), 100),
			     since(at(ROW_HANDSHAKE, "b", 7, NOT_KNOWN, "x"), 200),
			     since(at(ROW_HANDSHAKE, "c", 7, NOT_KNOWN, "x"), 1500)};
	struct story story = {0};
	struct trace_slice *slices;

	(void)state;
	tell(&story, 1000, rows, 2);
	close_rows(rows, 1);
	tell(&story, 1200, rows, 2);
	tell(&story, 2000, &rows[1], 2);
	slices = trace_place(&story);
	assert_slice(&slices[0], "a", TRACE_LANES, 100, 1200);
	assert_slice(&slices[1], "c", TRACE_LANES, 1500, 2000);
	assert_slice(&slices[2], "b", TRACE_LANES + 1, 200, 2000);
	free(slices);
	story_free(&story);
}

/* A client's handshake and its server's; a connection in the accept queue and the thread that reads instead. */
static void flows_lead_from_who_waits(void **state)
{
	struct row rows[] = {
		connected(since(at(ROW_HANDSHAKE, "client", 5, NOT_KNOWN, "c"), 0), "10.0.0.1", 4000, "10.0.0.2", 80),
		connected(since(at(ROW_HANDSHAKE, "server", 7, NOT_KNOWN, "s"), 50), "10.0.0.2", 80, "10.0.0.1", 4000),
		connected(since(at(ROW_HANDSHAKE, "queued", 7, NOT_KNOWN, "s"), 60), "10.0.0.2", 80, "10.0.0.9", 4001),
		connected(since(at(ROW_READER, "reader", 7, 7, "s"), 70), "10.0.0.2", 4002, "10.0.0.3", 5432),
		/* The same addresses at another time: not the other end of anything. */
		connected(since(at(ROW_READER, "early", 9, 9, "d"), 0), "10.0.0.3", 5432, "10.0.0.2", 4002),
	};
	struct story story = {0};
	struct trace_slice *slices;
	struct trace_flow *flows;
	size_t count;

	(void)state;
	rows[0].handshake.side = "client";
	rows[1].handshake.side = rows[2].handshake.side = "server";
	rows[1].handshake.stage = "SYN_RECV";
	rows[2].handshake.stage = "ACCEPT_QUEUE";
	tell(&story, 20, &rows[4], 1);
	close_rows(&rows[4], 1);
	tell(&story, 60, &rows[4], 1);
	tell(&story, 1000, rows, 4);
	slices = trace_place(&story);
	flows = trace_flows(slices, story.count, &count);
	assert_int_equal(count, 2);
	assert_string_equal(flows[0].from->life->row.id, "client");
	assert_string_equal(flows[0].to->life->row.id, "server");
	assert_int_equal((flows[0].time_ns - START) / 1000000, 50);
	assert_string_equal(flows[1].from->life->row.id, "queued");
	assert_string_equal(flows[1].to->life->row.id, "reader");
	assert_int_equal((flows[1].time_ns - START) / 1000000, 70);
	free(flows);
	free(slices);
	story_free(&story);
}

static void a_full_disk_is_told(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	void *emitter = NULL;

	(void)state;
	assert_int_equal(emit_trace.open(&emitter, NULL, full), 0);
	assert_int_equal(emit_trace.finish(emitter, NULL), -ENOSPC);
	emit_trace.close(emitter);
	fclose(full);
}

/* The last of as many as there may be: none of its threads is taken for a track of handshakes. */
static void hosts_have_tracks_of_their_own(void **state)
{
	struct row rows[] = {
		at(ROW_READER, "web/r", 7, 7, "java"),
		at(ROW_READER, "db/r", 7, 7, "java"),
		at(ROW_READER, "last/r", 4194303, 4194303, "java"),
		at(ROW_LOOP, "db/l", 9, 9, "node"),
		at(ROW_HANDSHAKE, "db/h", 7, NOT_KNOWN, "java"),
	};
	static const char *const hosts[] = {"web", "db", "last", "db", "db"};
	static const unsigned int places[] = {0, 1, 255, 1, 1};
	struct capture capture;
	void *emitter = begin(&capture);
	const char *text;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		rows[i].host = hosts[i];
		rows[i].host_at = places[i];
		rows[i].with_others = true;
	}
	rows[3].loop.lag_max_s = 0.01;
	take(emitter, 0, rows, COUNT_OF(rows));
	text = end(emitter, &capture, NULL);
	assert_non_null(strstr(text, "\"process_name\",\"args\":{\"name\":\"web:java\"}"));
	assert_non_null(strstr(text, "\"process_name\",\"args\":{\"name\":\"db:java\"}"));
	assert_non_null(strstr(text, "\"process_name\",\"args\":{\"name\":\"db:node\"}"));
	assert_non_null(strstr(text, "\"pid\":5000007,\"tid\":2000000000,\"name\":\"thread_name\",\"args\":{\"name\":"
				     "\"handshakes 1\"}"));
	assert_non_null(strstr(text, "\"pid\":1279194303,\"tid\":1279194303,\"name\":\"thread_name\",\"args\":{"
				     "\"name\":\"java\"}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_have_tracks_of_their_own),
		cmocka_unit_test(an_empty_recording),
		cmocka_unit_test(every_kind_of_event),
		cmocka_unit_test(slices_of_a_thread_lie_within_each_other),
		cmocka_unit_test(handshakes_do_not_overlap),
		cmocka_unit_test(flows_lead_from_who_waits),
		cmocka_unit_test(a_full_disk_is_told),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
