/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Watched descriptors: reading them, what is said of them, and the rows that come of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "look/timers.h"
#include "look/watch_facts.h"
#include "make_look.h"
#include "reports/reports.h"
#include "system/fdinfo.h"

#define NOW	    (10000 * SECOND)
#define ESTABLISHED 1
#define LISTEN	    10

static bool parse(struct fdinfo_watch *watch, const char *line)
{
	return fdinfo_watch_parse(watch, line, strlen(line));
}

static void lines_of_the_kernel(void **state)
{
	struct fdinfo_watch watch;

	(void)state;
	assert_true(parse(&watch, "tfd:        4 events: 80000019 data:     7f8700000004  pos:0 ino:14c4b3 sdev:9"));
	assert_int_equal(watch.fd, 4);
	assert_int_equal(watch.events, 0x80000019);
	assert_int_equal(watch.inode, 0x14c4b3);
	assert_true(parse(&watch, "tfd: 12345678 events:       19 data: ffffffffffffffff  pos:-1 ino:19 sdev:10"));
	assert_int_equal(watch.fd, 12345678);
	assert_int_equal(watch.events, 0x19);
}

static void other_lines(void **state)
{
	static const char *const lines[] = {
		"",
		"pos:\t0",
		"flags:\t02",
		"tfd:",
		"tfd: x events: 19 data: 0  pos:0 ino:19 sdev:10",
		"tfd: 4 events: 19",
		"tfd: 4 events: 19 data: 0",
		"tfd: 4 events: 19 data: 0  pos:0",
		"tfd: 4 events: 19 data: 0  pos:- ino:19 sdev:10",
		"tfd: 4 events: 19 data: 0  pos:0 ino:19",
		"tfd: 2147483648 events: 19 data: 0  pos:0 ino:19 sdev:10",
		"tfd: 4 events: 100000000 data: 0  pos:0 ino:19 sdev:10",
		"tfd: 4 events: 19 data: 11112222333344445  pos:0 ino:19 sdev:10",
		"tfd: -4 events: 19 data: 0  pos:0 ino:19 sdev:10",
	};
	struct fdinfo_watch watch;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(parse(&watch, lines[i]));
}

static void any_bytes(void **state)
{
	static const char *const words[] = {
		"tfd:", " ", "events: ", "data:", "pos:", "ino:", " sdev:", "12", "f", "-", "\n", "\xff"};
	struct fdinfo_watch watch;
	int round;

	(void)state;
	srandom(5);
	for (round = 0; round < 20000; round++) {
		char line[200] = "", *copy;
		int i, count = (int)(random() % 16);
		size_t length;

		for (i = 0; i < count; i++)
			strcat(line, words[random() % 12]);
		length = strlen(line);
		copy = malloc(length + 1); /* its end is watched by the sanitizer */
		memcpy(copy, line, length);
		fdinfo_watch_parse(&watch, copy, length);
		free(copy);
	}
}

static void events_as_text(void **state)
{
	struct arena arena = {0};

	(void)state;
	assert_string_equal(watch_events(&arena, 0x19), "in");
	assert_string_equal(watch_events(&arena, 0x8000201f), "in out rdhup pri et");
	assert_string_equal(watch_events(&arena, 0x40000000), "oneshot");
	assert_string_equal(watch_events(&arena, 0x10000001), "in exclusive");
	assert_string_equal(watch_events(&arena, 0), "");
	assert_true(strlen(watch_events(&arena, 0xffffffff)) < 128);
	arena_free(&arena);
}

static void kinds(void **state)
{
	struct watch_record watch = {.flags = WATCH_FOUND};
	struct socket_record socket = {.name = {.kind = SOCKET_KIND_TCP, .state = LISTEN}};

	(void)state;
	assert_string_equal(watch_kind(&watch, &socket), "listener");
	socket.name.state = ESTABLISHED;
	assert_string_equal(watch_kind(&watch, &socket), "tcp");
	socket.name.kind = SOCKET_KIND_OTHER;
	assert_string_equal(watch_kind(&watch, &socket), "socket");
	assert_string_equal(watch_kind(&watch, NULL), "file");
	watch.mode = S_IFIFO;
	assert_string_equal(watch_kind(&watch, NULL), "pipe");
	watch.mode = S_IFCHR;
	assert_string_equal(watch_kind(&watch, NULL), "device");
	watch.mode = 0;
	strcpy(watch.name, "inotify");
	assert_string_equal(watch_kind(&watch, NULL), "inotify");
	strcpy(watch.name, "[\x1b[2J]");
	assert_string_equal(watch_kind(&watch, NULL), "file");
	watch.flags = 0;
	assert_null(watch_kind(&watch, NULL));
}

static enum watch_role role_of(const char *name, __u8 kind, __u8 state)
{
	struct watch_record watch = {.flags = WATCH_FOUND};
	struct socket_record socket = {.name = {.kind = kind, .state = state}};

	snprintf(watch.name, sizeof(watch.name), "%s", name);
	return watch_role(&watch, kind ? &socket : NULL);
}

static void roles(void **state)
{
	struct watch_record gone = {.name = "[eventfd]"};

	(void)state;
	assert_int_equal(role_of("", SOCKET_KIND_TCP, ESTABLISHED), WATCH_CONNECTION);
	assert_int_equal(role_of("", SOCKET_KIND_UNIX, ESTABLISHED), WATCH_CONNECTION);
	assert_int_equal(role_of("", SOCKET_KIND_TCP, LISTEN), WATCH_UNKNOWN);
	assert_int_equal(role_of("", SOCKET_KIND_UNIX, LISTEN), WATCH_UNKNOWN);
	assert_int_equal(role_of("", SOCKET_KIND_UDP, ESTABLISHED), WATCH_UNKNOWN);
	assert_int_equal(role_of("[eventfd]", 0, 0), WATCH_HELPER);
	assert_int_equal(role_of("[signalfd]", 0, 0), WATCH_HELPER);
	assert_int_equal(role_of("[eventpoll]", 0, 0), WATCH_UNKNOWN);
	assert_int_equal(role_of("[io_uring]", 0, 0), WATCH_UNKNOWN);
	assert_int_equal(watch_role(&gone, NULL), WATCH_UNKNOWN);
}

static void make_connection(struct watch_record *watch, struct socket_record *socket)
{
	*watch = (struct watch_record){.flags = WATCH_FOUND | WATCH_HAS_SOCKET, .events = WATCH_EDGE | WATCH_IN};
	*socket = (struct socket_record){
		.seen_ns = NOW, .last_received_ns = NOW - 400 * SECOND, .unread_bytes = 5, .rcvlowat = 1};
	socket->name = (struct socket_name){.kind = SOCKET_KIND_TCP, .state = ESTABLISHED};
	socket->keepalive_time_ns = 7200 * SECOND;
	look_connect(&socket->name, "10.0.0.1", 80, "10.0.0.2", 4000);
}

static void what_is_missed(void **state)
{
	struct socket_record socket;
	struct watch_record watch;

	(void)state;
	make_connection(&watch, &socket);
	assert_true(watch_is_missed(&watch, &socket));
	assert_false(watch_is_missed(&watch, NULL));
	socket.rcvlowat = 6;
	assert_false(watch_is_missed(&watch, &socket));
	socket.rcvlowat = 1;
	watch.flags |= WATCH_ULP;
	assert_false(watch_is_missed(&watch, &socket));
	watch.flags &= ~(__u32)WATCH_ULP;
	watch.events = WATCH_EDGE | WATCH_OUT;
	assert_false(watch_is_missed(&watch, &socket));
	watch.events = WATCH_EDGE | WATCH_IN | WATCH_OUT | WATCH_RDHUP; /* as nginx does */
	assert_false(watch_is_missed(&watch, &socket));
	watch.events = WATCH_IN;
	assert_false(watch_is_missed(&watch, &socket));
	watch.events = WATCH_EDGE | WATCH_ONESHOT; /* it has fired */
	assert_false(watch_is_missed(&watch, &socket));
	watch.events = WATCH_EDGE | WATCH_IN | WATCH_ONESHOT;
	assert_true(watch_is_missed(&watch, &socket));
	socket.name.state = 10; /* TCP_LISTEN */
	assert_false(watch_is_missed(&watch, &socket));
	watch.queue = 1;
	assert_true(watch_is_missed(&watch, &socket));
	watch.flags |= WATCH_SHARED;
	assert_false(watch_is_missed(&watch, &socket));
	socket.name.state = 8; /* CLOSE_WAIT */
	assert_false(watch_is_missed(&watch, &socket));
	socket.name.state = LISTEN;
	assert_false(watch_is_missed(&watch, &socket));
}

static bool is_unbounded(const struct socket_record *socket)
{
	return watch_is_idle_unbounded(socket, 4 * MILLISECOND, LONG_IDLE_NS);
}

static void what_is_idle_unbounded(void **state)
{
	struct socket_record socket;
	struct watch_record watch;

	(void)state;
	make_connection(&watch, &socket);
	assert_true(is_unbounded(&socket));
	socket.rcvtimeo_ns = SECOND; /* of a read */
	assert_true(is_unbounded(&socket));
	socket.last_sent_ns = NOW - 299 * SECOND;
	assert_false(is_unbounded(&socket));
	socket.last_sent_ns = 0;
	socket.flags = SOCKET_KEEPALIVE;
	socket.keepalive_timer_ns = NOW + SECOND;
	socket.keepalive_probes = 9;
	assert_false(is_unbounded(&socket));
	socket.flags = 0;
	socket.name.state = 8; /* CLOSE_WAIT: the peer has said so */
	assert_false(is_unbounded(&socket));
	socket.name.state = ESTABLISHED;
	look_connect(&socket.name, "10.0.0.1", 80, "10.0.0.1", 4000);
	assert_false(is_unbounded(&socket));
	look_connect(&socket.name, "::1", 80, "::1", 4000);
	assert_false(is_unbounded(&socket));
	look_connect(&socket.name, "10.0.0.1", 80, "127.3.0.1", 4000);
	assert_false(is_unbounded(&socket));
	look_connect(&socket.name, "2001:db8::1", 80, "2001:db8::2", 4000);
	assert_true(is_unbounded(&socket));
	assert_false(is_unbounded(&(struct socket_record){0}));
}

/* A loop that lost a wake-up, in rows; its instance in counts. */
static void make_rows(struct look *look, struct report *report, const char *runtime)
{
	struct options options = {.scope.command = COMMAND_EPOLL, .scope.watches = true};
	struct instance_record *instance;
	struct thread_record *thread;
	struct socket_record *socket;
	struct look_builder builder;
	struct usage_record *usage;
	struct watch_record *watch;

	look_begin(&builder, NOW);
	usage = look_add(&builder, RECORD_USAGE, 0);
	usage->pid = 10;
	usage->process_start_ns = 1 * SECOND;
	strcpy(usage->runtime, runtime);
	thread = look_add_sleeping(&builder, 10, 10, "app", NOW - 3 * SECOND);
	thread->syscall = SYS_epoll_wait;
	thread->args[0] = 4;
	instance = look_add_instance(&builder, 10, 4);
	watch = look_add_watch(&builder, instance, 7);
	watch->unread_since_ns = NOW - 2 * SECOND;
	socket = look_add_watch_socket(&builder, watch, SOCKET_KIND_TCP, ESTABLISHED);
	socket->unread_bytes = 5;
	socket->bytes_received = 12;
	socket->last_received_ns = NOW - 4 * SECOND;
	strcpy(look_add_watch(&builder, instance, 6)->name, "[eventfd]");
	look_finish(&builder, look);
	assert_int_equal(report_run(report, look, NULL, &options.scope), 0);
}

static void rows(void **state)
{
	struct report report = {0};
	struct look look = {0};

	(void)state;
	make_rows(&look, &report, "");
	assert_int_equal(report.count, 3);
	assert_string_equal(report.rows[0].verdict, "edge_stall");
	assert_int_equal(report.rows[0].loop.watches, 2);
	assert_int_equal(report.rows[0].loop.watches_edge, 2);
	assert_int_equal(report.rows[0].loop.watches_oneshot, 0);
	assert_int_equal(report.rows[0].loop.watches_idle_unbounded, 0);
	assert_true(fabs(report.rows[0].age_s - 4) < 1e-6);
	assert_non_null(strstr(report.rows[0].why, "descriptor 7 (10.0.0.1:4000 -> 10.0.0.2:80)"));
	assert_int_equal(report.rows[1].fd, 6);
	assert_string_equal(report.rows[1].watch.kind, "eventfd");
	assert_true(report.rows[1].watch.unread_bytes == NOT_KNOWN);
	assert_int_equal(report.rows[2].fd, 7);
	assert_string_equal(report.rows[2].watch.kind, "tcp");
	assert_string_equal(report.rows[2].watch.events, "in et");
	assert_int_equal(report.rows[2].watch.unread_bytes, 5);
	assert_true(fabs(report.rows[2].watch.unread_s - 2) < 1e-6);
	assert_true(fabs(report.rows[2].watch.last_received_s - 4) < 1e-6);
	assert_true(isnan(report.rows[2].watch.last_sent_s) && isnan(report.rows[2].watch.ends_by_s));
	report_free(&report);
	look_free(&look);
}

/* Unread data in it is data that nobody has asked for. */
static void runtime_that_remembers(void **state)
{
	static const char *const names[] = {"go", "nginx"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct report report = {0};
		struct look look = {0};

		make_rows(&look, &report, names[i]);
		assert_int_equal(report.count, 2);
		assert_int_equal(report.rows[0].type, ROW_WATCH);
		report_free(&report);
		look_free(&look);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_the_kernel),
		cmocka_unit_test(other_lines),
		cmocka_unit_test(any_bytes),
		cmocka_unit_test(events_as_text),
		cmocka_unit_test(kinds),
		cmocka_unit_test(roles),
		cmocka_unit_test(what_is_missed),
		cmocka_unit_test(what_is_idle_unbounded),
		cmocka_unit_test(rows),
		cmocka_unit_test(runtime_that_remembers),
	};

	return cmocka_run_group_tests_name("watches", tests, NULL, NULL);
}
