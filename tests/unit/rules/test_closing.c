/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about closing connections, row by row, and the rows that come of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "look/timers.h"
#include "make_look.h"
#include "reports/reports.h"
#include "rules/closing.h"
#include "system/tcp_states.h"

#define NOW (10000 * SECOND)

/* Request and answer, a FIN behind it, and then nothing for 70 s. */
static void close_wait(struct socket_record *socket)
{
	socket->name.state = STATE_CLOSE_WAIT;
	socket->flags = SOCKET_ACCEPTED | SOCKET_EOF_READ | SOCKET_HAS_MORE;
	socket->bytes_received = 101;
	socket->bytes_sent = 200;
	socket->last_received_ns = NOW - 90 * SECOND;
	socket->last_sent_ns = NOW - 80 * SECOND;
	socket->last_ack_ns = NOW - 70 * SECOND;
	socket->snd_wnd = 1000;
}

static void not_read(struct socket_record *socket)
{
	close_wait(socket);
	socket->flags &= ~SOCKET_EOF_READ;
	socket->unread_bytes = 30;
}

static void nobody_spoke(struct socket_record *socket)
{
	close_wait(socket);
	socket->bytes_received = 1; /* the FIN */
	socket->bytes_sent = 0;
}

static void request_unanswered(struct socket_record *socket)
{
	close_wait(socket);
	socket->last_sent_ns = NOW - 100 * SECOND;
}

/* Within a tick: the FIN has covered up which came first. */
static void answered_at_once(struct socket_record *socket)
{
	close_wait(socket);
	socket->last_received_ns = socket->last_sent_ns + SECOND / 250;
}

/* Ours was acknowledged alone: what the peer said came before it. */
static void acknowledged_later(struct socket_record *socket)
{
	answered_at_once(socket);
	socket->delivered_ns = socket->last_received_ns + SECOND / 25;
}

static void lingers(struct socket_record *socket)
{
	close_wait(socket);
	socket->name.state = STATE_FIN_WAIT1;
	socket->flags = SOCKET_HAS_MORE | SOCKET_RETRANSMIT_TIMER;
	socket->packets_out = socket->unacked_bytes = 1;
	socket->retransmits = 6;
	socket->first_sent_ns = NOW - 30 * SECOND;
	socket->timer_ns = NOW + SECOND;
	socket->rto_ns = 12 * SECOND;
	socket->retries2 = 15;
	socket->linger_ns = 60 * SECOND;
}

static void request_unanswered_for_long(struct socket_record *socket)
{
	request_unanswered(socket);
	socket->last_received_ns = socket->last_sent_ns = socket->last_ack_ns = NOW - 301 * SECOND;
}

static void answered_lately(struct socket_record *socket)
{
	close_wait(socket);
	socket->last_sent_ns = socket->last_ack_ns = NOW - SECOND;
}

static void still_sending(struct socket_record *socket)
{
	close_wait(socket);
	socket->unacked_bytes = 100;
	socket->packets_out = 1;
}

static void fin_wait2(struct socket_record *socket)
{
	close_wait(socket);
	socket->name.state = STATE_FIN_WAIT2;
	socket->flags = SOCKET_ACCEPTED | SOCKET_HAS_MORE;
}

static void fin_wait2_receiving(struct socket_record *socket)
{
	fin_wait2(socket);
	socket->last_received_ns = NOW - 10 * SECOND;
}

/* The kernel ends it after a minute, give or take. */
static void fin_wait2_entry(struct socket_record *socket)
{
	memset(socket, 0, sizeof(*socket));
	socket->name.kind = SOCKET_KIND_TCP;
	socket->name.state = STATE_FIN_WAIT2;
	socket->flags = SOCKET_DEAD | SOCKET_TIMEWAIT;
	socket->entered_ns = NOW - 61 * SECOND;
	socket->timer_ns = NOW + SECOND;
}

static void fin_wait2_entry_of_long_timeout(struct socket_record *socket)
{
	fin_wait2_entry(socket);
	socket->entered_ns = NOW - 76 * SECOND;
}

static void last_ack_unanswered(struct socket_record *socket)
{
	close_wait(socket);
	socket->name.state = STATE_LAST_ACK;
	socket->flags = SOCKET_DEAD | SOCKET_HAS_MORE | SOCKET_RETRANSMIT_TIMER;
	socket->unacked_bytes = socket->packets_out = 1;
	socket->retransmits = 3;
	socket->first_sent_ns = NOW - 3 * SECOND;
	socket->timer_ns = NOW + SECOND;
}

static void last_ack_young(struct socket_record *socket)
{
	last_ack_unanswered(socket);
	socket->retransmits = 0;
}

static void fin_wait1_window_closed(struct socket_record *socket)
{
	close_wait(socket);
	socket->name.state = STATE_FIN_WAIT1;
	socket->flags = SOCKET_DEAD | SOCKET_HAS_MORE | SOCKET_PROBE_TIMER;
	socket->unsent_bytes = 500;
	socket->snd_wnd = 0;
	socket->backoff = 3;
	socket->timer_ns = NOW + 100 * MILLISECOND;
	socket->last_ack_ns = NOW - SECOND;
}

static const struct {
	void (*make)(struct socket_record *socket);
	const char *verdict, *fault, *why;
	enum severity severity;
	double age_s; /* -1: not known */
} cases[] = {
	{close_wait, "not_closed", "application", "nothing left to answer", SEVERITY_UNFINISHED, 70},
	{nobody_spoke, "not_closed", "application", "has not closed", SEVERITY_UNFINISHED, 70},
	{not_read, "not_read", "application", "has not read 30 bytes and the end of file", SEVERITY_SUSPECT, 70},
	{answered_at_once, "not_closed", "application", "most likely, answered", SEVERITY_SUSPECT, 70},
	{acknowledged_later, "not_closed", "application", "nothing left to answer", SEVERITY_UNFINISHED, 70},
	{lingers, "unanswered", "peer_or_path", "close() returns after at most 60.0 s (SO_LINGER)", SEVERITY_UNFINISHED,
	 30},
	{request_unanswered, "half_closed", NULL, "may still have", SEVERITY_NONE, 70},
	{request_unanswered_for_long, "not_closed", "application", "neither answered nor closed", SEVERITY_SUSPECT,
	 301},
	{answered_lately, "half_closed", NULL, "may still have", SEVERITY_NONE, 1},
	{still_sending, "half_closed", NULL, "may still have", SEVERITY_NONE, 70},
	{fin_wait2, "peer_not_closed", "peer_application", "has not closed its side", SEVERITY_SUSPECT, 70},
	{fin_wait2_receiving, "under_way", NULL, "being closed normally", SEVERITY_NONE, 70},
	{fin_wait2_entry, "under_way", NULL, "being closed normally", SEVERITY_NONE, 61},
	{fin_wait2_entry_of_long_timeout, "peer_not_closed", "peer_application", "drops the connection in 1.0 s",
	 SEVERITY_SUSPECT, 76},
	{last_ack_unanswered, "unanswered", "peer_or_path", "our FIN was retransmitted 3 times", SEVERITY_UNFINISHED,
	 3},
	{last_ack_young, "under_way", NULL, "being closed normally", SEVERITY_NONE, -1},
	{fin_wait1_window_closed, "window_zero", "peer_application", "500 bytes cannot be sent, nor our FIN",
	 SEVERITY_UNFINISHED, 2.9},
};

static void rules(void **state)
{
	struct arena arena = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct socket_record socket = {.name = {.kind = SOCKET_KIND_TCP}, .rto_ns = 200 * MILLISECOND};
		struct closing_evidence evidence = {
			.socket = &socket,
			.now_ns = NOW,
			.tick_ns = 4 * MILLISECOND,
			.patience_ns = 60 * SECOND,
			.long_idle_ns = 300 * SECOND,
			.connections = 1,
		};
		const struct closing_rule *rule;
		__u64 since;

		cases[i].make(&socket);
		evidence.ends_ns = timers_closing_ends(&socket, 0);
		rule = closing_verdict(&evidence);
		if (strcmp(rule->verdict->name, cases[i].verdict) || rule->severity != cases[i].severity)
			fail_msg("%zu: %s, not %s", i, rule->verdict->name, cases[i].verdict);
		assert_true(!rule->fault == !cases[i].fault);
		if (rule->fault)
			assert_string_equal(rule->fault, cases[i].fault);
		if (!strstr(rule->why(&arena, &evidence), cases[i].why))
			fail_msg("%zu: %s", i, rule->why(&arena, &evidence));
		since = closing_since(&socket, NOW);
		if (cases[i].age_s < 0)
			assert_int_equal(since, 0);
		else
			assert_true(fabs((double)(NOW - since) / 1e9 - cases[i].age_s) < 1e-6);
	}
	arena_free(&arena);
}

/* 8 retransmissions from a first timeout of 0.2 s, or 1 where the namespace says so; counted from the first of them. */
static void what_ends_an_orphan(void **state)
{
	struct socket_record socket = {.name = {.kind = SOCKET_KIND_TCP}, .rto_max_ns = 120 * SECOND, .retries2 = 15};

	(void)state;
	last_ack_unanswered(&socket);
	socket.retransmits = 0;
	socket.rto_ns = 200 * MILLISECOND;
	socket.timer_ns = NOW + 200 * MILLISECOND;
	assert_int_equal(timers_closing_ends(&socket, 0), NOW + 204600 * MILLISECOND);
	socket.orphan_retries = 1;
	assert_int_equal(timers_closing_ends(&socket, 0), NOW + 1400 * MILLISECOND);
	socket.flags = SOCKET_ACCEPTED | SOCKET_RETRANSMIT_TIMER;
	assert_true(timers_closing_ends(&socket, 0) > NOW + 900 * SECOND);
	close_wait(&socket);
	socket.unacked_bytes = socket.packets_out = 0;
	assert_int_equal(timers_closing_ends(&socket, 0), TIMERS_NEVER);
}

static size_t run(struct report *report, size_t count, bool held, void (*make)(struct socket_record *socket))
{
	struct options options = {.scope.command = COMMAND_CLOSING, .scope.min_age_ns = SECOND};
	struct look_builder builder;
	struct look look = {0};
	size_t i;

	look_begin(&builder, NOW);
	for (i = 0; i < count; i++) {
		struct socket_record *socket = look_add_socket(&builder, SOCKET_KIND_TCP, STATE_CLOSE_WAIT);

		make(socket);
		if (held)
			look_add_owner(&builder, &socket->name, 20, 5 + (int)i, "leaky");
	}
	look_finish(&builder, &look);
	assert_int_equal(report_run(report, &look, NULL, &options.scope), 0);
	look_free(&look);
	return report->count;
}

static void row(void **state)
{
	struct report report = {0};

	(void)state;
	assert_int_equal(run(&report, 1, true, close_wait), 1);
	assert_string_equal(report.rows[0].verdict, "not_closed");
	assert_string_equal(report.rows[0].closing.state, "CLOSE_WAIT");
	assert_string_equal(report.rows[0].closing.fault, "application");
	assert_int_equal(report.rows[0].closing.eof_read, 1);
	assert_int_equal(report.rows[0].pid, 20);
	assert_int_equal(report.rows[0].fd, 5);
	assert_non_null(strstr(report.rows[0].why, "leaky (pid 20)"));
	report_free(&report);
}

static void normal_is_not_shown(void **state)
{
	struct report report = {0};

	(void)state;
	assert_int_equal(run(&report, 1, true, answered_lately), 0);
	assert_int_equal(run(&report, 1, true, request_unanswered), 0);
	report_free(&report);
}

/* It lies in an accept queue: that is a handshake's business. */
static void not_accepted(struct socket_record *socket)
{
	close_wait(socket);
	socket->flags = 0;
}

static void others_are_left_alone(void **state)
{
	struct report report = {0};

	(void)state;
	assert_int_equal(run(&report, 1, false, not_accepted), 0);
	report_free(&report);
}

static void a_leak_is_one_finding(void **state)
{
	struct report report = {0};

	(void)state;
	assert_int_equal(run(&report, 100, true, close_wait), 100);
	report_free(&report);
	assert_int_equal(run(&report, 101, true, close_wait), 1);
	assert_int_equal(report.rows[0].closing.connections, 101);
	assert_non_null(strstr(report.rows[0].why, "101 connections like this"));
	report_free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),
		cmocka_unit_test(what_ends_an_orphan),
		cmocka_unit_test(row),
		cmocka_unit_test(normal_is_not_shown),
		cmocka_unit_test(others_are_left_alone),
		cmocka_unit_test(a_leak_is_one_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
