/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about event loops, row by row, and the rows that come of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <sys/syscall.h>

#include "make_look.h"
#include "reports/reports.h"
#include "rules/loop.h"
#include "system/syscalls.h"

#define NOW (10000 * SECOND)

static void assert_near(double value, double expected)
{
	assert_false(isnan(value));
	if (fabs(value - expected) > 1e-6)
		print_error("%g is not %g\n", value, expected);
	assert_true(fabs(value - expected) < 1e-6);
}

/* ---- The table ---- */

struct facts {
	struct thread_record thread;
	struct loop_record loop;
	struct socket_record socket;
	struct instance_record instance;
	struct watch_record watch;
	struct watch_view view;
	struct loop_evidence evidence;
};

/* Waits now, after a second with 100 waits, half of them for nothing. */
static void healthy(struct facts *facts)
{
	facts->loop = (struct loop_record){.interface = LOOP_EPOLL,
					   .epoll_fd = 4,
					   .max_events = 64,
					   .waits = 1000,
					   .first_ns = NOW - 60 * SECOND,
					   .returned_ns = NOW - SECOND,
					   .waiting = 1};
	facts->evidence = (struct loop_evidence){
		.thread = &facts->thread,
		.loop = &facts->loop,
		.rates = {.interval_ns = SECOND, .waits = 100, .events = 50, .empty = 50, .mean_wait_ns = 9000000},
		.doing = "running",
		.min_age_ns = 100 * MILLISECOND,
		.waiting = true,
		.unserved_fd = -1,
		.highest_fd = -1,
		.open_fds = -1,
		.user_watches = -1,
	};
}

static void outside(struct facts *facts)
{
	facts->evidence.waiting = false;
	facts->evidence.outside_ns = 100 * MILLISECOND;
	facts->loop.waiting = 0;
}

static void outside_for_99_ms(struct facts *facts)
{
	outside(facts);
	facts->evidence.outside_ns--;
}

static void outside_but_taken_over(struct facts *facts)
{
	outside(facts);
	facts->evidence.taken_over = true;
}

static void asleep_in_read(struct facts *facts)
{
	outside(facts);
	facts->evidence.socket = &facts->socket;
	facts->thread.flags = THREAD_SLEEPING;
	facts->thread.syscall = SYS_recvfrom;
	syscall_describe(&facts->thread);
}

static void asleep_in_write(struct facts *facts)
{
	asleep_in_read(facts);
	facts->thread.syscall = SYS_sendto;
	syscall_describe(&facts->thread);
}

static void asleep_in_read_of_file(struct facts *facts)
{
	asleep_in_read(facts);
	facts->evidence.socket = NULL;
}

static void stopped(struct facts *facts)
{
	outside(facts);
	facts->thread.flags = THREAD_STOPPED;
}

/* The call in which it was frozen does not tell what keeps it. */
static void frozen(struct facts *facts)
{
	asleep_in_read(facts);
	facts->thread.flags |= THREAD_FROZEN;
}

/* 12 waits over a minute: a program that uses epoll now and then is no loop. */
static void seldom_waited(struct facts *facts)
{
	outside(facts);
	facts->loop.waits = 12;
}

static void waited_99_times(struct facts *facts)
{
	outside(facts);
	facts->loop.waits = 99;
}

static void waited_100_times(struct facts *facts)
{
	outside(facts);
	facts->loop.waits = 100;
}

/* Young, but fast: 10 in 3 s. */
static void waited_fast(struct facts *facts)
{
	outside(facts);
	facts->loop.waits = 10;
	facts->loop.first_ns = facts->loop.returned_ns - 3 * SECOND;
}

static void waited_9_times_fast(struct facts *facts)
{
	waited_fast(facts);
	facts->loop.waits = 9;
}

static void spins(struct facts *facts)
{
	facts->evidence.rates =
		(struct loop_rates){.interval_ns = SECOND, .waits = 1000, .empty = 950, .mean_wait_ns = 49999};
}

static void spins_in_short_interval(struct facts *facts)
{
	spins(facts);
	facts->evidence.rates.interval_ns = 50 * MILLISECOND;
	facts->evidence.rates.waits = facts->evidence.rates.empty = 99;
}

static void spins_slowly(struct facts *facts)
{
	spins(facts);
	facts->evidence.rates.waits = facts->evidence.rates.empty = 999;
}

static void has_events(struct facts *facts)
{
	spins(facts);
	facts->evidence.rates.empty = 949;
}

/* A scheduler that has work, and looks for events 36,000 times a second in passing. */
static void looks_in_passing(struct facts *facts)
{
	facts->evidence.rates = (struct loop_rates){.interval_ns = SECOND,
						    .waits = 36000,
						    .empty = 36000,
						    .mean_wait_ns = 280,
						    .in_wait_ns = 10 * MILLISECOND,
						    .lag_ns = 990 * MILLISECOND};
}

/* The same, but most of that it waited for a CPU. */
static void spins_on_a_busy_machine(struct facts *facts)
{
	looks_in_passing(facts);
	facts->evidence.rates.lag_runqueue_ns = 900 * MILLISECOND;
}

/* Half of a second on a CPU, half of it throttled, at 50 ms of each 100 ms. */
static void is_throttled(struct facts *facts)
{
	facts->thread.quota_ns = 50 * MILLISECOND;
	facts->thread.quota_period_ns = 100 * MILLISECOND;
	facts->evidence.rates = (struct loop_rates){.interval_ns = SECOND,
						    .waits = 100,
						    .lag_ns = 900 * MILLISECOND,
						    .lag_cpu_ns = 500 * MILLISECOND,
						    .lag_runqueue_ns = 400 * MILLISECOND,
						    .has_quota = true,
						    .throttled_ns = 400 * MILLISECOND,
						    .lag_throttled_ns = 400 * MILLISECOND};
}

static void is_throttled_now_and_then(struct facts *facts)
{
	is_throttled(facts);
	facts->evidence.rates.throttled_ns = facts->evidence.rates.lag_throttled_ns = 299 * MILLISECOND;
}

static void waits_for_a_busy_cpu(struct facts *facts)
{
	is_throttled(facts);
	facts->evidence.rates.has_quota = false;
	facts->evidence.rates.throttled_ns = facts->evidence.rates.lag_throttled_ns = 0;
}

static void is_throttled_for_a_moment(struct facts *facts)
{
	is_throttled(facts);
	facts->evidence.rates.interval_ns = 800 * MILLISECOND;
}

/* A timeout of 1 ms, a thousand times a second, is a choice. */
static void sleeps_between(struct facts *facts)
{
	spins(facts);
	facts->evidence.rates.mean_wait_ns = 50000;
}

static void no_interval(struct facts *facts)
{
	spins(facts);
	facts->evidence.rates.interval_ns = 0;
}

static void saturates(struct facts *facts)
{
	facts->evidence.rates = (struct loop_rates){.interval_ns = SECOND, .waits = 100, .events = 6400, .full = 99};
}

static void saturates_mostly(struct facts *facts)
{
	saturates(facts);
	facts->evidence.rates.full = 98;
}

static void saturates_seldom(struct facts *facts)
{
	saturates(facts);
	facts->evidence.rates.waits = facts->evidence.rates.full = 9;
}

static void takes_one_each(struct facts *facts)
{
	saturates(facts);
	facts->loop.max_events = 1;
}

static void unseen(struct facts *facts)
{
	facts->evidence.loop = NULL;
	facts->evidence.rates = (struct loop_rates){0};
	facts->evidence.waiting = false;
	facts->evidence.unserved_fd = 5;
	facts->evidence.outside_ns = SECOND;
	facts->thread.flags = THREAD_SLEEPING;
	facts->thread.syscall = SYS_clock_nanosleep;
	syscall_describe(&facts->thread);
}

static void unseen_in_read(struct facts *facts)
{
	unseen(facts);
	facts->evidence.socket = &facts->socket;
	facts->thread.syscall = SYS_read;
	syscall_describe(&facts->thread);
}

static void unseen_for_999_ms(struct facts *facts)
{
	unseen(facts);
	facts->evidence.outside_ns--;
}

static void unseen_awake(struct facts *facts)
{
	unseen(facts);
	facts->thread.flags = 0;
}

static void unseen_nothing_ready(struct facts *facts)
{
	unseen(facts);
	facts->evidence.unserved_fd = -1;
}

/* Looks 0.9 s apart found its events there, and whatever it did, nobody waited. */
static void left(struct facts *facts)
{
	unseen(facts);
	facts->thread.flags = 0;
	facts->evidence.unserved_ns = 900 * MILLISECOND;
	facts->evidence.outside_ns = 900 * MILLISECOND;
}

static void left_for_less(struct facts *facts)
{
	left(facts);
	facts->evidence.unserved_ns--;
}

static void left_for_less_than_asked_for(struct facts *facts)
{
	left(facts);
	facts->evidence.min_age_ns = SECOND;
}

static void left_and_waits_there(struct facts *facts)
{
	left(facts);
	facts->evidence.waiting = true;
}

/* Its counters tell more than looks. */
static void left_by_one_that_loops(struct facts *facts)
{
	left(facts);
	facts->evidence.loop = &facts->loop;
	facts->loop.waits = 1000;
	facts->evidence.outside_ns = 50 * MILLISECOND;
}

/* Ten bytes came 1 s ago and lie unread, edge-triggered, found so 0.9 s ago, too. */
static void loses_wake_up(struct facts *facts)
{
	facts->thread.threads = 1;
	facts->socket = (struct socket_record){.seen_ns = NOW,
					       .last_received_ns = NOW - SECOND,
					       .last_sent_ns = NOW - SECOND,
					       .unread_bytes = 10,
					       .rcvlowat = 1};
	facts->socket.name.kind = SOCKET_KIND_TCP;
	facts->socket.name.state = 1;
	facts->watch = (struct watch_record){
		.fd = 7, .events = 0x80000019, .unread_since_ns = NOW - 900 * MILLISECOND, .flags = WATCH_HAS_SOCKET};
	facts->view = (struct watch_view){&facts->instance, &facts->watch, &facts->socket};
	facts->evidence.watches = (struct loop_watches){.instance = &facts->instance, .missed = &facts->view};
}

static void loses_it_but_is_young(struct facts *facts)
{
	loses_wake_up(facts);
	facts->socket.last_received_ns++;
}

static void loses_it_but_seen_once(struct facts *facts)
{
	loses_wake_up(facts);
	facts->watch.unread_since_ns = NOW - 899 * MILLISECOND;
}

static void loses_it_but_events_are_ready(struct facts *facts)
{
	loses_wake_up(facts);
	facts->instance.flags = INSTANCE_READY;
}

static void loses_it_but_cannot_send(struct facts *facts)
{
	loses_wake_up(facts);
	facts->instance.flags = INSTANCE_SENDING;
}

static void loses_it_but_another_is_at_work(struct facts *facts)
{
	loses_wake_up(facts);
	facts->evidence.watches.busy_elsewhere = true;
}

static void loses_it_among_threads(struct facts *facts)
{
	loses_wake_up(facts);
	facts->thread.threads = 2;
}

static void loses_it_among_threads_for_long(struct facts *facts)
{
	loses_it_among_threads(facts);
	facts->socket.last_received_ns = NOW - 10 * SECOND;
}

static void loses_it_for_less_than_asked_for(struct facts *facts)
{
	loses_wake_up(facts);
	facts->evidence.min_age_ns = 2 * SECOND;
}

static void loses_it_and_is_outside(struct facts *facts)
{
	loses_wake_up(facts);
	outside(facts);
}

static void watches_the_dead(struct facts *facts)
{
	loses_wake_up(facts);
	facts->socket.last_received_ns = facts->socket.last_sent_ns = NOW - 400 * SECOND;
	facts->instance.idle_unbounded = facts->instance.watches = 1;
	facts->evidence.watches =
		(struct loop_watches){.instance = &facts->instance, .idle = &facts->view, .endless = true};
}

static void watches_the_dead_with_timeout(struct facts *facts)
{
	watches_the_dead(facts);
	facts->evidence.watches.endless = false;
}

static void watches_the_dead_with_timer(struct facts *facts)
{
	watches_the_dead(facts);
	facts->instance.flags = INSTANCE_TIMER;
}

static void watches_the_dead_for_less_than_asked_for(struct facts *facts)
{
	watches_the_dead(facts);
	facts->evidence.min_age_ns = 401 * SECOND;
}

static void outside_in_other_wait(struct facts *facts)
{
	outside(facts);
	facts->evidence.waits_elsewhere = true;
}

static void nearly_out_of_descriptors(struct facts *facts)
{
	facts->evidence.open_fds = 90;
	facts->evidence.fd_limit = 100;
}

static void nearly_out_of_watches(struct facts *facts)
{
	facts->evidence.user_watches = 900;
	facts->evidence.watch_limit = 1000;
}

static void enough_watches(struct facts *facts)
{
	facts->evidence.user_watches = 899;
	facts->evidence.watch_limit = 1000;
}

static void nearly_out_of_files(struct facts *facts)
{
	facts->evidence.open_files = 9000;
	facts->evidence.file_limit = 10000;
}

static void enough_files(struct facts *facts)
{
	facts->evidence.open_files = 9000;
	facts->evidence.file_limit = 9223372036854775807;
}

static void enough_descriptors(struct facts *facts)
{
	facts->evidence.open_fds = 921;
	facts->evidence.fd_limit = 1024;
}

static void selects(struct facts *facts)
{
	facts->loop.interface = LOOP_SELECT;
	facts->loop.epoll_fd = -1;
	facts->loop.descriptors = 1025;
}

static void selects_what_fits(struct facts *facts)
{
	selects(facts);
	facts->loop.descriptors = 1024;
}

/* It says 1025, but has none that high. */
static void selects_nothing_that_high(struct facts *facts)
{
	selects(facts);
	facts->evidence.highest_fd = 1023;
}

static void polls_that_many(struct facts *facts)
{
	selects(facts);
	facts->loop.interface = LOOP_POLL;
}

static void outside_for_good(struct facts *facts)
{
	outside(facts);
	facts->evidence.ended = true;
}

/* A database's backend, at work on what its client asked. */
static void serves_one_connection(struct facts *facts)
{
	outside(facts);
	facts->instance.flags = INSTANCE_SCANNED | INSTANCE_ONE_CONNECTION | INSTANCE_READY;
	facts->evidence.watches.instance = &facts->instance;
}

static void serves_one_in_read(struct facts *facts)
{
	asleep_in_read(facts);
	serves_one_connection(facts);
}

static void serves_one_that_is_left_unread(struct facts *facts)
{
	serves_one_connection(facts);
	facts->instance.flags |= INSTANCE_UNREAD;
}

static void serves_one_as_a_loop(struct facts *facts)
{
	serves_one_connection(facts);
	facts->evidence.has_runtime = true;
}

static void serves_several(struct facts *facts)
{
	serves_one_connection(facts);
	facts->instance.flags = INSTANCE_SCANNED | INSTANCE_READY;
}

/* Its client has been idle for long; it is not what it waits for. */
static void serves_one_that_is_idle(struct facts *facts)
{
	watches_the_dead(facts);
	serves_one_connection(facts);
}

static void polls_one_connection(struct facts *facts)
{
	outside(facts);
	facts->loop.interface = LOOP_POLL;
	facts->loop.epoll_fd = -1;
	facts->loop.descriptors = 1;
	facts->loop.one_connection = 1;
}

static void polls_something_else(struct facts *facts)
{
	polls_one_connection(facts);
	facts->loop.one_connection = 0;
}

/* 150,000 waits a second return a timer that nobody reads. */
static void spins_on_timer(struct facts *facts)
{
	facts->evidence.rates = (struct loop_rates){.interval_ns = SECOND,
						    .waits = 150000,
						    .events = 150000,
						    .mean_wait_ns = 600,
						    .in_wait_ns = 90 * MILLISECOND,
						    .lag_ns = 910 * MILLISECOND};
	facts->thread.tid = 7;
	facts->instance = (struct instance_record){
		.seen_ns = NOW, .still_since_ns = NOW - 900 * MILLISECOND, .still_tid = 7, .ready = 4};
	facts->watch = (struct watch_record){.fd = 3, .events = 1, .flags = WATCH_FOUND, .name = "[timerfd]"};
	facts->view = (struct watch_view){&facts->instance, &facts->watch, NULL};
	facts->evidence.watches = (struct loop_watches){.instance = &facts->instance, .ready = &facts->view};
}

static void spins_on_timer_for_less(struct facts *facts)
{
	spins_on_timer(facts);
	facts->instance.still_since_ns++;
}

static void reads_its_timer(struct facts *facts)
{
	spins_on_timer(facts);
	facts->instance.still_io_calls = 2000;
}

static void sleeps_beside_its_timer(struct facts *facts)
{
	spins_on_timer(facts);
	facts->instance.still_sleeps = 2000;
}

static void spins_on_timer_in_another_thread(struct facts *facts)
{
	spins_on_timer(facts);
	facts->instance.still_tid = 8;
}

static void turns_for_timer_and_works(struct facts *facts)
{
	spins_on_timer(facts);
	facts->evidence.rates.in_wait_ns = 10 * MILLISECOND;
	facts->evidence.rates.lag_ns = 990 * MILLISECOND;
}

static void turns_for_timer_now_and_then(struct facts *facts)
{
	spins_on_timer(facts);
	facts->evidence.rates.waits = 999;
}

static void io_calls_not_known(struct facts *facts)
{
	spins_on_timer(facts);
	facts->instance.still_io_calls = ~0ULL;
}

static void spins_on_socket(struct facts *facts, enum socket_kind kind, __u8 state)
{
	spins_on_timer(facts);
	facts->watch = (struct watch_record){.fd = 3, .events = 1, .flags = WATCH_FOUND | WATCH_HAS_SOCKET};
	facts->socket.name.kind = kind;
	facts->socket.name.state = state;
	facts->view.socket = &facts->socket;
}

/* It asked for nothing, but a hang-up comes all the same. */
static void spins_on_hang_up(struct facts *facts)
{
	spins_on_socket(facts, SOCKET_KIND_UNIX, 1);
	facts->watch.events = 0;
	facts->socket.shutdown = 3;
}

/* It may accept all the time. */
static void spins_on_listener(struct facts *facts)
{
	spins_on_socket(facts, SOCKET_KIND_TCP, 10);
}

/* A worker, at work on what it took from the listener that others watch, too. */
static void shares_all(struct facts *facts)
{
	outside(facts);
	facts->evidence.outside_ns = 30 * SECOND;
	facts->instance.flags = INSTANCE_SCANNED | INSTANCE_SHARED;
	facts->evidence.watches.instance = &facts->instance;
}

static void shares_all_and_queue_is_young(struct facts *facts)
{
	shares_all(facts);
	facts->instance.flags |= INSTANCE_UNREAD;
	facts->evidence.outside_ns = SECOND - 1;
}

static void shares_all_and_nobody_comes(struct facts *facts)
{
	shares_all(facts);
	facts->instance.flags |= INSTANCE_UNREAD;
}

static void shares_not_all(struct facts *facts)
{
	shares_all(facts);
	facts->instance.flags = INSTANCE_SCANNED;
}

/* Two connections lie in the queue of a listener, as looks 0.9 s apart found, watched edge-triggered. */
static void loses_connections(struct facts *facts)
{
	loses_wake_up(facts);
	facts->socket.unread_bytes = 0;
	facts->socket.last_received_ns = NOW;
	facts->socket.name.state = 10;
	facts->watch.queue = 2;
	facts->watch.unread_since_ns = NOW - SECOND;
}

static void loses_connections_seen_once(struct facts *facts)
{
	loses_connections(facts);
	facts->watch.unread_since_ns = NOW;
}

static void loses_connections_to_others(struct facts *facts)
{
	loses_connections(facts);
	facts->evidence.watches.busy_elsewhere = true;
}

static const struct {
	void (*make)(struct facts *facts);
	const char *verdict;
} cases[] = {
	{healthy, "ok"},
	{outside, "stalled"},
	{outside_for_99_ms, "ok"},
	{outside_but_taken_over, "ok"},
	{outside_for_good, "ok"},
	{asleep_in_read, "blocked_in_read"},
	{asleep_in_write, "stalled"},
	{asleep_in_read_of_file, "stalled"},
	{stopped, "stalled"},
	{frozen, "stalled"},
	{seldom_waited, "ok"},
	{waited_99_times, "ok"},
	{waited_100_times, "stalled"},
	{waited_fast, "stalled"},
	{waited_9_times_fast, "ok"},
	{spins, "spinning"},
	{spins_in_short_interval, "ok"},
	{spins_slowly, "ok"},
	{has_events, "ok"},
	{sleeps_between, "ok"},
	{looks_in_passing, "ok"},
	{spins_on_a_busy_machine, "spinning"},
	{is_throttled, "throttled"},
	{is_throttled_now_and_then, "ok"},
	{is_throttled_for_a_moment, "ok"},
	{waits_for_a_busy_cpu, "ok"},
	{spins_on_timer, "spinning"},
	{spins_on_timer_for_less, "ok"},
	{reads_its_timer, "ok"},
	{sleeps_beside_its_timer, "ok"},
	{spins_on_timer_in_another_thread, "ok"},
	{turns_for_timer_and_works, "ok"},
	{turns_for_timer_now_and_then, "ok"},
	{io_calls_not_known, "ok"},
	{spins_on_hang_up, "spinning"},
	{spins_on_listener, "ok"},
	{shares_all, "ok"},
	{shares_all_and_queue_is_young, "ok"},
	{shares_all_and_nobody_comes, "stalled"},
	{shares_not_all, "stalled"},
	{loses_connections, "edge_stall"},
	{loses_connections_seen_once, "ok"},
	{loses_connections_to_others, "ok"},
	{no_interval, "ok"},
	{saturates, "saturated"},
	{saturates_mostly, "ok"},
	{saturates_seldom, "ok"},
	{takes_one_each, "ok"},
	{outside_in_other_wait, "ok"},
	{nearly_out_of_descriptors, "near_limit"},
	{nearly_out_of_watches, "near_limit"},
	{enough_watches, "ok"},
	{nearly_out_of_files, "near_limit"},
	{enough_files, "ok"},
	{enough_descriptors, "ok"},
	{selects, "select_limit"},
	{selects_what_fits, "ok"},
	{selects_nothing_that_high, "ok"},
	{polls_that_many, "ok"},
	{unseen, "stalled"},
	{unseen_in_read, "blocked_in_read"},
	{unseen_for_999_ms, "ok"},
	{unseen_awake, "ok"},
	{unseen_nothing_ready, "ok"},
	{left, "stalled"},
	{left_for_less, "ok"},
	{left_for_less_than_asked_for, "ok"},
	{left_and_waits_there, "ok"},
	{left_by_one_that_loops, "ok"},
	{loses_wake_up, "edge_stall"},
	{loses_it_but_is_young, "ok"},
	{loses_it_but_seen_once, "ok"},
	{loses_it_but_events_are_ready, "ok"},
	{loses_it_but_cannot_send, "ok"},
	{loses_it_but_another_is_at_work, "ok"},
	{loses_it_among_threads, "ok"},
	{loses_it_among_threads_for_long, "edge_stall"},
	{loses_it_for_less_than_asked_for, "ok"},
	{loses_it_and_is_outside, "stalled"},
	{watches_the_dead, "dead_watches"},
	{watches_the_dead_with_timeout, "ok"},
	{watches_the_dead_with_timer, "ok"},
	{watches_the_dead_for_less_than_asked_for, "ok"},
	{serves_one_connection, "ok"},
	{serves_one_in_read, "ok"},
	{serves_one_that_is_left_unread, "stalled"},
	{serves_one_as_a_loop, "stalled"},
	{serves_several, "stalled"},
	{serves_one_that_is_idle, "ok"},
	{polls_one_connection, "ok"},
	{polls_something_else, "stalled"},
};

static void test_rules(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct facts facts = {0};
		struct arena arena = {0};
		const struct loop_rule *rule;

		healthy(&facts);
		cases[i].make(&facts);
		rule = loop_verdict(&facts.evidence);
		if (strcmp(rule->verdict->name, cases[i].verdict))
			print_error("case %zu\n", i);
		assert_string_equal(rule->verdict->name, cases[i].verdict);
		assert_int_equal(severity_is_stuck(rule->severity), !!strcmp(rule->verdict->name, "ok"));
		assert_non_null(rule->why(&arena, &facts.evidence));
		if (severity_is_stuck(rule->severity))
			assert_non_null(rule->advice(&arena, &facts.evidence));
		arena_free(&arena);
	}
}

/* ---- The report ---- */

struct scene {
	struct look_builder builder;
	struct look look, previous;
	struct report report;
	struct options options;
	struct thread_record *thread;
	struct loop_record *loop;
};

/* One loop, outside its wait for 2 s, asleep. */
static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	scene->options.scope.command = COMMAND_OVERVIEW;
	look_begin(&scene->builder, NOW);
	scene->thread = look_add_sleeping(&scene->builder, 10, 10, "app", NOW - 1900 * MILLISECOND);
	scene->thread->syscall = SYS_clock_nanosleep;
	scene->loop = look_add_loop(&scene->builder);
	scene->loop->waits = 1000;
	scene->loop->first_ns = NOW - 60 * SECOND;
	scene->loop->returned_ns = NOW - 2 * SECOND;
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	report_free(&scene->report);
	look_free(&scene->look);
	look_free(&scene->previous);
	free(scene);
	return 0;
}

static size_t run(struct scene *scene)
{
	const struct look *previous = scene->previous.head ? &scene->previous : NULL;

	look_finish(&scene->builder, &scene->look);
	assert_int_equal(report_loops.run(&scene->report, &scene->look, previous, &scene->options.scope), 0);
	return scene->report.count;
}

static void test_stalled(void **state)
{
	struct scene *scene = *state;
	const struct row *row;

	assert_int_equal(run(scene), 1);
	row = scene->report.rows;
	assert_string_equal(row->verdict, "stalled");
	assert_string_equal(row->loop.now, "blocked");
	assert_string_equal(row->loop.now_in, "clock_nanosleep");
	assert_near(row->loop.now_s, 2);
	assert_near(row->age_s, 2);
	assert_int_equal(row->since_ns, LOOK_REALTIME_OFFSET + NOW - 2 * SECOND);
	assert_string_equal(row->why, "its last wait on epoll descriptor 4 ended 2.0 s ago, and it has not returned "
				      "(1000 waits seen before); now asleep in clock_nanosleep");
	assert_string_equal(row->loop.interface, "epoll");
	assert_int_equal(row->loop.epoll_fd, 4);
	assert_true(isnan(row->loop.timeout_s));
	assert_near(row->loop.busy_ratio, 1);
	assert_true(isnan(row->loop.lag_max_s));
	assert_int_equal(row->loop.watches, NOT_KNOWN);
	assert_null(row->local_addr);
}

static void test_blocked_in_read(void **state)
{
	struct scene *scene = *state;
	struct thread_record *thread;
	struct loop_record *loop;
	const struct row *row;

	thread = look_add_sleeping(&scene->builder, 20, 21, "app", NOW - 1900 * MILLISECOND);
	thread->syscall = SYS_recvfrom;
	thread->fd = 9;
	look_add_thread_socket(&scene->builder, SOCKET_KIND_TCP, 1);
	loop = look_add_loop(&scene->builder);
	*loop = (struct loop_record){.header = loop->header,
				     .waits = 500,
				     .first_ns = NOW - 60 * SECOND,
				     .returned_ns = NOW - 2 * SECOND,
				     .epoll_fd = 3,
				     .interface = LOOP_EPOLL};
	assert_int_equal(run(scene), 2);
	row = &scene->report.rows[1];
	assert_string_equal(row->verdict, "blocked_in_read");
	assert_string_equal(row->loop.now_in, "recvfrom 10.0.0.1:4000 -> 10.0.0.2:80");
	assert_int_equal(row->fd, 9);
	assert_string_equal(row->peer_addr, "10.0.0.2");
	assert_int_equal(row->tid, 21);
}

/* A listener has no other end. */
static void test_asleep_in_accept(void **state)
{
	struct scene *scene = *state;
	struct thread_record *thread = look_add_sleeping(&scene->builder, 20, 21, "loop", NOW - 2 * SECOND);
	struct loop_record *loop;

	thread->syscall = SYS_accept4;
	thread->fd = 9;
	look_connect(&look_add_thread_socket(&scene->builder, SOCKET_KIND_TCP, 10)->name, "10.0.0.1", 80, "0.0.0.0", 0);
	loop = look_add_loop(&scene->builder);
	loop->waits = 500;
	loop->first_ns = NOW - 60 * SECOND;
	loop->returned_ns = NOW - 2 * SECOND;
	assert_int_equal(run(scene), 2);
	assert_string_equal(scene->report.rows[1].loop.now_in, "accept4 10.0.0.1:80");
}

static void test_running(void **state)
{
	struct scene *scene = *state;

	scene->thread->flags &= ~THREAD_SLEEPING;
	scene->thread->syscall = -1;
	assert_int_equal(run(scene), 1);
	assert_string_equal(scene->report.rows[0].loop.now, "running");
	assert_null(scene->report.rows[0].loop.now_in);
}

static void test_stopped(void **state)
{
	struct scene *scene = *state;

	scene->thread->flags = THREAD_STOPPED;
	assert_int_equal(run(scene), 1);
	assert_string_equal(scene->report.rows[0].loop.now, "blocked");
	assert_string_equal(scene->report.rows[0].advice, "resume it: kill -CONT 10 (or detach its debugger)");
}

static struct loop_record *add_colleague(struct scene *scene, __u32 pid, int epoll_fd)
{
	struct loop_record *loop;

	look_add_sleeping(&scene->builder, pid, 12, "app", NOW - SECOND)->syscall = SYS_epoll_pwait;
	loop = look_add_loop(&scene->builder);
	loop->epoll_fd = epoll_fd;
	loop->waits = 5;
	loop->waiting = 1;
	loop->entered_ns = NOW - SECOND;
	return loop;
}

static void test_colleague_waits(void **state)
{
	struct scene *scene = *state;

	add_colleague(scene, 10, 4);
	assert_int_equal(run(scene), 0);
}

static void test_colleague_on_another_instance(void **state)
{
	struct scene *scene = *state;

	add_colleague(scene, 10, 5);
	assert_int_equal(run(scene), 1);
}

static void test_stranger_with_the_same_number(void **state)
{
	struct scene *scene = *state;

	add_colleague(scene, 11, 4);
	assert_int_equal(run(scene), 1);
}

/* The last to come back is the one that stalls the instance, and only that one. */
static void test_colleagues_all_busy(void **state)
{
	struct scene *scene = *state;
	struct loop_record *loop = add_colleague(scene, 10, 4);

	loop->waiting = 0;
	loop->waits = 1000;
	loop->returned_ns = NOW - SECOND;
	assert_int_equal(run(scene), 1);
	assert_int_equal(scene->report.rows[0].tid, 12);
}

static void test_colleague_without_counters(void **state)
{
	struct scene *scene = *state;
	struct thread_record *thread = look_add_sleeping(&scene->builder, 10, 12, "app", NOW - SECOND);

	thread->syscall = SYS_epoll_pwait;
	thread->args[0] = 4;
	assert_int_equal(run(scene), 0);
}

static void test_healthy(void **state)
{
	struct scene *scene = *state;

	scene->loop->waiting = 1;
	scene->loop->entered_ns = NOW - 500 * MILLISECOND;
	assert_int_equal(run(scene), 0);
}

static void test_rates(void **state)
{
	struct scene *scene = *state;
	struct look_builder builder;
	struct loop_record *before;
	const struct row *row;

	look_begin(&builder, NOW - 2 * SECOND);
	look_add_sleeping(&builder, 10, 10, "app", NOW - 3 * SECOND);
	before = look_add_loop(&builder);
	before->waits = 900;
	before->events = 50;
	before->wait_ns = SECOND;
	look_finish(&builder, &scene->previous);
	scene->options.scope.all = true;
	scene->loop->waiting = 1;
	scene->loop->entered_ns = NOW - 500 * MILLISECOND;
	scene->loop->events = 250;
	scene->loop->empty = 20;
	scene->loop->wait_ns = 1500 * MILLISECOND;
	scene->loop->timeout_ns = 50 * MILLISECOND;
	scene->loop->lag[1] = 100;
	scene->loop->lag_max_ns = 1536;
	assert_int_equal(run(scene), 1);
	row = scene->report.rows;
	assert_string_equal(row->verdict, "ok");
	assert_null(row->id);
	assert_false(row->stuck);
	assert_string_equal(row->loop.now, "waiting");
	assert_near(row->loop.now_s, 0.5);
	assert_near(row->loop.waits_per_s, 50);
	assert_near(row->loop.events_per_s, 100);
	assert_near(row->loop.events_per_wait, 2);
	assert_near(row->loop.empty_per_s, 10);
	assert_near(row->loop.busy_ratio, 0.5);
	assert_near(row->loop.timeout_s, 0.05);
	assert_near(row->loop.lag_max_s * 1e6, 1.536);
	assert_true(row->loop.lag_p50_s <= row->loop.lag_p99_s && row->loop.lag_p99_s <= row->loop.lag_max_s);
	assert_true(isnan(row->loop.wait_p50_s));
}

static void test_waiting_without_counters(void **state)
{
	struct scene *scene = *state;
	struct thread_record *thread = look_add_sleeping(&scene->builder, 20, 20, "idle", NOW - 90 * SECOND);
	const struct row *row;

	scene->options.scope.all = true;
	thread->syscall = SYS_epoll_pwait;
	thread->args[0] = 6;
	thread->args[2] = 512;
	thread->args[3] = 0xffffffffu; /* -1, as 32-bit arguments come */
	assert_int_equal(run(scene), 2);
	row = &scene->report.rows[1];
	assert_string_equal(row->verdict, "ok");
	assert_string_equal(row->loop.now, "waiting");
	assert_near(row->loop.now_s, 90);
	assert_int_equal(row->loop.epoll_fd, 6);
	assert_int_equal(row->loop.max_events, 512);
	assert_true(isnan(row->loop.timeout_s));
	assert_true(isnan(row->loop.waits_per_s));
	assert_true(isnan(row->loop.busy_ratio));
}

/* Stalled before sockstall came: seen by the events that lie there. */
static struct thread_record *add_unseen(struct scene *scene, int syscall)
{
	struct thread_record *thread = look_add_sleeping(&scene->builder, 30, 30, "asyncio", NOW - 5 * SECOND);
	struct epoll_record *epoll = look_add_epoll(&scene->builder, 30, 5);

	scene->loop->waiting = 1;
	thread->syscall = syscall;
	epoll->ready = epoll->unread = 1;
	return thread;
}

static void test_unseen(void **state)
{
	struct scene *scene = *state;
	const struct row *row;

	add_unseen(scene, SYS_clock_nanosleep);
	assert_int_equal(run(scene), 1);
	row = scene->report.rows;
	assert_string_equal(row->verdict, "stalled");
	assert_int_equal(row->pid, 30);
	assert_int_equal(row->loop.epoll_fd, 5);
	assert_near(row->age_s, 5);
	assert_string_equal(row->why, "epoll descriptor 5 has events waiting, but the only "
				      "thread has been asleep in clock_nanosleep for 5.0 s");
}

/* Without CONFIG_SCHED_INFO it has slept for longer than the looks have seen. */
static void test_unseen_for_at_least(void **state)
{
	struct scene *scene = *state;

	add_unseen(scene, SYS_clock_nanosleep)->flags |= THREAD_AT_LEAST;
	assert_int_equal(run(scene), 1);
	assert_int_equal(scene->report.rows[0].age_at_least, true);
	assert_int_equal(scene->report.rows[0].since_ns, 0);
	assert_near(scene->report.rows[0].age_s, 5);
	assert_non_null(strstr(scene->report.rows[0].why, "asleep in clock_nanosleep for at least 5.0 s"));
}

static void test_unseen_in_poll(void **state)
{
	struct scene *scene = *state;

	add_unseen(scene, SYS_ppoll); /* an epoll descriptor can be polled itself */
	assert_int_equal(run(scene), 0);
}

static void test_unseen_with_threads(void **state)
{
	struct scene *scene = *state;

	add_unseen(scene, SYS_clock_nanosleep)->threads = 2; /* the other one may serve it */
	assert_int_equal(run(scene), 0);
}

/* ---- What looks agree on ---- */

/* Seen twice, with something for which a client waits. */
static struct thread_record *add_left(struct scene *scene, int syscall)
{
	struct thread_record *thread = add_unseen(scene, syscall);
	struct epoll_record *epoll = (void *)scene->builder.records[scene->builder.count - 1];

	epoll->input = EPOLL_INPUT | EPOLL_FROM_OUTSIDE | EPOLL_FROM_CLIENT;
	epoll->unserved_since_ns = NOW - 900 * MILLISECOND;
	return thread;
}

static struct epoll_record *left_epoll(struct scene *scene)
{
	return (void *)scene->builder.records[scene->builder.count - 1];
}

/* It cannot be the instance that it polls: then poll would have returned. */
static void test_left_in_poll(void **state)
{
	struct scene *scene = *state;

	add_left(scene, SYS_poll);
	assert_int_equal(run(scene), 1);
	assert_string_equal(scene->report.rows[0].verdict, "stalled");
	assert_string_equal(scene->report.rows[0].loop.now_in, "poll");
	assert_near(scene->report.rows[0].age_s, 5);
	assert_false(scene->report.rows[0].age_at_least);
}

static void test_left_seen_once(void **state)
{
	struct scene *scene = *state;

	add_left(scene, SYS_poll);
	left_epoll(scene)->unserved_since_ns = NOW - 899 * MILLISECOND;
	assert_int_equal(run(scene), 0);
}

/* A timer that has fired, say: nobody waits for that. */
static void test_left_with_nothing_from_outside(void **state)
{
	struct scene *scene = *state;

	add_left(scene, SYS_poll);
	left_epoll(scene)->input = EPOLL_INPUT;
	assert_int_equal(run(scene), 0);
}

/* A reply that came for it: among threads nobody may want it. */
static void test_left_with_a_reply(void **state)
{
	struct scene *scene = *state;

	add_left(scene, SYS_poll);
	left_epoll(scene)->input = EPOLL_INPUT | EPOLL_FROM_OUTSIDE;
	assert_int_equal(run(scene), 1);
}

static void test_left_with_a_reply_among_threads(void **state)
{
	struct scene *scene = *state;

	add_left(scene, SYS_poll)->threads = 2;
	left_epoll(scene)->input = EPOLL_INPUT | EPOLL_FROM_OUTSIDE;
	assert_int_equal(run(scene), 0);
}

static void test_left_among_threads(void **state)
{
	struct scene *scene = *state;

	add_left(scene, SYS_poll)->threads = 2;
	look_add_sleeping(&scene->builder, 30, 31, "helper", NOW - SECOND)->syscall = SYS_futex;
	assert_int_equal(run(scene), 1);
	assert_int_equal(scene->report.rows[0].tid, 30);
	assert_string_equal(scene->report.rows[0].why,
			    "epoll descriptor 5 has events waiting, and none of the 2 threads waits for them; most "
			    "likely this one should: it has been asleep in poll for 5.0 s");
}

/* It has come back to the CPU since: for how long it has been away is known from looks alone. */
static void test_left_and_runs(void **state)
{
	struct scene *scene = *state;
	struct thread_record *thread = add_left(scene, SYS_poll);

	thread->flags = THREAD_FAIR;
	thread->syscall = -1;
	assert_int_equal(run(scene), 1);
	assert_string_equal(scene->report.rows[0].loop.now, "running");
	assert_true(scene->report.rows[0].age_at_least);
	assert_near(scene->report.rows[0].age_s, 0.9);
	assert_non_null(strstr(scene->report.rows[0].why, "but the only thread has been running for at least 900 ms"));
}

static void test_left_for_a_nested_loop(void **state)
{
	struct scene *scene = *state;
	struct thread_record *thread = add_left(scene, SYS_epoll_pwait);

	thread->args[0] = 20;
	look_add_note(&scene->builder, 30, NOTE_WHERE, "child 12 curl");
	assert_int_equal(run(scene), 1);
	assert_string_equal(scene->report.rows[0].verdict, "stalled");
	assert_int_equal(scene->report.rows[0].loop.epoll_fd, 5);
	assert_string_equal(scene->report.rows[0].loop.now_in,
			    "a nested event loop (descriptor 20), most likely for child 12 curl");
}

/* It is known to have waited there; now it sleeps in poll, with a last timeout of 0. */
static void test_left_by_a_known_loop(void **state)
{
	struct scene *scene = *state;
	struct epoll_record *epoll = look_add_epoll(&scene->builder, 10, scene->loop->epoll_fd);

	scene->loop->timeout_ns = 0;
	scene->thread->syscall = SYS_poll;
	epoll->unread = 1;
	epoll->input = EPOLL_INPUT | EPOLL_FROM_OUTSIDE;
	epoll->unserved_since_ns = NOW - 900 * MILLISECOND;
	assert_int_equal(run(scene), 1);
	assert_string_equal(scene->report.rows[0].verdict, "stalled");
	assert_near(scene->report.rows[0].age_s, 2);
}

/* It came by since looks first found the events there. */
static void test_served_between_looks(void **state)
{
	struct scene *scene = *state;
	struct epoll_record *epoll = look_add_epoll(&scene->builder, 10, scene->loop->epoll_fd);

	scene->loop->timeout_ns = 0;
	scene->loop->returned_ns = NOW - 800 * MILLISECOND;
	scene->thread->syscall = SYS_poll;
	epoll->unread = 1;
	epoll->input = EPOLL_INPUT | EPOLL_FROM_OUTSIDE;
	epoll->unserved_since_ns = NOW - 900 * MILLISECOND;
	assert_int_equal(run(scene), 0);
}

/* Outside for 2 s, but all except 50 ms of it in the run queue: the machine is busy, the loop is not. */
static void test_kept_from_its_cpu(void **state)
{
	struct scene *scene = *state;

	scene->thread->flags = THREAD_FAIR;
	scene->thread->syscall = -1;
	scene->loop->returned_run_delay = 7 * SECOND;
	scene->thread->run_delay_ns = 7 * SECOND + 1950 * MILLISECOND;
	assert_int_equal(run(scene), 0);
}

static void test_kept_from_its_cpu_and_stalled(void **state)
{
	struct scene *scene = *state;

	scene->thread->flags = THREAD_FAIR;
	scene->thread->syscall = -1;
	scene->loop->returned_run_delay = 7 * SECOND;
	scene->thread->run_delay_ns = 7 * SECOND + 1850 * MILLISECOND;
	assert_int_equal(run(scene), 1);
	assert_string_equal(scene->report.rows[0].verdict, "stalled");
}

/* Too few waits to be called a loop; but its events lie there, and nobody else is there. */
static void test_few_waits_and_events_left(void **state)
{
	struct scene *scene = *state;

	scene->loop->waits = 3;
	look_add_epoll(&scene->builder, 10, scene->loop->epoll_fd)->unread = 1;
	assert_int_equal(run(scene), 1);
	assert_string_equal(scene->report.rows[0].verdict, "stalled");
}

static void test_few_waits_and_nothing_left(void **state)
{
	struct scene *scene = *state;

	scene->loop->waits = 3;
	/* The last wait's event is still on the list, but has been read since. */
	look_add_epoll(&scene->builder, 10, scene->loop->epoll_fd)->ready = 1;
	assert_int_equal(run(scene), 0);
}

/* A loop within the loop: it waits, but on another instance, and nobody on its own. */
static void test_waits_on_another_instance(void **state)
{
	struct scene *scene = *state;
	struct epoll_record *epoll = look_add_epoll(&scene->builder, 10, 7);

	epoll->ready = epoll->unread = 1;
	scene->loop->waiting = 1;
	scene->loop->entered_ns = NOW - 2 * SECOND;
	scene->loop->epoll_fd = 20;
	scene->loop->epoll_fd_before = 7 + 1;
	scene->thread->syscall = SYS_epoll_pwait;
	assert_int_equal(run(scene), 1);
	assert_string_equal(scene->report.rows[0].verdict, "stalled");
	assert_string_equal(scene->report.rows[0].loop.now, "blocked");
	assert_string_equal(scene->report.rows[0].loop.now_in, "a nested event loop (descriptor 20)");
	assert_near(scene->report.rows[0].age_s, 2);
}

/* The same, but another thread waits on the first instance, or nothing lies there. */
static void test_another_instance_is_served(void **state)
{
	struct scene *scene = *state;
	struct epoll_record *epoll = look_add_epoll(&scene->builder, 10, 7);

	epoll->ready = epoll->unread = 1;
	epoll->waiters = 1;
	scene->loop->waiting = 1;
	scene->loop->entered_ns = NOW - 2 * SECOND;
	scene->loop->epoll_fd = 20;
	scene->loop->epoll_fd_before = 7 + 1;
	assert_int_equal(run(scene), 0);
}

static void test_unseen_of_another_process(void **state)
{
	struct scene *scene = *state;

	add_unseen(scene, SYS_clock_nanosleep)->process_start_ns++; /* the pid is used again */
	assert_int_equal(run(scene), 0);
}

/* The scene's thread, and what it did with a second interface. */
static struct loop_record *also_uses(struct scene *scene, enum loop_interface interface)
{
	struct loop_record *loop = look_add_loop_of(&scene->builder, interface);

	loop->waits = 1000;
	loop->first_ns = NOW - 60 * SECOND;
	loop->returned_ns = NOW - 2 * SECOND;
	return loop;
}

static void test_row_for_each_interface(void **state)
{
	struct scene *scene = *state;

	also_uses(scene, LOOP_POLL)->timeout_ns = SECOND;
	also_uses(scene, LOOP_IO_URING)->epoll_fd = 9;
	assert_int_equal(run(scene), 3);
	assert_string_equal(scene->report.rows[0].loop.interface, "epoll");
	assert_string_equal(scene->report.rows[1].loop.interface, "poll");
	assert_string_equal(scene->report.rows[2].loop.interface, "io_uring");
	assert_int_equal(scene->report.rows[1].loop.max_events, NOT_KNOWN);
	assert_int_equal(scene->report.rows[1].loop.epoll_fd, NOT_KNOWN);
	assert_int_equal(scene->report.rows[2].loop.epoll_fd, 9);
	assert_true(isnan(scene->report.rows[2].loop.events_per_s));
	assert_string_not_equal(scene->report.rows[0].id, scene->report.rows[1].id);
	assert_string_not_equal(scene->report.rows[1].id, scene->report.rows[2].id);
}

/* It sleeps in poll, its main wait: that it does not come back to epoll is no stall. */
static void test_waits_in_poll(void **state)
{
	struct scene *scene = *state;
	struct loop_record *poll = also_uses(scene, LOOP_POLL);

	poll->waiting = 1;
	poll->entered_ns = NOW - SECOND;
	assert_int_equal(run(scene), 0);
}

/* A poll in a handler of an epoll loop, now and then: the loop stands still for it. */
static void test_stalled_in_poll(void **state)
{
	struct scene *scene = *state;
	struct loop_record *poll = also_uses(scene, LOOP_POLL);

	poll->waiting = 1;
	poll->waits = 20;
	poll->entered_ns = NOW - SECOND;
	scene->thread->syscall = SYS_ppoll;
	assert_int_equal(run(scene), 1);
	assert_string_equal(scene->report.rows[0].loop.interface, "epoll");
	assert_string_equal(scene->report.rows[0].verdict, "stalled");
}

/* Only epoll is counted, and it is emptied in passing. */
static void test_epoll_in_passing(void **state)
{
	struct scene *scene = *state;

	scene->loop->timeout_ns = 0;
	scene->thread->syscall = SYS_ppoll;
	assert_int_equal(run(scene), 0);
}

/* A shell polls now and then: no loop, not even with --all. */
static void test_polls_seldom(void **state)
{
	struct scene *scene = *state;

	scene->options.scope.all = true;
	also_uses(scene, LOOP_POLL)->waits = 20;
	assert_int_equal(run(scene), 1);
}

/* ---- What it is in, and what its process has ---- */

static const char *now_in(struct scene *scene, int syscall)
{
	scene->thread->syscall = syscall;
	assert_int_equal(run(scene), 1);
	return scene->report.rows[0].loop.now_in;
}

static void test_in_a_file(void **state)
{
	struct scene *scene = *state;

	look_add_note(&scene->builder, 10, NOTE_WHERE, "/var/log/x");
	assert_string_equal(now_in(scene, SYS_fsync), "fsync /var/log/x");
	assert_non_null(strstr(scene->report.rows[0].why, "asleep in fsync /var/log/x"));
}

static void test_in_a_wait_for_a_child(void **state)
{
	struct scene *scene = *state;

	look_add_note(&scene->builder, 10, NOTE_WHERE, "child 12 gzip");
	assert_string_equal(now_in(scene, SYS_wait4), "wait4: child 12 gzip");
}

static void test_in_a_lock(void **state)
{
	assert_string_equal(now_in(*state, SYS_futex), "futex: a lock or condition variable");
}

/* A note about another thread. */
static void test_in_a_sleep(void **state)
{
	struct scene *scene = *state;

	look_add_note(&scene->builder, 11, NOTE_WHERE, "/var/log/x");
	assert_string_equal(now_in(scene, SYS_clock_nanosleep), "clock_nanosleep");
	assert_null(scene->report.rows[0].loop.kernel_stack);
}

static void test_stacks(void **state)
{
	struct scene *scene = *state;

	look_add_note(&scene->builder, 10, NOTE_KERNEL_STACK, "a < b");
	look_add_note(&scene->builder, 10, NOTE_USER_STACK, "x+0x1 < y+0x2");
	look_add_note(&scene->builder, 10, NOTE_CODE, "y; all is well (y.c:2)");
	assert_int_equal(run(scene), 1);
	assert_string_equal(scene->report.rows[0].loop.kernel_stack, "a < b");
	report_titles(&scene->report, 0, &scene->look);
	assert_string_equal(scene->report.rows[0].user_stack, "x+0x1\ny+0x2");
	assert_string_equal(scene->report.rows[0].code, "y; all is well (y.c:2)");
	/* Once, and as one part of the sentence. */
	report_titles(&scene->report, 0, &scene->look);
	assert_non_null(strstr(scene->report.rows[0].why, "; in y, all is well (y.c:2)"));
	assert_null(strstr(strstr(scene->report.rows[0].why, "; in y") + 1, "; in y"));
}

static void test_ended(void **state)
{
	struct scene *scene = *state;

	look_add_note(&scene->builder, 11, NOTE_LOOP_ENDED, "4"); /* of another thread */
	assert_int_equal(run(scene), 1);
	assert_string_equal(scene->report.rows[0].verdict, "stalled");
}

static void test_ended_here(void **state)
{
	struct scene *scene = *state;

	look_add_note(&scene->builder, 10, NOTE_LOOP_ENDED, "4");
	assert_int_equal(run(scene), 0);
}

static void test_usage(void **state)
{
	struct scene *scene = *state;
	const struct loop_fields *loop;

	look_add_usage(&scene->builder, 10, "go");
	assert_int_equal(run(scene), 1);
	loop = &scene->report.rows[0].loop;
	assert_string_equal(loop->runtime, "go");
	assert_int_equal(loop->fd_limit, 1024);
	assert_int_equal(loop->highest_fd, 11);
	assert_int_equal(loop->open_fds, 10);
	assert_int_equal(loop->process_sockets, 4);
	assert_int_equal(loop->process_threads, 1);
}

/* Another process that had the same pid; and what could not be counted. */
static void test_usage_not_known(void **state)
{
	struct scene *scene = *state;

	look_add_usage(&scene->builder, 10, "go")->process_start_ns++;
	assert_int_equal(run(scene), 1);
	assert_null(scene->report.rows[0].loop.runtime);
	assert_int_equal(scene->report.rows[0].loop.fd_limit, NOT_KNOWN);
}

static void test_usage_not_counted(void **state)
{
	struct scene *scene = *state;
	struct usage_record *usage = look_add_usage(&scene->builder, 10, "");

	usage->highest_fd = -1;
	usage->open_fds = usage->sockets = 0;
	assert_int_equal(run(scene), 1);
	assert_null(scene->report.rows[0].loop.runtime);
	assert_int_equal(scene->report.rows[0].loop.open_fds, NOT_KNOWN);
	assert_int_equal(scene->report.rows[0].loop.process_sockets, NOT_KNOWN);
}

/* Two threads with loops: the process is near its limit once. */
static void test_near_limit(void **state)
{
	struct scene *scene = *state;

	scene->loop->waiting = 1;
	scene->loop->entered_ns = NOW - SECOND;
	add_colleague(scene, 10, 7);
	look_add_usage(&scene->builder, 10, "")->open_fds = 1000;
	assert_int_equal(run(scene), 1);
	assert_string_equal(scene->report.rows[0].verdict, "near_limit");
	assert_int_equal(scene->report.rows[0].tid, 10);
	assert_non_null(scene->report.rows[0].id);
}

/* Such a limit is shared by a user's loops, or a machine's: no loop can continue. */
static void test_near_shared_limits(void **state)
{
	struct scene *scene = *state;

	scene->loop->waiting = 1;
	scene->loop->entered_ns = NOW - SECOND;
	look_add_usage(&scene->builder, 10, "")->user_watches = 95;
	((struct look_record *)scene->builder.records[0])->watch_limit = 100;
	assert_int_equal(run(scene), 1);
	assert_string_equal(scene->report.rows[0].verdict, "near_limit");
	assert_non_null(strstr(scene->report.rows[0].why, "about 95 descriptors; the limit is 100"));
	assert_int_equal(scene->report.rows[0].loop.user_watches, 95);
}

/* A limit says nothing about waits: it is judged also where none was seen. */
static void test_near_limit_without_counters(void **state)
{
	struct scene *scene = *state;
	struct thread_record *thread = look_add_sleeping(&scene->builder, 20, 20, "idle", NOW - 90 * SECOND);

	scene->loop->waiting = 1;
	scene->loop->entered_ns = NOW - SECOND;
	thread->syscall = SYS_epoll_pwait;
	look_add_usage(&scene->builder, 20, "")->open_fds = 1024;
	assert_int_equal(run(scene), 1);
	assert_string_equal(scene->report.rows[0].verdict, "near_limit");
	assert_non_null(scene->report.rows[0].id);
}

static void test_min_age(void **state)
{
	struct scene *scene = *state;

	scene->options.scope.min_age_given = true;
	scene->options.scope.min_age_ns = 3 * SECOND;
	assert_int_equal(run(scene), 0);
}

int main(void)
{
#define REPORT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		REPORT_TEST(test_stalled),
		REPORT_TEST(test_blocked_in_read),
		REPORT_TEST(test_asleep_in_accept),
		REPORT_TEST(test_running),
		REPORT_TEST(test_stopped),
		REPORT_TEST(test_colleague_waits),
		REPORT_TEST(test_colleague_on_another_instance),
		REPORT_TEST(test_stranger_with_the_same_number),
		REPORT_TEST(test_colleagues_all_busy),
		REPORT_TEST(test_colleague_without_counters),
		REPORT_TEST(test_healthy),
		REPORT_TEST(test_rates),
		REPORT_TEST(test_waiting_without_counters),
		REPORT_TEST(test_unseen),
		REPORT_TEST(test_unseen_for_at_least),
		REPORT_TEST(test_unseen_in_poll),
		REPORT_TEST(test_unseen_with_threads),
		REPORT_TEST(test_left_in_poll),
		REPORT_TEST(test_left_seen_once),
		REPORT_TEST(test_left_with_nothing_from_outside),
		REPORT_TEST(test_left_with_a_reply),
		REPORT_TEST(test_left_with_a_reply_among_threads),
		REPORT_TEST(test_left_among_threads),
		REPORT_TEST(test_left_and_runs),
		REPORT_TEST(test_left_for_a_nested_loop),
		REPORT_TEST(test_left_by_a_known_loop),
		REPORT_TEST(test_served_between_looks),
		REPORT_TEST(test_kept_from_its_cpu),
		REPORT_TEST(test_kept_from_its_cpu_and_stalled),
		REPORT_TEST(test_few_waits_and_events_left),
		REPORT_TEST(test_few_waits_and_nothing_left),
		REPORT_TEST(test_waits_on_another_instance),
		REPORT_TEST(test_another_instance_is_served),
		REPORT_TEST(test_unseen_of_another_process),
		REPORT_TEST(test_row_for_each_interface),
		REPORT_TEST(test_waits_in_poll),
		REPORT_TEST(test_stalled_in_poll),
		REPORT_TEST(test_epoll_in_passing),
		REPORT_TEST(test_polls_seldom),
		REPORT_TEST(test_in_a_file),
		REPORT_TEST(test_in_a_wait_for_a_child),
		REPORT_TEST(test_in_a_lock),
		REPORT_TEST(test_in_a_sleep),
		REPORT_TEST(test_stacks),
		REPORT_TEST(test_ended),
		REPORT_TEST(test_ended_here),
		REPORT_TEST(test_usage),
		REPORT_TEST(test_usage_not_known),
		REPORT_TEST(test_usage_not_counted),
		REPORT_TEST(test_near_limit),
		REPORT_TEST(test_near_shared_limits),
		REPORT_TEST(test_near_limit_without_counters),
		REPORT_TEST(test_min_age),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
