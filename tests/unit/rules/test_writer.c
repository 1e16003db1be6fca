/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about writers, row by row, and the rows that come of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <sys/syscall.h>

#include "look/signs.h"
#include "make_look.h"
#include "reports/reports.h"
#include "rules/writer.h"
#include "system/tcp_states.h"

#define NOW (10000 * SECOND)

/* The buffer is full, and what is in it is on its way. */
static struct socket_record busy(void)
{
	return (struct socket_record){
		.name = {.kind = SOCKET_KIND_TCP, .state = 1},
		.seen_ns = NOW,
		.flags = SOCKET_HAS_MORE | SOCKET_RETRANSMIT_TIMER,
		.last_received_ns = NOW - 60 * SECOND,
		.last_sent_ns = NOW,
		.last_ack_ns = NOW - 10 * MILLISECOND,
		.timer_ns = NOW + 200 * MILLISECOND,
		.rto_ns = 200 * MILLISECOND,
		.rto_max_ns = 120 * SECOND,
		.retries2 = 15,
		.snd_wnd = 60000,
		.unacked_bytes = 50000,
		.packets_out = 35,
		.unsent_bytes = 1000000,
		.queued_bytes = 2000000,
		.send_buffer = 1900000,
	};
}

static void nothing_more(struct socket_record *socket)
{
	(void)socket;
}

static void closed(struct socket_record *socket, __u32 backoff)
{
	socket->flags = SOCKET_HAS_MORE | SOCKET_PROBE_TIMER;
	socket->unacked_bytes = socket->packets_out = socket->snd_wnd = 0;
	socket->backoff = backoff;
	socket->timer_ns = NOW + 100 * MILLISECOND;
}

/* Probes after 0.2, 0.4 and 0.8 s, and the next in 0.1 s: closed for 2.9 s. */
static void window_closed(struct socket_record *socket)
{
	closed(socket, 3);
}

/* Closed for 0.5 s. */
static void window_just_closed(struct socket_record *socket)
{
	closed(socket, 1);
}

static void window_never_probed(struct socket_record *socket)
{
	closed(socket, 0);
}

static void window_unanswered(struct socket_record *socket)
{
	closed(socket, 3);
	socket->probes_out = 3;
	socket->last_ack_ns = NOW - 3 * SECOND;
}

static void data_unanswered(struct socket_record *socket)
{
	socket->retransmits = 2;
	socket->first_sent_ns = NOW - 2 * SECOND;
	socket->last_ack_ns = NOW - 3 * SECOND;
}

static void sent_again(struct socket_record *socket)
{
	socket->retransmits = 1;
}

static void has_room(struct socket_record *socket)
{
	socket->queued_bytes = 1000;
}

/* sendto(MSG_FASTOPEN) connects first. */
static void connecting(struct socket_record *socket)
{
	data_unanswered(socket);
	socket->name.state = STATE_SYN_SENT;
	socket->unacked_bytes = socket->packets_out = 1;
	socket->unsent_bytes = socket->queued_bytes = 0;
	socket->syn_retries = 6;
}

static void is_unix(struct socket_record *socket)
{
	socket->name.kind = SOCKET_KIND_UNIX;
}

static const struct {
	void (*change)(struct socket_record *socket);
	const char *verdict, *why;
	enum severity severity;
} cases[] = {
	{nothing_more, "sending", "1050000 bytes in the send queue", SEVERITY_NONE},
	{window_closed, "window_zero", "closed for 2.9 s", SEVERITY_WAITING},
	{window_just_closed, "sending", "takes", SEVERITY_NONE},
	{window_never_probed, "sending", "takes", SEVERITY_NONE},
	{window_unanswered, "peer_dead", "3 window probes without an answer", SEVERITY_DEAD},
	{data_unanswered, "peer_dead", "retransmitted 2 times without an ACK", SEVERITY_DEAD},
	{sent_again, "network_loss", "segments are lost", SEVERITY_WAITING},
	{has_room, "waiting", "has room", SEVERITY_NONE},
	{connecting, "no_answer", "for 2.0 s, retransmitted 2 times; the kernel gives up in", SEVERITY_WAITING},
	{is_unix, "waiting", "the other end does not read", SEVERITY_NONE},
};

static void rules(void **state)
{
	struct thread_record thread = {.process_comm = "writer"};
	struct arena arena = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct socket_record socket = busy();
		struct writer_evidence evidence = {.thread = &thread, .socket = &socket, .now_ns = NOW};
		const struct writer_rule *rule;
		const char *why;

		cases[i].change(&socket);
		evidence.closed_since_ns = signs_window_closed_since(&socket, NOW);
		evidence.end = timers_write_ends(&socket, NOW - 5 * SECOND, 0);
		rule = writer_verdict(&evidence);
		assert_string_equal(rule->verdict->name, cases[i].verdict);
		assert_int_equal(rule->severity, cases[i].severity);
		why = rule->why(&arena, &evidence);
		if (!strstr(why, cases[i].why))
			fail_msg("%s: %s", cases[i].verdict, why);
		assert_true(!rule->advice == !severity_is_stuck(rule->severity));
		if (rule->advice)
			assert_non_null(strstr(rule->advice(&arena, &evidence), "sockstall end "));
	}
	arena_free(&arena);
}

#define PIPE SOCKET_KIND_PIPE
#define UNIX SOCKET_KIND_UNIX

/* Unix sockets and pipes: how long the thread slept, and nothing was taken (0: not known), in ms; who reads, or 0. */
static const struct {
	__u8 kind, state;
	__u64 slept, untaken;
	__u32 reader, reader_flags;
	const char *verdict, *why;
} unread[] = {
	{UNIX, STATE_ESTABLISHED, 3000, 2000, 7, 0, "not_read",
	 "for 3.0 s: syslog (pid 7), at the other end of the unix socket, does not read (nothing read for at least 2.0 s); no "
	 "send timeout"},
	{UNIX, STATE_ESTABLISHED, 9000, 1900, 7, 0, "waiting", "it waits for buffer space"},
	{UNIX, STATE_ESTABLISHED, 9000, 0, 7, 0, "waiting", "it waits for buffer space"},
	{UNIX, STATE_ESTABLISHED, 3000, 2000, 0, 0, "not_read",
	 "the process at the other end of the unix socket does not read"},
	{UNIX, STATE_ESTABLISHED, 3000, 2000, 7, OWNER_AT_WORK | OWNER_HAS_TERMINAL, "not_read", "does not read"},
	{UNIX, STATE_CLOSE, 5000, 0, 0, 0, "not_read",
	 "the write has been blocked for 5.0 s: the process that the datagram is for"},
	{UNIX, STATE_CLOSE, 4900, 0, 0, 0, "waiting", "it waits for buffer space"},
	{PIPE, 0, 5000, 2000, 7, 0, "not_read", "at the other end of the pipe, does not read"},
	{PIPE, 0, 4900, 4000, 7, 0, "waiting", "it waits for buffer space"},
	{PIPE, 0, 90000, 1900, 7, 0, "waiting", "it waits for buffer space"},
	{PIPE, 0, 90000, 9000, 7, OWNER_AT_WORK, "waiting", "syslog (pid 7), at the other end of the pipe, is at work"},
	{PIPE, 0, 90000, 9000, 7, OWNER_HAS_TERMINAL, "waiting", "has a terminal: most likely a person reads there"},
	{PIPE, 0, 90000, 9000, 0, 0, "not_read", "the process at the other end of the pipe does not read"},
};

static void who_does_not_read(void **state)
{
	struct thread_record thread = {.pid = 5, .process_comm = "writer"};
	struct arena arena = {0};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(unread); i++) {
		struct owner_record reader = {
			.pid = unread[i].reader, .comm = "syslog", .flags = unread[i].reader_flags};
		struct socket_record socket = {.name = {.kind = unread[i].kind, .state = unread[i].state}};
		struct writer_evidence evidence = {
			.thread = &thread,
			.socket = &socket,
			.now_ns = NOW,
			.end = {.by = WRITE_END_NEVER, .at_ns = TIMERS_NEVER},
			.slept_since_ns = NOW - unread[i].slept * MILLISECOND,
			.untaken_since_ns = unread[i].untaken ? NOW - unread[i].untaken * MILLISECOND : 0,
			.reader = unread[i].reader ? &reader : NULL,
		};
		const struct writer_rule *rule = writer_verdict(&evidence);
		const char *why = rule->why(&arena, &evidence);

		assert_string_equal(rule->verdict->name, unread[i].verdict);
		if (!strstr(why, unread[i].why))
			fail_msg("%zu: %s", i, why);
		assert_true(!rule->advice == !severity_is_stuck(rule->severity));
		if (rule->advice)
			assert_non_null(strstr(rule->advice(&arena, &evidence),
					       unread[i].reader ? "threads -p 7" : "chains -a -p 5"));
	}
	arena_free(&arena);
}

static void what_ends_a_write(void **state)
{
	struct socket_record socket = busy();
	struct write_end end;

	(void)state;
	assert_int_equal(timers_write_ends(&socket, NOW, 0).by, WRITE_END_PROTOCOL);
	socket.sndtimeo_ns = 30 * SECOND;
	end = timers_write_ends(&socket, NOW - 5 * SECOND, 0);
	assert_int_equal(end.by, WRITE_END_SNDTIMEO);
	assert_int_equal(end.at_ns, NOW + 25 * SECOND);
	socket.name.kind = SOCKET_KIND_UNIX;
	socket.sndtimeo_ns = 0;
	assert_int_equal(timers_write_ends(&socket, NOW, 0).by, WRITE_END_NEVER);
}

/* One writer, as a row; the thread has slept for `asleep`. */
static size_t report(struct report *report, __u64 asleep, bool all, int syscall)
{
	struct options options = {.scope.command = COMMAND_WRITERS, .scope.min_age_ns = SECOND, .scope.all = all};
	struct look_builder builder;
	struct socket_record *socket;
	struct look look = {0};
	struct thread_record *thread;

	look_begin(&builder, NOW);
	thread = look_add_sleeping(&builder, 10, 11, "writer", NOW - asleep);
	thread->syscall = syscall;
	thread->fd = 7;
	socket = look_add_thread_socket(&builder, SOCKET_KIND_TCP, 1);
	closed(socket, 3);
	socket->unsent_bytes = 5000;
	look_finish(&builder, &look);
	assert_int_equal(report_run(report, &look, NULL, &options.scope), 0);
	look_free(&look);
	return report->count;
}

static void row(void **state)
{
	struct report rows = {0};

	(void)state;
	assert_int_equal(report(&rows, 4 * SECOND, false, SYS_sendto), 1);
	assert_int_equal(rows.rows[0].type, ROW_WRITER);
	assert_string_equal(rows.rows[0].verdict, "window_zero");
	assert_int_equal(rows.rows[0].fd, 7);
	assert_int_equal(rows.rows[0].writer.unsent_bytes, 5000);
	assert_int_equal(rows.rows[0].writer.peer_window, 0);
	assert_true(fabs(rows.rows[0].writer.window_closed_s - 2.9) < 1e-6);
	assert_true(fabs(rows.rows[0].age_s - 4) < 1e-6);
	assert_true(rows.rows[0].stuck);
	report_free(&rows);
}

static void young_and_others(void **state)
{
	struct report rows = {0};

	(void)state;
	assert_int_equal(report(&rows, SECOND / 2, false, SYS_sendto), 0);
	assert_int_equal(report(&rows, 4 * SECOND, false, SYS_recvfrom), 0);
	assert_int_equal(report(&rows, SECOND / 2, true, SYS_sendto), 1);
	assert_false(rows.rows[0].stuck);
	report_free(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules), cmocka_unit_test(who_does_not_read), cmocka_unit_test(what_ends_a_write),
		cmocka_unit_test(row),	 cmocka_unit_test(young_and_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
