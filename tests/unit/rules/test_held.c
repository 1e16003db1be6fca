/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about connections on which no thread sleeps, row by row, and the rows that come of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <sys/syscall.h>

#include "base/array.h"
#include "make_look.h"
#include "reports/reports.h"
#include "rules/held.h"
#include "system/tcp_states.h"

#define NOW (10000 * SECOND)

/* A question that was answered long ago. */
static void idle(struct socket_record *socket, struct held_record *held)
{
	(void)held;
	socket->seen_ns = NOW;
	socket->flags |= SOCKET_HAS_MORE;
	socket->bytes_sent = socket->bytes_received = 100;
	socket->last_received_ns = NOW - 60 * SECOND;
	socket->last_sent_ns = socket->last_ack_ns = NOW - 60 * SECOND;
	socket->rto_ns = 200 * MILLISECOND;
	socket->rto_max_ns = 120 * SECOND;
	socket->retries2 = 15;
	socket->snd_wnd = 60000;
}

static void in_flight(struct socket_record *socket, struct held_record *held)
{
	socket->flags |= SOCKET_RETRANSMIT_TIMER;
	socket->timer_ns = NOW + 500 * MILLISECOND;
	socket->unacked_bytes = 400;
	socket->packets_out = 1;
	(void)held;
	socket->delivered_ns = NOW - 3 * SECOND;
}

static void once_sent_again(struct socket_record *socket, struct held_record *held)
{
	in_flight(socket, held);
	socket->retransmits = 1;
	socket->first_sent_ns = NOW - 2700 * MILLISECOND;
}

static void unanswered(struct socket_record *socket, struct held_record *held)
{
	once_sent_again(socket, held);
	socket->retransmits = 3;
}

static void stream_unanswered(struct socket_record *socket, struct held_record *held)
{
	unanswered(socket, held);
	socket->unsent_bytes = 5000;
	socket->last_ack_ns = socket->delivered_ns = NOW - 3100 * MILLISECOND;
}

/* Data of the peer's comes, and acknowledges nothing. */
static void heard_twice_sent_again(struct socket_record *socket, struct held_record *held)
{
	unanswered(socket, held);
	socket->retransmits = 2;
	socket->last_received_ns = socket->last_ack_ns = NOW - 200 * MILLISECOND;
}

static void twice_sent_again(struct socket_record *socket, struct held_record *held)
{
	heard_twice_sent_again(socket, held);
	socket->last_received_ns = NOW - 60 * SECOND;
	socket->last_ack_ns = NOW - 900 * MILLISECOND;
	socket->first_sent_ns = NOW - 700 * MILLISECOND;
	socket->delivered_ns = NOW - 900 * MILLISECOND;
}

static void window(struct socket_record *socket, struct held_record *held)
{
	(void)held;
	socket->flags |= SOCKET_PROBE_TIMER;
	socket->snd_wnd = 0;
	socket->unsent_bytes = 5000;
	socket->backoff = 6;
	socket->timer_ns = NOW + 1500 * MILLISECOND;
	socket->last_ack_ns = NOW - 400 * MILLISECOND;
}

/* After 0.2, 0.4 … 1.6 s, and the next in 0.2 s: closed for 9.3 s. */
static void window_short(struct socket_record *socket, struct held_record *held)
{
	window(socket, held);
	socket->backoff = 5;
	socket->timer_ns = NOW + 3300 * MILLISECOND;
}

static void window_unanswered(struct socket_record *socket, struct held_record *held)
{
	window(socket, held);
	socket->probes_out = 3;
	socket->last_ack_ns = NOW - 4 * SECOND;
}

static void keepalive_unanswered(struct socket_record *socket, struct held_record *held)
{
	(void)held;
	socket->flags |= SOCKET_KEEPALIVE;
	socket->keepalive_time_ns = 30 * SECOND;
	socket->keepalive_intvl_ns = 5 * SECOND;
	socket->keepalive_probes = 9;
	socket->probes_out = 3;
	socket->keepalive_timer_ns = NOW + 2 * SECOND;
}

static void connecting(struct socket_record *socket, struct held_record *held)
{
	unanswered(socket, held);
	socket->name.state = STATE_SYN_SENT;
	socket->unacked_bytes = 1;
	socket->bytes_sent = socket->bytes_received = 0;
	socket->first_sent_ns = NOW - 7 * SECOND;
	socket->syn_retries = 6;
}

/* A question after four that were answered. */
static void asked(struct socket_record *socket, struct held_record *held)
{
	socket->flags |= SOCKET_PORT_BOUND;
	socket->last_sent_ns = socket->last_ack_ns = NOW - 8 * SECOND;
	socket->data_segs_out = 5;
	socket->data_segs_in = 4;
	held->flags |= HELD_TURNS;
	held->turn = TURN_BEGAN;
	held->bursts = 1;
	held->answered = 4;
	held->slowest_ns = 900 * MILLISECOND;
	held->second_ns = 12 * MILLISECOND;
}

static void asked_just_now(struct socket_record *socket, struct held_record *held)
{
	asked(socket, held);
	socket->last_sent_ns = socket->last_ack_ns = NOW - 3 * SECOND;
}

static void answers_take_long(struct socket_record *socket, struct held_record *held)
{
	asked(socket, held);
	held->second_ns = 2 * SECOND;
}

static void too_few_answers(struct socket_record *socket, struct held_record *held)
{
	asked(socket, held);
	held->answered = 2;
}

static void speaks_twice(struct socket_record *socket, struct held_record *held)
{
	asked(socket, held);
	held->twice = 2;
}

static void talks_on(struct socket_record *socket, struct held_record *held)
{
	asked(socket, held);
	held->bursts = 3;
}

static void nobody_waits(struct socket_record *socket, struct held_record *held)
{
	asked(socket, held);
	held->flags = HELD_TURNS;
}

/* The same, and no look has seen what was before. */
static void asked_before_all_looks(struct socket_record *socket, struct held_record *held)
{
	asked(socket, held);
	held->flags &= ~(__u32)HELD_TURNS;
}

static void sends_only(struct socket_record *socket, struct held_record *held)
{
	asked_before_all_looks(socket, held);
	socket->data_segs_out = 40;
}

/* Never a byte came back, but to three others of its process one did. */
static void first(struct socket_record *socket, struct held_record *held)
{
	asked(socket, held);
	socket->bytes_received = 0;
	socket->data_segs_out = 1;
	socket->data_segs_in = 0;
	held->flags |= HELD_FIRST;
	held->turn = TURN_UNKNOWN;
	held->answered = 0;
	held->siblings = 3;
	held->siblings_slowest_ns = 30 * MILLISECOND;
}

static void first_of_one_sibling(struct socket_record *socket, struct held_record *held)
{
	first(socket, held);
	held->siblings = 1;
}

static void first_of_none(struct socket_record *socket, struct held_record *held)
{
	first(socket, held);
	held->siblings = 0;
}

static void first_of_slow_siblings(struct socket_record *socket, struct held_record *held)
{
	first(socket, held);
	held->siblings_slowest_ns = 2 * SECOND;
}

static void first_of_many_words(struct socket_record *socket, struct held_record *held)
{
	first(socket, held);
	held->bursts = 3;
}

/* It has talked for a while, before the first look. */
static void first_of_a_sender(struct socket_record *socket, struct held_record *held)
{
	first(socket, held);
	socket->data_segs_out = 4;
}

/* A large request. */
static void first_of_much(struct socket_record *socket, struct held_record *held)
{
	first(socket, held);
	socket->data_segs_out = 40;
	socket->last_received_ns = socket->last_sent_ns - 200 * MILLISECOND;
}

/* A busy loop's: each question came right after an answer. */
static void at_once(struct socket_record *socket, struct held_record *held)
{
	asked(socket, held);
	socket->last_received_ns = socket->last_sent_ns = NOW - 12 * SECOND;
	socket->delivered_ns = socket->last_ack_ns = NOW - 11950 * MILLISECOND;
	socket->data_segs_out = 9000;
	socket->data_segs_in = 9000;
	held->turn = TURN_AT_ONCE;
	held->answered = 0;
	held->at_once = 9;
	held->pongs = 1;
	held->peer_burst = 200;
}

static void at_once_just_now(struct socket_record *socket, struct held_record *held)
{
	at_once(socket, held);
	socket->last_received_ns = socket->last_sent_ns = NOW - 8 * SECOND;
	socket->delivered_ns = socket->last_ack_ns = NOW - 7950 * MILLISECOND;
}

static void at_once_now_and_then(struct socket_record *socket, struct held_record *held)
{
	at_once(socket, held);
	held->at_once = 4;
}

static void at_once_and_pongs(struct socket_record *socket, struct held_record *held)
{
	at_once(socket, held);
	held->pongs = 5;
}

/* What it says at once may be credit for more. */
static void at_once_after_much(struct socket_record *socket, struct held_record *held)
{
	at_once(socket, held);
	held->peer_burst = 1000000;
}

/* It said something at once before, and went on unanswered. */
static void at_once_but_no_question(struct socket_record *socket, struct held_record *held)
{
	at_once(socket, held);
	held->flags |= HELD_TALKS;
}

static void unread(struct socket_record *socket, struct held_record *held)
{
	(void)held;
	socket->flags |= SOCKET_LISTENER_CHILD;
	socket->unread_bytes = 217;
	socket->last_received_ns = NOW - 4 * SECOND;
}

static void much_unread(struct socket_record *socket, struct held_record *held)
{
	unread(socket, held);
	socket->unread_bytes = 100000;
}

static void unread_by_a_client(struct socket_record *socket, struct held_record *held)
{
	unread(socket, held);
	socket->flags = SOCKET_ACCEPTED | SOCKET_PORT_BOUND;
}

/* Verdict NULL: none; age 0: of none. */
static const struct {
	void (*change)(struct socket_record *socket, struct held_record *held);
	const char *verdict, *why;
	enum row_type type;
	double age_s;
	bool stuck;
} cases[] = {
	{idle, NULL, NULL, ROW_READER, 0, false},
	{in_flight, NULL, NULL, ROW_READER, 0, false},
	{once_sent_again, NULL, NULL, ROW_READER, 0, false},
	{twice_sent_again, NULL, NULL, ROW_READER, 0, false},
	{unanswered, "peer_dead", "400 bytes in flight, retransmitted 3 times", ROW_READER, 3, true},
	{stream_unanswered, "peer_dead", "400 bytes in flight and 5000 bytes unsent", ROW_WRITER, 3.1, true},
	{heard_twice_sent_again, "network_loss", "segments are lost", ROW_WRITER, 3, true},
	{keepalive_unanswered, "peer_dead", "3 keepalive probes unanswered", ROW_READER, 13, true},
	{window_unanswered, "peer_dead", "3 window probes without an answer", ROW_WRITER, 0, true},
	{window, "window_zero", "its application does not read", ROW_WRITER, 0, true},
	{window_short, "window_zero", "its application does not read", ROW_WRITER, 0, false},
	{asked, "awaiting_reply",
	 "it sent a request 8.0 s ago; its last 4 requests on this connection were answered within 900 ms", ROW_READER,
	 8, true},
	{asked_just_now, "awaiting_reply", "it sent a request 3.0 s ago", ROW_READER, 3, false},
	{answers_take_long, NULL, NULL, ROW_READER, 0, false},
	{too_few_answers, "awaiting_reply", "most likely a reply is due", ROW_READER, 8, true},
	{speaks_twice, NULL, NULL, ROW_READER, 0, false},
	{talks_on, NULL, NULL, ROW_READER, 0, false},
	{nobody_waits, NULL, NULL, ROW_READER, 0, false},
	{asked_before_all_looks, "awaiting_reply", "most likely a reply is due", ROW_READER, 8, true},
	{sends_only, NULL, NULL, ROW_READER, 0, false},
	{first, "awaiting_reply",
	 "it sent its first request 8.0 s ago, and nothing ever came back; other connections of its process to this "
	 "server (3) were answered within 30 ms; an event",
	 ROW_READER, 8, true},
	{first_of_one_sibling, "awaiting_reply", "nothing ever came back; most likely a reply is due", ROW_READER, 8,
	 true},
	{first_of_much, "awaiting_reply", "nothing ever came back; other", ROW_READER, 8, true},
	{first_of_a_sender, NULL, NULL, ROW_READER, 0, false},
	{first_of_none, NULL, NULL, ROW_READER, 0, false},
	{first_of_slow_siblings, NULL, NULL, ROW_READER, 0, false},
	{first_of_many_words, NULL, NULL, ROW_READER, 0, false},
	{at_once, "awaiting_reply", "most likely a reply is due: before, it sent something at once after each reply",
	 ROW_READER, 12, true},
	{at_once_just_now, "awaiting_reply", "most likely", ROW_READER, 8, false},
	{at_once_now_and_then, NULL, NULL, ROW_READER, 0, false},
	{at_once_and_pongs, NULL, NULL, ROW_READER, 0, false},
	{at_once_after_much, NULL, NULL, ROW_READER, 0, false},
	{at_once_but_no_question, NULL, NULL, ROW_READER, 0, false},
	{unread, "not_read", "node (pid 10) has not read 217 bytes from the peer, the last received 4.0 s ago",
	 ROW_READER, 4, true},
	{much_unread, NULL, NULL, ROW_READER, 0, false},
	{unread_by_a_client, NULL, NULL, ROW_READER, 0, false},
	{connecting, "no_answer", "no answer to our SYN for 7.0 s", ROW_WRITER, 7, true},
};

/* One connection of process 10, whose thread 10 sleeps in epoll_wait on descriptor 4. */
static void make(struct look *look, void (*change)(struct socket_record *socket, struct held_record *held), bool owned)
{
	struct look_builder builder;
	struct socket_record *socket;
	struct thread_record *thread;
	struct held_record *held;

	look_begin(&builder, NOW);
	thread = look_add_sleeping(&builder, 10, 10, "node", NOW - 5 * SECOND);
	thread->syscall = SYS_epoll_pwait;
	thread->args[0] = 4;
	held = look_add_held(&builder, &socket);
	held->waiter_pid = held->waiter_tid = 10;
	held->waiters = 1;
	look_connect(&socket->name, "10.0.0.1", 4000, "10.0.0.2", 80);
	idle(socket, held);
	change(socket, held);
	if (owned)
		look_add_owner(&builder, &socket->name, 10, 7, "node");
	look_finish(&builder, look);
}

static size_t report_on(struct report *rows, const struct look *look, enum command command, bool all)
{
	struct scope scope = {.command = command, .min_age_ns = SECOND, .all = all};

	assert_int_equal(report_run(rows, look, NULL, &scope), 0);
	return rows->count;
}

static size_t report(struct report *rows, void (*change)(struct socket_record *socket, struct held_record *held),
		     enum command command, bool all)
{
	struct look look = {0};
	size_t count;

	make(&look, change, true);
	count = report_on(rows, &look, command, all);
	look_free(&look);
	return count;
}

static void check_row(const struct row *row, size_t at)
{
	const struct waiter_fields *held = row->type == ROW_READER ? &row->reader.held : &row->writer.held;

	assert_string_equal(row->verdict, cases[at].verdict);
	assert_int_equal(row->type, cases[at].type);
	assert_true(row->stuck == cases[at].stuck);
	if (!strstr(row->why, cases[at].why) ||
	    !strstr(row->why, "an event loop waits on the connection in epoll_pwait"))
		fail_msg("%s: %s", cases[at].verdict, row->why);
	assert_non_null(strstr(row->advice, "sockstall end "));
	if (cases[at].age_s > 0 && fabs(row->age_s - cases[at].age_s) > 1e-6)
		fail_msg("%s %zu: %f", cases[at].verdict, at, row->age_s);
	assert_int_equal(row->pid, 10);
	assert_int_equal(row->tid, 10);
	assert_int_equal(row->fd, 7);
	assert_string_equal(row->comm, "node");
	assert_string_equal(held->waiter, "loop");
	assert_int_equal(held->epoll_fd, 4);
}

static void rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		enum command command = cases[i].type == ROW_READER ? COMMAND_READERS : COMMAND_WRITERS;
		struct report rows = {0};

		assert_int_equal(report(&rows, cases[i].change, command, true), cases[i].verdict != NULL);
		if (cases[i].verdict)
			check_row(&rows.rows[0], i);
		report_free(&rows);
	}
}

static void each_command_has_its_own(void **state)
{
	struct report readers = {0}, writers = {0};

	(void)state;
	assert_int_equal(report(&readers, unanswered, COMMAND_READERS, false), 1);
	assert_int_equal(report(&writers, unanswered, COMMAND_WRITERS, false), 0);
	assert_int_equal(report(&readers, window, COMMAND_READERS, false), 1);
	assert_int_equal(report(&writers, window, COMMAND_WRITERS, false), 1);
	report_free(&readers);
	report_free(&writers);
}

static void who_has_gone_is_not_told(void **state)
{
	struct report rows = {0};
	struct look look = {0};

	(void)state;
	make(&look, unanswered, false);
	assert_int_equal(report_on(&rows, &look, COMMAND_READERS, true), 0);
	look_free(&look);
	report_free(&rows);
}

/*
 * While the look was taken its descriptor was closed, and is another connection's now; or it was handed to another
 * process.
 */
static void a_descriptor_that_changes(void **state)
{
	for (int handed_over = 0; handed_over < 2; handed_over++) {
		struct look_builder builder;
		struct socket_record *socket;
		struct socket_name other;
		struct held_record *held;
		struct report rows = {0};
		struct look look = {0};

		look_begin(&builder, NOW);
		look_add_sleeping(&builder, 10, 10, "node", NOW - 5 * SECOND);
		held = look_add_held(&builder, &socket);
		held->waiter_pid = held->waiter_tid = 10;
		held->waiters = 1;
		idle(socket, held);
		unanswered(socket, held);
		other = socket->name;
		other.inode++;
		other.cookie++;
		look_add_owner(&builder, handed_over ? &socket->name : &other, handed_over ? 11 : 10, 7, "node");
		look_finish(&builder, &look);
		assert_int_equal(report_on(&rows, &look, COMMAND_READERS, true), handed_over);
		if (handed_over) {
			assert_int_equal(rows.rows[0].pid, 11);
			assert_int_equal(rows.rows[0].tid, NOT_KNOWN);
		}
		look_free(&look);
		report_free(&rows);
	}
	(void)state;
}

/* A thread that sleeps in a read on it is the reader. */
static void a_sleeping_thread_comes_first(void **state)
{
	struct look_builder builder;
	struct socket_record *held_socket, *socket;
	struct thread_record *thread;
	struct report rows = {0};
	struct look look = {0};
	struct held_record *held;

	(void)state;
	look_begin(&builder, NOW);
	thread = look_add_sleeping(&builder, 10, 11, "reader", NOW - 5 * SECOND);
	thread->syscall = SYS_recvfrom;
	thread->fd = 7;
	socket = look_add_thread_socket(&builder, SOCKET_KIND_TCP, 1);
	held = look_add_held(&builder, &held_socket);
	held_socket->name = socket->name;
	idle(held_socket, held);
	unanswered(held_socket, held);
	look_add_owner(&builder, &socket->name, 10, 7, "reader");
	look_finish(&builder, &look);
	assert_int_equal(report_on(&rows, &look, COMMAND_READERS, true), 1);
	assert_string_equal(rows.rows[0].reader.held.waiter, "thread");
	assert_int_equal(rows.rows[0].tid, 11);
	look_free(&look);
	report_free(&rows);
}

/* A thread in poll for this connection alone: since when it waits, and what had come before, decide. */
static void polled(void **state)
{
	static const struct {
		__u64 polled, sent;
		__u32 received, unread;
		const char *verdict;
	} when[] = {
		{6000, 6000, 100, 0, "awaiting_reply"},
		{6000, 6000, 0, 0, "awaiting_reply"},
		{9000, 6000, 100, 0, NULL},
		{0, 6000, 100, 0, NULL},
		{6000, 6000, 100, 7, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(when); i++) {
		struct socket_record socket = {.name = {.kind = SOCKET_KIND_TCP, .state = 1}};
		struct held_record held = {.flags = HELD_WAITED | HELD_POLL | HELD_POLL_ALONE};
		struct held_evidence evidence = {
			.held = &held, .socket = &socket, .now_ns = NOW, .tick_ns = 4 * MILLISECOND};
		const struct held_rule *rule;

		idle(&socket, &held);
		socket.flags |= SOCKET_PORT_BOUND;
		socket.bytes_received = when[i].received;
		socket.unread_bytes = when[i].unread;
		socket.last_received_ns = NOW - 6100 * MILLISECOND;
		socket.last_sent_ns = socket.delivered_ns = NOW - when[i].sent * MILLISECOND;
		evidence.polled_since_ns = when[i].polled ? NOW - when[i].polled * MILLISECOND : 0;
		rule = held_verdict(&evidence);
		if (!when[i].verdict)
			assert_null(rule);
		else
			assert_string_equal(rule->verdict->name, when[i].verdict);
	}
}

/* Who waits, by the flags that the kernel's record has. */
static void waiters(void **state)
{
	static const struct {
		__u32 flags, waiters;
		const char *waiter, *why;
		int64_t tid;
	} who[] = {
		{HELD_WAITED | HELD_EPOLL, 1, "loop", "an event loop waits", 10},
		{HELD_WAITED | HELD_EPOLL, 2, "loop", "an event loop waits", NOT_KNOWN},
		{HELD_WAITED | HELD_EPOLL, 0, "loop", "an event loop waits", NOT_KNOWN},
		{HELD_WAITED | HELD_POLL, 1, "loop", "an event loop waits", 10},
		{HELD_WAITED | HELD_POLL | HELD_POLL_ALONE, 1, "thread", "a thread waits", 10},
		{0, 0, NULL, "nobody has noticed", NOT_KNOWN},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(who); i++) {
		struct report rows = {0};
		struct look look = {0};
		struct held_record *held;

		make(&look, unanswered, true);
		held = (struct held_record *)look.held.items[0].held;
		held->flags = who[i].flags;
		held->waiters = who[i].waiters;
		held->waiter_pid = held->waiter_tid = who[i].waiters ? 10 : 0;
		assert_int_equal(report_on(&rows, &look, COMMAND_READERS, false), 1);
		assert_int_equal(rows.rows[0].tid, who[i].tid);
		if (who[i].waiter)
			assert_string_equal(rows.rows[0].reader.held.waiter, who[i].waiter);
		else
			assert_null(rows.rows[0].reader.held.waiter);
		assert_non_null(strstr(rows.rows[0].why, who[i].why));
		look_free(&look);
		report_free(&rows);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),
		cmocka_unit_test(each_command_has_its_own),
		cmocka_unit_test(who_has_gone_is_not_told),
		cmocka_unit_test(a_descriptor_that_changes),
		cmocka_unit_test(a_sleeping_thread_comes_first),
		cmocka_unit_test(polled),
		cmocka_unit_test(waiters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
