/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "history/stalls.h"
#include "make_look.h"

/* One look after the other, a second apart; texts of rows are in memory that each look gives back. */
struct run {
	struct stalls *stalls;
	struct look look;
	struct report report;
	__u64 seen_ns;
};

static void run_start(struct run *run)
{
	*run = (struct run){.stalls = stalls_new(), .seen_ns = 100 * SECOND};
	assert_non_null(run->stalls);
}

static void next_look(struct run *run)
{
	struct look_builder builder;

	report_free(&run->report);
	assert_int_equal(report_note_chains(&run->report, 0), 0);
	run->seen_ns += SECOND;
	look_begin(&builder, run->seen_ns);
	look_finish(&builder, &run->look);
}

static struct row *add(struct run *run, const char *id, const char *verdict, int64_t change_key)
{
	struct row *row = report_add(&run->report, &run->look, ROW_READER);

	row->id = id ? arena_printf(&run->report.arena, "%s", id) : NULL;
	row->verdict = verdict ? arena_printf(&run->report.arena, "%s", verdict) : NULL;
	row->why = arena_printf(&run->report.arena, "why %s", id ? id : "not");
	row->process_comm = arena_printf(&run->report.arena, "leader");
	row->reader.syscall = arena_printf(&run->report.arena, "recvfrom");
	row->reader.bytes_received = 42;
	row->change_key = change_key;
	row->since_ns = 5 * SECOND;
	row->age_s = 10;
	row->stuck = true;
	return row;
}

static void update(struct run *run)
{
	assert_int_equal(stalls_update(run->stalls, &run->report, &run->look), 0);
}

static void run_end(struct run *run)
{
	stalls_free(run->stalls);
	report_free(&run->report);
	look_free(&run->look);
}

static void a_whole_life(void **state)
{
	const struct row *row;
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	add(&run, "a", "awaiting_reply", 0);
	update(&run);
	assert_int_equal(run.report.rows[0].event, STALL_OPEN);

	next_look(&run);
	add(&run, "a", "awaiting_reply", 0);
	update(&run);
	assert_int_equal(run.report.rows[0].event, STALL_NONE);

	next_look(&run);
	add(&run, "a", "peer_dead", 0);
	update(&run);
	assert_int_equal(run.report.rows[0].event, STALL_CHANGE);

	next_look(&run);
	add(&run, "a", "peer_dead", 1);
	update(&run);
	assert_int_equal(run.report.rows[0].event, STALL_CHANGE);

	next_look(&run);
	update(&run);
	assert_int_equal(run.report.count, 1);
	row = &run.report.rows[0];
	assert_int_equal(row->event, STALL_CLOSE);
	assert_int_equal(row->type, ROW_READER);
	assert_string_equal(row->id, "a");
	assert_string_equal(row->verdict, "peer_dead");
	assert_string_equal(row->why, "why a");
	assert_string_equal(row->reader.syscall, "recvfrom");
	assert_int_equal(row->reader.bytes_received, 42);
	assert_true(row->since_ns == 5 * SECOND);
	assert_true(row->time_ns == LOOK_REALTIME_OFFSET + run.seen_ns);
	assert_true(fabs(row->age_s - 14) < 1e-9); /* 10 when it opened, four looks ago */

	next_look(&run);
	update(&run);
	assert_int_equal(run.report.count, 0);
	assert_int_equal(stalls_opened(run.stalls), 1);
	run_end(&run);
}

/*
 * Its id has the ending that the cause's own has; where there was no look for chains it stays; who closes has it, too.
 */
static void what_a_stall_hangs_on(void **state)
{
	const char *reader_cause;
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	add(&run, "reader", "awaiting_reply", 0)->cause = "listener";
	add(&run, "listener", "accept_queue_full", 0)->recurs = true;
	add(&run, "other", "awaiting_reply", 0)->cause = "nothing that is there";
	update(&run);
	assert_string_equal(run.report.rows[0].cause_id, run.report.rows[1].id);
	assert_true(strlen(run.report.rows[1].id) > strlen("listener"));
	assert_null(run.report.rows[1].cause_id);
	assert_null(run.report.rows[2].cause_id);

	next_look(&run);
	run.report.with_chains[0] = false;
	add(&run, "reader", "awaiting_reply", 0);
	add(&run, "listener", "accept_queue_full", 0)->recurs = true;
	update(&run);
	assert_string_equal(run.report.rows[0].cause_id, run.report.rows[1].id);

	next_look(&run);
	add(&run, "listener", "accept_queue_full", 0)->recurs = true;
	update(&run);
	assert_int_equal(run.report.count, 2);
	reader_cause = run.report.rows[1].cause_id;
	assert_int_equal(run.report.rows[1].event, STALL_CLOSE);
	assert_string_equal(reader_cause, run.report.rows[0].id);
	run_end(&run);
}

static void since_is_that_of_the_first_row(void **state)
{
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	add(&run, "known", "x", 0)->since_ns = 1000;
	add(&run, "not yet", "x", 0)->since_ns = 0;
	update(&run);
	next_look(&run);
	add(&run, "known", "x", 0)->since_ns = 1003;
	add(&run, "not yet", "x", 0)->since_ns = 2000;
	update(&run);
	assert_int_equal(run.report.rows[0].since_ns, 1000);
	assert_int_equal(run.report.rows[1].since_ns, 2000);
	next_look(&run);
	add(&run, "known", "x", 0)->since_ns = 1005;
	add(&run, "not yet", "x", 0)->since_ns = 2005;
	update(&run);
	assert_int_equal(run.report.rows[0].since_ns, 1000);
	assert_int_equal(run.report.rows[1].since_ns, 2000);
	run_end(&run);
}

/* A verdict may go and come back while the thread sleeps on: that is another stall, so another id. */
static void an_id_that_comes_back_is_another(void **state)
{
	struct run run;
	int i;

	(void)state;
	run_start(&run);
	for (i = 0; i < 2; i++) {
		next_look(&run);
		add(&run, "reader-1", "peer_dead", 0);
		update(&run);
		assert_int_equal(run.report.rows[0].event, STALL_OPEN);
		assert_int_equal(!strcmp(run.report.rows[0].id, "reader-1"), i == 0);
		next_look(&run);
		update(&run);
	}
	run_end(&run);
}

static void an_id_that_comes_back_opens_again(void **state)
{
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	add(&run, "a", "x", 0);
	update(&run);
	next_look(&run);
	update(&run);
	next_look(&run);
	add(&run, "a", "x", 0);
	update(&run);
	assert_int_equal(run.report.rows[0].event, STALL_OPEN);
	assert_int_equal(stalls_opened(run.stalls), 2);
	run_end(&run);
}

/* A listener is full, is not, and is again: two stalls, with two ids, each the same for its whole life. */
static void an_id_that_recurs_is_never_used_again(void **state)
{
	char first[64], second[64];
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	add(&run, "listener-1", "accept_queue_full", 0)->recurs = true;
	update(&run);
	snprintf(first, sizeof(first), "%s", run.report.rows[0].id);

	next_look(&run);
	add(&run, "listener-1", "accept_queue_full", 1)->recurs = true;
	update(&run);
	assert_int_equal(run.report.rows[0].event, STALL_CHANGE);
	assert_string_equal(run.report.rows[0].id, first);

	next_look(&run);
	update(&run);
	assert_int_equal(run.report.rows[0].event, STALL_CLOSE);
	assert_string_equal(run.report.rows[0].id, first);

	next_look(&run);
	add(&run, "listener-1", "accept_queue_full", 1)->recurs = true;
	update(&run);
	assert_int_equal(run.report.rows[0].event, STALL_OPEN);
	snprintf(second, sizeof(second), "%s", run.report.rows[0].id);
	assert_string_not_equal(second, first);
	assert_int_equal(strncmp(second, "listener-1-", 11), 0);
	run_end(&run);
}

static void rows_without_an_id_have_no_life(void **state)
{
	struct run run;
	int i;

	(void)state;
	run_start(&run);
	for (i = 0; i < 2; i++) {
		next_look(&run);
		add(&run, NULL, "ok", i)->event = STALL_CHANGE;
		update(&run);
		assert_int_equal(run.report.count, 1);
		assert_int_equal(run.report.rows[0].event, STALL_NONE);
		assert_string_equal(run.report.rows[0].process_comm, "leader");
	}
	next_look(&run);
	update(&run);
	assert_int_equal(run.report.count, 0);
	assert_int_equal(stalls_opened(run.stalls), 0);
	run_end(&run);
}

static void what_is_unknown_stays_unknown(void **state)
{
	const struct row *row;
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	add(&run, "a", NULL, 0)->age_s = NAN;
	update(&run);
	next_look(&run);
	add(&run, "a", NULL, 0)->age_s = NAN;
	update(&run);
	assert_int_equal(run.report.rows[0].event, STALL_NONE);
	next_look(&run);
	update(&run);
	row = &run.report.rows[0];
	assert_int_equal(row->event, STALL_CLOSE);
	assert_null(row->verdict);
	assert_null(row->advice);
	assert_null(row->process_comm);
	assert_true(isnan(row->age_s));
	assert_true(row->pid == NOT_KNOWN);
	run_end(&run);
}

static void several_at_once_keep_their_order(void **state)
{
	static const enum stall_event expected[] = {STALL_OPEN, STALL_NONE, STALL_CHANGE, STALL_CLOSE, STALL_CLOSE};
	static const char *const ids[] = {"new", "same", "changed", "gone-1", "gone-2"};
	struct run run;
	size_t i;

	(void)state;
	run_start(&run);
	next_look(&run);
	add(&run, "gone-2", "x", 0);
	add(&run, "changed", "x", 0);
	add(&run, "same", "x", 0);
	add(&run, "gone-1", "x", 0);
	update(&run);
	next_look(&run);
	add(&run, "new", "x", 0);
	add(&run, "same", "x", 0);
	add(&run, "changed", "y", 0);
	update(&run);
	assert_int_equal(run.report.count, 5);
	for (i = 0; i < 5; i++) {
		assert_string_equal(run.report.rows[i].id, ids[i]);
		assert_int_equal(run.report.rows[i].event, expected[i]);
	}
	run_end(&run);
}

static void a_repeated_id_is_dropped(void **state)
{
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	add(&run, "b", "x", 0);
	add(&run, "a", "first", 0);
	add(&run, NULL, "x", 0);
	add(&run, "a", "second", 0);
	add(&run, "a", "third", 0);
	add(&run, "c", "x", 0);
	update(&run);
	assert_int_equal(run.report.count, 4);
	assert_string_equal(run.report.rows[0].id, "b");
	assert_string_equal(run.report.rows[1].verdict, "first");
	assert_int_equal(run.report.rows[1].event, STALL_OPEN);
	assert_null(run.report.rows[2].id);
	assert_string_equal(run.report.rows[3].id, "c");
	assert_int_equal(run.report.rows[3].event, STALL_OPEN);
	assert_int_equal(stalls_opened(run.stalls), 3);
	run_end(&run);
}

static void closed_rows_outlive_the_report_they_are_of(void **state)
{
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	add(&run, "a", "x", 0);
	update(&run);
	next_look(&run);
	update(&run);
	assert_int_equal(run.report.rows[0].event, STALL_CLOSE);
	assert_string_equal(run.report.rows[0].why, "why a");
	run_end(&run);
}

#define MANY 20000

/* Half of them goes and as many come, in an order of no use. */
static void many_come_and_go(void **state)
{
	size_t i, events[STALL_CLOSE + 1] = {0};
	struct run run;
	char id[32];

	(void)state;
	run_start(&run);
	next_look(&run);
	for (i = 0; i < MANY; i++) {
		snprintf(id, sizeof(id), "id-%zu", i * 7919 % MANY);
		add(&run, id, "x", 0);
	}
	update(&run);
	next_look(&run);
	for (i = 0; i < MANY; i++) {
		snprintf(id, sizeof(id), "id-%zu", MANY / 2 + i * 7919 % MANY);
		add(&run, id, "x", 0);
	}
	update(&run);
	for (i = 0; i < run.report.count; i++)
		events[run.report.rows[i].event]++;
	assert_int_equal(events[STALL_NONE], MANY / 2);
	assert_int_equal(events[STALL_OPEN], MANY / 2);
	assert_int_equal(events[STALL_CLOSE], MANY / 2);
	assert_int_equal(events[STALL_CHANGE], 0);
	run_end(&run);
}

/* A look at which the sockets of some namespaces are not there. */
static void look_with_put_off(struct run *run, __u32 netns)
{
	struct look_builder builder;

	report_free(&run->report);
	run->seen_ns += SECOND;
	look_begin(&builder, run->seen_ns)->put_off = 1;
	look_add_netns(&builder, LOOK_NETNS, "seen");
	look_add_netns(&builder, netns, "put-off")->put_off = 1;
	look_finish(&builder, &run->look);
}

static struct row *add_in(struct run *run, enum row_type type, const char *id, __u32 netns)
{
	struct row *row = report_add(&run->report, &run->look, type);

	row->id = arena_printf(&run->report.arena, "%s", id);
	row->verdict = "peer_silent";
	row->why = arena_printf(&run->report.arena, "why %s", id);
	row->netns = netns;
	row->severity = 1;
	row->since_ns = 5 * SECOND;
	row->age_s = 10;
	row->stuck = true;
	return row;
}

static const struct row *find_row(const struct run *run, const char *id)
{
	size_t i;

	for (i = 0; i < run->report.count; i++)
		if (!strcmp(run->report.rows[i].id, id))
			return &run->report.rows[i];
	return NULL;
}

#define OTHER_NETNS 7

static void what_is_put_off_goes_on(void **state)
{
	const struct row *row;
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	add_in(&run, ROW_HANDSHAKE, "hidden", OTHER_NETNS)->handshake.gives_up_s = 30;
	add_in(&run, ROW_HANDSHAKE, "over", LOOK_NETNS);
	add_in(&run, ROW_READER, "returned", OTHER_NETNS);
	update(&run);

	look_with_put_off(&run, OTHER_NETNS);
	update(&run);
	assert_int_equal(find_row(&run, "over")->event, STALL_CLOSE);
	assert_int_equal(find_row(&run, "returned")->event, STALL_CLOSE); /* threads are looked at */
	row = find_row(&run, "hidden");
	assert_int_equal(row->event, STALL_NONE);
	assert_true(fabs(row->age_s - 11) < 1e-9 && fabs(row->handshake.gives_up_s - 29) < 1e-9);
	assert_true(isnan(row->handshake.next_retransmit_s));

	look_with_put_off(&run, OTHER_NETNS);
	update(&run);
	assert_int_equal(run.report.count, 1);
	assert_string_equal(run.report.rows[0].why, "why hidden");
	assert_true(fabs(run.report.rows[0].age_s - 12) < 1e-9);

	next_look(&run);
	update(&run);
	assert_int_equal(find_row(&run, "hidden")->event, STALL_CLOSE);
	run_end(&run);
}

/* The rows around it are in the usual order, the worst first. */
static void what_is_put_off_has_its_place(void **state)
{
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	add_in(&run, ROW_LISTENER, "worst", OTHER_NETNS)->severity = 9;
	update(&run);
	look_with_put_off(&run, OTHER_NETNS);
	add(&run, "a", "awaiting_reply", 0);
	update(&run);
	assert_string_equal(run.report.rows[0].id, "worst");
	assert_int_equal(run.report.rows[1].event, STALL_OPEN);
	run_end(&run);
}

/* The socket is not there, but what became of it was told. */
static void what_is_put_off_may_be_over_all_the_same(void **state)
{
	struct look_builder builder;
	struct event_record *event;
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	add_in(&run, ROW_HANDSHAKE, "connect", OTHER_NETNS)->cookie = 77;
	update(&run);

	report_free(&run.report);
	run.seen_ns += SECOND;
	look_begin(&builder, run.seen_ns)->put_off = 1;
	look_add_netns(&builder, OTHER_NETNS, "put-off")->put_off = 1;
	event = look_add(&builder, RECORD_EVENT, 0);
	event->kind = EVENT_CONNECTED;
	event->name.cookie = 77;
	look_finish(&builder, &run.look);
	update(&run);
	assert_int_equal(find_row(&run, "connect")->event, STALL_CLOSE);
	assert_string_equal(find_row(&run, "connect")->why, "connected: the peer answered at last");
	run_end(&run);
}

/* ---- What is known stays known ---- */

static void connect_ends(struct row *row, struct arena *arena, int64_t fd)
{
	row->fd = fd;
	row->cookie = 77;
	row->family = "inet";
	row->local_addr = arena_printf(arena, "10.0.0.%d", 1);
	row->local_port = 40000;
	row->peer_addr = arena_printf(arena, "10.0.0.%d", 2);
	row->peer_port = 9001;
}

static struct row *add_loop(struct run *run, const char *verdict, const char *now, const char *now_in)
{
	struct row *row = add_in(run, ROW_LOOP, "loop-1-1-5", LOOK_NETNS);

	row->verdict = verdict;
	row->pid = row->tid = 1;
	row->loop.now = now;
	row->loop.now_s = 0.5;
	if (now_in)
		row->loop.now_in = arena_printf(&run->report.arena, "%s", now_in);
	return row;
}

static void read_in_the_loop(struct run *run)
{
	struct row *row = add_loop(run, "blocked_in_read", "blocked", "recvfrom 10.0.0.1:40000");

	row->netns = OTHER_NETNS;
	row->netns_name = "other";
	row->loop.kernel_stack = arena_printf(&run->report.arena, "sk_wait_data");
	connect_ends(row, &run->report.arena, 7);
}

static void assert_was_in_the_read(const struct row *row)
{
	assert_int_equal(row->fd, 7);
	assert_int_equal(row->cookie, 77);
	assert_string_equal(row->family, "inet");
	assert_string_equal(row->local_addr, "10.0.0.1");
	assert_int_equal(row->local_port, 40000);
	assert_string_equal(row->peer_addr, "10.0.0.2");
	assert_int_equal(row->peer_port, 9001);
	assert_int_equal(row->netns, OTHER_NETNS);
	assert_string_equal(row->netns_name, "other");
	assert_string_equal(row->loop.now_in, "recvfrom 10.0.0.1:40000");
	assert_string_equal(row->loop.kernel_stack, "sk_wait_data");
	assert_true(row->since_ns == 5 * SECOND);
}

/* Between the end of the read and the next wait one look finds the loop running. */
static void a_loop_on_its_way_was_in_a_read(void **state)
{
	struct row *row;
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	read_in_the_loop(&run);
	update(&run);
	next_look(&run);
	add_loop(&run, "stalled", "running", NULL)->since_ns = 0;
	update(&run);
	row = &run.report.rows[0];
	assert_int_equal(row->event, STALL_CHANGE);
	assert_string_equal(row->verdict, "stalled");
	assert_string_equal(row->loop.now, "running");
	assert_true(fabs(row->loop.now_s - 0.5) < 1e-9);
	assert_was_in_the_read(row);
	next_look(&run);
	add_loop(&run, "stalled", "running", NULL);
	update(&run);
	assert_int_equal(run.report.rows[0].event, STALL_NONE);
	next_look(&run);
	update(&run);
	assert_int_equal(run.report.rows[0].event, STALL_CLOSE);
	assert_was_in_the_read(&run.report.rows[0]);
	run_end(&run);
}

static void a_loop_that_is_in_something_else_is_in_that(void **state)
{
	const struct row *row = NULL;
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	read_in_the_loop(&run);
	update(&run);
	next_look(&run);
	add_loop(&run, "stalled", "blocked", "clock_nanosleep");
	update(&run);
	row = &run.report.rows[0];
	assert_string_equal(row->loop.now_in, "clock_nanosleep");
	assert_null(row->loop.kernel_stack);
	assert_null(row->local_addr);
	assert_int_equal(row->cookie, 0);
	assert_true(row->fd == NOT_KNOWN && row->netns == LOOK_NETNS);

	/* Where the kernel does not tell what in, that is not known. */
	next_look(&run);
	add_loop(&run, "stalled", "blocked", NULL);
	update(&run);
	assert_null(run.report.rows[0].loop.now_in);
	run_end(&run);
}

/* A spinning loop is in nothing, although it was once in something. */
static void a_loop_that_spins_is_in_nothing(void **state)
{
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	add_loop(&run, "spinning", "blocked", "write /log")->recurs = true;
	update(&run);
	next_look(&run);
	add_loop(&run, "spinning", "running", NULL)->recurs = true;
	update(&run);
	assert_int_equal(run.report.rows[0].event, STALL_NONE);
	assert_null(run.report.rows[0].loop.now_in);
	run_end(&run);
}

static struct row *add_owned(struct run *run, enum row_type type)
{
	struct row *row = add_in(run, type, "a-connection", LOOK_NETNS);

	connect_ends(row, &run->report.arena, NOT_KNOWN);
	row->pid = row->tid = 31;
	row->fd = 9;
	row->comm = arena_printf(&run->report.arena, "java");
	row->cgroup = arena_printf(&run->report.arena, "/docker/abc");
	row->container = arena_printf(&run->report.arena, "abc");
	row->netns_name = "blue";
	row->process_start_ns = 12345;
	return row;
}

/* The same connection, of which a look found no process. */
static struct row *add_without_owner(struct run *run, enum row_type type)
{
	struct row *row = add_in(run, type, "a-connection", LOOK_NETNS);

	connect_ends(row, &run->report.arena, NOT_KNOWN);
	return row;
}

static void assert_has_owner(const struct row *row, int64_t fd)
{
	assert_int_equal(row->pid, 31);
	assert_int_equal(row->tid, 31);
	assert_int_equal(row->fd, fd);
	assert_string_equal(row->comm, "java");
	assert_string_equal(row->cgroup, "/docker/abc");
	assert_string_equal(row->container, "abc");
	assert_string_equal(row->netns_name, "blue");
	assert_int_equal(row->process_start_ns, 12345);
}

static void a_connection_keeps_its_process(void **state)
{
	static const enum row_type types[] = {ROW_HANDSHAKE, ROW_LISTENER, ROW_CLOSING, ROW_CHAIN};
	struct run run;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		run_start(&run);
		next_look(&run);
		add_owned(&run, types[i]);
		update(&run);
		next_look(&run);
		add_without_owner(&run, types[i])->verdict = "else";
		update(&run);
		assert_int_equal(run.report.rows[0].event, STALL_CHANGE);
		assert_has_owner(&run.report.rows[0], 9);
		next_look(&run);
		update(&run);
		assert_int_equal(run.report.rows[0].event, STALL_CLOSE);
		assert_has_owner(&run.report.rows[0], 9);
		run_end(&run);
	}
}

/* The process that closed it is known, but no descriptor leads to it any more: that number may be another's. */
static void an_orphan_has_no_descriptor(void **state)
{
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	add_owned(&run, ROW_CLOSING)->closing.orphaned = false;
	update(&run);
	next_look(&run);
	add_without_owner(&run, ROW_CLOSING)->closing.orphaned = true;
	update(&run);
	assert_has_owner(&run.report.rows[0], NOT_KNOWN);
	run_end(&run);
}

/* Facts of another process stay with that process. */
static void another_process_has_nothing_of_it(void **state)
{
	struct row *row;
	struct run run;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		run_start(&run);
		next_look(&run);
		add_owned(&run, ROW_LISTENER);
		update(&run);
		next_look(&run);
		row = add_without_owner(&run, ROW_LISTENER);
		row->pid = i ? 31 : 32;
		row->process_start_ns = 54321;
		update(&run);
		assert_int_equal(run.report.rows[0].pid, i ? 31 : 32);
		assert_null(run.report.rows[0].cgroup);
		assert_null(run.report.rows[0].container);
		assert_true(run.report.rows[0].tid == NOT_KNOWN && run.report.rows[0].fd == NOT_KNOWN);
		run_end(&run);
	}
}

/* What a thread was in says nothing of another one. */
static void code_is_of_its_thread(void **state)
{
	struct row *row;
	struct run run;

	(void)state;
	for (int other = 0; other < 2; other++) {
		run_start(&run);
		next_look(&run);
		add_owned(&run, ROW_READER)->code = "f (f.c:1)";
		update(&run);
		next_look(&run);
		row = add_owned(&run, ROW_READER);
		row->tid += other;
		update(&run);
		assert_int_equal(!run.report.rows[0].code, other);
		run_end(&run);
	}
}

/* The end of a chain is known by its process: which of its sockets is shown may change. */
/* A look that did not look for chains tells nothing of them. */
static void chains_go_on_until_they_are_looked_for(void **state)
{
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	add_owned(&run, ROW_CHAIN);
	update(&run);
	assert_int_equal(run.report.rows[0].event, STALL_OPEN);
	next_look(&run);
	run.report.with_chains[0] = false;
	update(&run);
	assert_int_equal(run.report.count, 1);
	assert_int_equal(run.report.rows[0].type, ROW_CHAIN);
	assert_int_equal(run.report.rows[0].event, STALL_NONE);
	next_look(&run);
	update(&run);
	assert_int_equal(run.report.count, 1);
	assert_int_equal(run.report.rows[0].event, STALL_CLOSE);
	run_end(&run);
}

/*
 * Of two hosts only the first was looked at for chains: that says nothing of those of the second, nor of what hangs on
 * them.
 */
static void chains_are_looked_for_on_each_host(void **state)
{
	struct look looks[2] = {{.host_at = 0}, {.host_at = 1}};
	struct look_step steps[2] = {{.look = &looks[0]}, {.look = &looks[1]}};
	const struct looks both = {steps, 2};
	struct stalls *stalls = stalls_new();

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct report report = {0};
		struct look_builder builder;

		for (int host = 0; host < 2; host++) {
			look_begin(&builder, (100 + (__u64)i) * SECOND);
			look_finish(&builder, &looks[host]);
		}
		assert_int_equal(report_note_chains(&report, 0), 0);
		if (i != 1)
			assert_int_equal(report_note_chains(&report, 1), 0);
		if (i == 0)
			report_add(&report, &looks[0], ROW_CHAIN)->id = "a/chain";
		if (i == 0)
			report_add(&report, &looks[1], ROW_CHAIN)->id = "b/chain";
		report_add(&report, &looks[0], ROW_READER)->id = "a/reader";
		report.rows[report.count - 1].cause = i ? NULL : "b/chain";
		report_add(&report, &looks[1], ROW_READER)->id = "b/reader";
		report.rows[report.count - 1].cause = i ? NULL : "a/chain";
		assert_int_equal(stalls_update_all(stalls, &report, &both), 0);
		for (size_t at = 0; at < report.count; at++) {
			const struct row *row = &report.rows[at];
			int over = row->host_at ? 2 : 1, hangs = row->host_at ? 1 : 2;

			if (row->type == ROW_CHAIN)
				assert_int_equal(row->event == STALL_CLOSE, i == over);
			else
				assert_int_equal(row->cause_id != NULL, i < hangs);
		}
		report_free(&report);
	}
	stalls_free(stalls);
	look_free(&looks[0]);
	look_free(&looks[1]);
}

static void another_socket_has_nothing_of_it(void **state)
{
	struct row *row;
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	add_owned(&run, ROW_CHAIN);
	update(&run);
	next_look(&run);
	row = add_in(&run, ROW_CHAIN, "a-connection", LOOK_NETNS);
	row->pid = 31;
	row->family = "unix";
	update(&run);
	row = &run.report.rows[0];
	assert_int_equal(row->cookie, 0);
	assert_null(row->local_addr);
	assert_true(row->local_port == NOT_KNOWN && row->fd == NOT_KNOWN);
	assert_string_equal(row->cgroup, "/docker/abc");

	/* A pipe has no more than its descriptor. */
	next_look(&run);
	row = add_in(&run, ROW_CHAIN, "a-connection", LOOK_NETNS);
	row->pid = 31;
	row->fd = 0;
	update(&run);
	assert_null(run.report.rows[0].family);
	run_end(&run);
}

static struct row *add_unix(struct run *run, enum row_type type, bool known)
{
	struct row *row = add_in(run, type, "a-sleep", LOOK_NETNS);
	struct peer_fields *peer = type == ROW_READER ? &row->reader.peer : &row->writer.peer;

	row->pid = row->tid = 31;
	row->fd = 9;
	row->family = "unix";
	if (!known)
		return row;
	row->cookie = 88;
	peer->pid = 32;
	peer->comm = arena_printf(&run->report.arena, "other");
	return row;
}

static void a_thread_keeps_its_socket_and_its_peer(void **state)
{
	static const enum row_type types[] = {ROW_READER, ROW_WRITER};
	struct row *row;
	struct run run;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const struct peer_fields *peer;

		run_start(&run);
		next_look(&run);
		add_unix(&run, types[i], true);
		update(&run);
		next_look(&run);
		add_unix(&run, types[i], false);
		update(&run);
		row = &run.report.rows[0];
		peer = types[i] == ROW_READER ? &row->reader.peer : &row->writer.peer;
		assert_int_equal(row->cookie, 88);
		assert_int_equal(peer->pid, 32);
		assert_string_equal(peer->comm, "other");
		run_end(&run);
	}
}

/* Counts and times are of the moment: an old one would be a wrong one. */
static void what_is_of_the_moment_is_not_kept(void **state)
{
	struct row *row;
	struct run run;

	(void)state;
	run_start(&run);
	next_look(&run);
	row = add(&run, "a", "x", 0);
	row->reader.returns_by_s = 30;
	row->reader.tcp.unacked_bytes = 5;
	row->advice = "do something";
	update(&run);
	next_look(&run);
	add(&run, "a", "y", 0)->reader.bytes_received = NOT_KNOWN;
	update(&run);
	row = &run.report.rows[0];
	assert_true(isnan(row->reader.returns_by_s));
	assert_true(row->reader.tcp.unacked_bytes == NOT_KNOWN && row->reader.bytes_received == NOT_KNOWN);
	assert_null(row->advice);
	run_end(&run);
}

static void an_age_goes_on_where_a_look_does_not_know_it(void **state)
{
	struct row *row;
	struct run run;
	int i;

	(void)state;
	run_start(&run);
	for (i = 0; i < 2; i++) {
		next_look(&run);
		row = add(&run, "a", "x", 0);
		row->since_ns = 0;
		row->age_s = i ? NAN : 6;
		row->age_at_least = i ? -1 : true;
		update(&run);
	}
	assert_true(fabs(run.report.rows[0].age_s - 7) < 1e-9);
	assert_int_equal(run.report.rows[0].age_at_least, true);
	run_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_life),
		cmocka_unit_test(what_a_stall_hangs_on),
		cmocka_unit_test(since_is_that_of_the_first_row),
		cmocka_unit_test(an_id_that_comes_back_opens_again),
		cmocka_unit_test(an_id_that_comes_back_is_another),
		cmocka_unit_test(an_id_that_recurs_is_never_used_again),
		cmocka_unit_test(rows_without_an_id_have_no_life),
		cmocka_unit_test(what_is_unknown_stays_unknown),
		cmocka_unit_test(several_at_once_keep_their_order),
		cmocka_unit_test(a_repeated_id_is_dropped),
		cmocka_unit_test(closed_rows_outlive_the_report_they_are_of),
		cmocka_unit_test(many_come_and_go),
		cmocka_unit_test(what_is_put_off_goes_on),
		cmocka_unit_test(what_is_put_off_has_its_place),
		cmocka_unit_test(what_is_put_off_may_be_over_all_the_same),
		cmocka_unit_test(a_loop_on_its_way_was_in_a_read),
		cmocka_unit_test(a_loop_that_is_in_something_else_is_in_that),
		cmocka_unit_test(a_loop_that_spins_is_in_nothing),
		cmocka_unit_test(a_connection_keeps_its_process),
		cmocka_unit_test(an_orphan_has_no_descriptor),
		cmocka_unit_test(another_process_has_nothing_of_it),
		cmocka_unit_test(another_socket_has_nothing_of_it),
		cmocka_unit_test(code_is_of_its_thread),
		cmocka_unit_test(chains_go_on_until_they_are_looked_for),
		cmocka_unit_test(chains_are_looked_for_on_each_host),
		cmocka_unit_test(a_thread_keeps_its_socket_and_its_peer),
		cmocka_unit_test(what_is_of_the_moment_is_not_kept),
		cmocka_unit_test(an_age_goes_on_where_a_look_does_not_know_it),
	};

	stalls_free(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
