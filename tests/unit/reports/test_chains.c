/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Chains of waits as rows: who stands at the end, who waits, and what is no chain. */
#include "make_chain.h"

#include <math.h>

/* ---- Chains ---- */

static void a_chain(void **state)
{
	const struct row *row;
	struct shown shown;

	(void)state;
	all_wait();
	sleeps(POSTGRES, POSTGRES, "postgres", SYS_clock_nanosleep);
	show(&shown);
	IS_CHAIN(&shown, "blocked", 1, CURL, NGINX, APP, POSTGRES);
	assert_string_equal(shown.links[0].in, "recvfrom");
	assert_string_equal(shown.links[1].in, "event loop");
	assert_string_equal(shown.links[2].in, "recvfrom");
	assert_string_equal(shown.links[3].in, "clock_nanosleep");
	assert_int_equal(shown.links[0].tid, CURL);
	assert_true(shown.links[1].tid == NOT_KNOWN);
	assert_int_equal(shown.links[2].tid, APP + 1);
	assert_int_equal(shown.links[2].peer_port, 82);
	assert_int_equal(shown.links[3].local_port, 82);
	assert_int_equal(shown.links[3].fd, 6);
	assert_string_equal(shown.links[1].verdict, "awaiting_reply");
	assert_string_equal(shown.links[3].verdict, "blocked");
	assert_true(fabs(shown.links[1].age_s - 5) < 1e-6);
	row = &shown.report.rows[0];
	assert_int_equal(row->pid, POSTGRES);
	assert_int_equal(row->fd, 6);
	assert_int_equal(row->local_port, 82);
	assert_int_equal(row->peer_port, 4082);
	assert_int_equal(row->netns, LOOK_NETNS);
	assert_int_equal(row->process_start_ns, 1 * SECOND);
	assert_true(shown.links[0].holders == NOT_KNOWN);
	assert_int_equal(shown.links[3].holders, 1);
	assert_string_equal(row->id, "chain-40");
	says(row->why,
	     "curl (pid 10) waits for nginx (pid 20), which waits for app (pid 30), which waits for postgres (pid 40);");
	assert_null(strstr(row->why, "most likely"));
	says(row->advice, "threads -p 40");
	assert_true(fabs(row->age_s - 5) < 1e-6);
	hide(&shown);
}

static void stopped_in_the_middle(void **state)
{
	struct shown shown;

	(void)state;
	front();
	look_add_thread(&builder, APP, APP, "app")->threads = 2;
	look_add_thread(&builder, APP, APP + 1, "app")->flags = THREAD_STOPPED;
	show(&shown);
	IS_CHAIN(&shown, "stopped", 1, CURL, NGINX, APP);
	hide(&shown);
}

/* Asked and in its loop: it is its turn. */
static void an_end_that_waits_for_events(void **state)
{
	struct shown shown;

	(void)state;
	front();
	sleeps(APP, APP, "app", SYS_epoll_pwait);
	show(&shown);
	IS_CHAIN(&shown, "waiting", 1, CURL, NGINX, APP);
	hide(&shown);
}

/* PostgreSQL has sent a few bytes, and waits for its own: only for who was promised the rest is it late. */
static void a_reply_that_has_begun(void **state)
{
	bool alone;

	(void)state;
	for (alone = false;; alone = true) {
		struct socket_record *reader;
		struct shown shown;

		if (alone)
			begin();
		else
			front();
		reader = reads(APP, APP, "app", 82);
		reader->bytes_received = 5;
		reader->last_received_ns = ASKED + SECOND;
		serves(POSTGRES, "postgres", 82);
		sleeps(POSTGRES, POSTGRES, "postgres", SYS_epoll_pwait);
		show(&shown);
		if (alone)
			assert_int_equal(shown.report.count, 0);
		else
			IS_CHAIN(&shown, "waiting", 1, CURL, NGINX, APP, POSTGRES);
		hide(&shown);
		if (alone)
			break;
	}
}

static void many_that_wait_for_one(void **state)
{
	struct shown shown;
	__u32 i;

	(void)state;
	begin();
	for (i = 0; i < 5; i++) {
		reads(100 + i, 100 + i, "curl", 200 + i);
		serves(NGINX, "nginx", 200 + i);
	}
	look_add_thread(&builder, NGINX, NGINX, "nginx");
	reads(CURL, CURL, "curl", 80);
	serves(APP, "app", 80);
	look_add_thread(&builder, APP, APP, "app");
	show(&shown);
	assert_int_equal(shown.report.count, 2);
	assert_int_equal(shown.report.rows[0].pid, NGINX);
	assert_int_equal(shown.report.rows[0].chain.waiters, 5);
	assert_string_equal(shown.report.rows[0].verdict, "running");
	assert_int_equal(shown.report.rows[1].pid, APP);
	assert_int_equal(shown.report.rows[1].chain.waiters, 1);
	hide(&shown);
}

/* Threads of the application wait, each for another: the one that began first after it was asked is the most likely. */
static void the_nearest_in_time(void **state)
{
	struct socket_record *before;
	struct shown shown;

	(void)state;
	front();
	reads(CURL + 1, CURL + 1, "curl", 79);
	serves(NGINX, "nginx", 79);
	reads(APP, APP + 1, "app", 82)->last_sent_ns = ASKED + SECOND;
	builder.thread->threads = 3;
	builder.thread->last_arrival = ASKED + SECOND;
	reads(APP, APP + 2, "app", 83);
	builder.thread->threads = 3;
	before = reads(APP, APP + 3, "app", 84);
	before->last_sent_ns = ASKED - SECOND;
	builder.thread->threads = 3;
	builder.thread->last_arrival = ASKED - SECOND;
	reads(APP, APP + 4, "app", 85);
	builder.thread->threads = 3;
	builder.thread->last_arrival = ASKED + 2 * SECOND;
	serves(POSTGRES + 0, "postgres", 82);
	serves(POSTGRES + 1, "postgres", 83);
	serves(POSTGRES + 2, "postgres", 84);
	sleeps(POSTGRES + 1, POSTGRES + 1, "postgres", SYS_clock_nanosleep);
	show(&shown);
	assert_int_equal(shown.report.count, 3);
	assert_int_equal(shown.report.rows[0].pid, POSTGRES + 1);
	assert_int_equal(shown.report.rows[0].chain.waiters, 2); /* not those of nginx and the application */
	says(shown.report.rows[0].why, "most likely, by the times at which the waits began");
	hide(&shown);
}

static void in_a_unix_socket(void **state)
{
	struct socket_record *peer, *reader;
	struct shown shown;

	(void)state;
	front();
	peer = look_add_socket(&builder, SOCKET_KIND_UNIX, 1);
	look_add_owner(&builder, &peer->name, POSTGRES, 5, "postgres");
	sleeps(APP, APP, "app", SYS_recvfrom);
	reader = look_add_thread_socket(&builder, SOCKET_KIND_UNIX, 1);
	reader->peer_inode = peer->name.inode;
	sleeps(POSTGRES, POSTGRES, "postgres", SYS_clock_nanosleep);
	show(&shown);
	IS_CHAIN(&shown, "blocked", 1, CURL, NGINX, APP, POSTGRES);
	assert_string_equal(shown.report.rows[0].family, "unix");
	assert_int_equal(shown.report.rows[0].fd, 5);
	assert_int_not_equal(shown.report.rows[0].cookie, 0);
	assert_null(shown.report.rows[0].local_addr);
	hide(&shown);
}

/* ---- Deadlocks ---- */

/* Nginx asks the application, and that nginx; curl waits too. Each has this many threads. */
static struct socket_record *each_other(__u32 threads)
{
	struct socket_record *asked;

	begin();
	reads(CURL, CURL, "curl", 80);
	serves(NGINX, "nginx", 80);
	reads(NGINX, NGINX, "nginx", 81);
	builder.thread->threads = threads;
	serves(APP, "app", 81);
	asked = reads(APP, APP, "app", 82);
	builder.thread->threads = threads;
	serves(NGINX, "nginx", 82);
	return asked;
}

static void a_deadlock(void **state)
{
	struct shown shown;

	(void)state;
	each_other(1);
	show(&shown);
	IS_CHAIN(&shown, "deadlock", 3, NGINX, APP);
	assert_in_range(shown.report.rows[0].severity, SEVERITY_DEADLOCK, 100);
	says(shown.report.rows[0].why,
	     "nginx (pid 20) waits for app (pid 30), which waits for nginx (pid 20): none of them can continue");
	says(shown.report.rows[0].advice, "end one of the connections: sockstall end ");
	hide(&shown);
}

static void is_no_deadlock(void)
{
	struct shown shown;
	size_t i;

	show(&shown);
	for (i = 0; i < shown.report.count; i++)
		assert_string_not_equal(shown.report.rows[i].verdict, "deadlock");
	hide(&shown);
}

/* If each wait has a limit they go on when it is over: they may well ask each other every now and then. */
static void a_cycle_with_a_limit(void **state)
{
	(void)state;
	each_other(1)->rcvtimeo_ns = 30 * SECOND;
	is_no_deadlock();
	each_other(1);
	builder.thread->alarm_ns = NOW + 30 * SECOND;
	is_no_deadlock();
}

/* A loop that awaits an answer serves others meanwhile, who asked it and got none yet. */
static void a_cycle_through_loops(void **state)
{
	(void)state;
	begin();
	loops(NGINX, "nginx", 81);
	serves(APP, "app", 81);
	loops(APP, "app", 82);
	serves(NGINX, "nginx", 82);
	is_no_deadlock();
}

/* Among many threads another may answer: what is not certain is no deadlock, and no endless walk. */
static void a_cycle_of_guesses(void **state)
{
	struct shown shown;
	size_t i;

	(void)state;
	each_other(2);
	reads(NGINX, NGINX + 1, "nginx", 90);
	builder.thread->threads = 2;
	reads(APP, APP + 1, "app", 91);
	builder.thread->threads = 2;
	show(&shown);
	for (i = 0; i < shown.report.count; i++)
		assert_string_not_equal(shown.report.rows[i].verdict, "deadlock");
	hide(&shown);
}

/* Both read at the two ends of one connection. */
static void one_connection(bool child, bool shared)
{
	struct socket_record *a, *b;

	begin();
	a = reads(APP, APP, "app", 80);
	sleeps(POSTGRES, POSTGRES, "postgres", SYS_recvfrom);
	builder.thread->threads = child ? 2 : 1;
	b = look_add_thread_socket(&builder, SOCKET_KIND_TCP, 1);
	look_connect(&b->name, HERE, 80, HERE, 4080);
	b->flags |= SOCKET_LISTENER_CHILD;
	b->bytes_received = 100;
	b->last_received_ns = b->last_sent_ns = ASKED;
	look_add_owner(&builder, &a->name, APP, 3, "app");
	look_add_owner(&builder, &b->name, POSTGRES, 3, "postgres");
	if (shared)
		look_add_owner(&builder, &b->name, POSTGRES + 1, 3, "postgres");
}

/* Where anyone else could write, nothing is certain. */
static void two_ends_of_one_connection(void **state)
{
	struct shown shown;
	size_t i;

	(void)state;
	one_connection(false, false);
	show(&shown);
	IS_CHAIN(&shown, "deadlock", 2, APP, POSTGRES);
	hide(&shown);
	for (i = 0; i < 2; i++) {
		one_connection(i == 0, i == 1);
		show(&shown);
		assert_int_equal(shown.count, 2);
		assert_string_not_equal(shown.report.rows[0].verdict, "deadlock");
		hide(&shown);
	}
}

/* ---- What is no chain ---- */

static void young(void **state)
{
	struct shown shown;

	(void)state;
	begin();
	reads(CURL, CURL, "curl", 80);
	builder.thread->last_arrival = NOW - SECOND / 2;
	serves(NGINX, "nginx", 80);
	loops(NGINX, "nginx", 81)->last_sent_ns = NOW - SECOND / 2;
	serves(APP, "app", 81);
	show(&shown);
	assert_int_equal(shown.report.count, 0);
	hide(&shown);
}

/* Answered, and open for the next question. */
static void healthy(void **state)
{
	struct socket_record *kept, *idle;
	struct shown shown;

	(void)state;
	begin();
	kept = loops(NGINX, "nginx", 81);
	kept->bytes_received = 500;
	kept->last_received_ns = ASKED + SECOND;
	sleeps(APP, APP, "app", SYS_recvfrom);
	idle = look_add_thread_socket(&builder, SOCKET_KIND_TCP, 1);
	look_connect(&idle->name, HERE, 81, HERE, 4081);
	idle->flags |= SOCKET_LISTENER_CHILD;
	idle->bytes_received = 100;
	idle->bytes_sent = 500;
	idle->last_received_ns = ASKED;
	idle->last_sent_ns = ASKED + SECOND;
	look_add_owner(&builder, &idle->name, APP, 3, "app");
	show_all(&shown, true);
	assert_int_equal(shown.report.count, 0);
	hide(&shown);
}

/*
 * It has what it asked for, and has not read it yet: no one else is to blame. The same while its loop does something
 * else.
 */
static void not_in_its_loop(void **state)
{
	struct shown shown;

	(void)state;
	begin();
	loops(NGINX, "nginx", 81)->unread_bytes = 1;
	serves(APP, "app", 81);
	look_add_thread(&builder, APP, APP, "app");
	show(&shown);
	assert_int_equal(shown.report.count, 0);
	hide(&shown);
	begin();
	loops(NGINX, "nginx", 81);
	builder.thread->syscall = SYS_clock_nanosleep;
	serves(APP, "app", 81);
	look_add_thread(&builder, APP, APP, "app");
	show(&shown);
	assert_int_equal(shown.report.count, 0);
	hide(&shown);
}

/* Nothing tells whether anything is due, whatever the other end does. */
static void a_quiet_unix_socket(void **state)
{
	static const int calls[] = {SYS_epoll_pwait, SYS_clock_nanosleep};
	size_t i;

	(void)state;
	for (i = 0; i < 2 * COUNT_OF(calls); i++) {
		bool all = i % 2;
		struct socket_record *peer, *reader;
		struct shown shown;

		begin();
		peer = look_add_socket(&builder, SOCKET_KIND_UNIX, 1);
		look_add_owner(&builder, &peer->name, POSTGRES, 5, "postgres");
		sleeps(APP, APP, "app", SYS_recvfrom);
		reader = look_add_thread_socket(&builder, SOCKET_KIND_UNIX, 1);
		reader->peer_inode = peer->name.inode;
		sleeps(POSTGRES, POSTGRES, "postgres", calls[i / 2]);
		show_all(&shown, all);
		assert_int_equal(shown.report.count, all);
		assert_true(!all || (!shown.report.rows[0].stuck && !shown.report.rows[0].severity));
		hide(&shown);
	}
}

/* The application's loop asks PostgreSQL; it was asked itself, or not. */
static struct socket_record *between_loops(bool asked)
{
	begin();
	if (asked)
		serves(APP, "app", 81);
	loops(APP, "app", 82);
	return serves(POSTGRES, "postgres", 82);
}

/*
 * The last bytes that a loop sent may be no question: then nothing that the other does at this moment makes them one.
 */
static void nobody_asked_a_loop(void **state)
{
	enum { IN_ITS_LOOP, IN_POLL, ON_A_CPU, ASLEEP_SINCE_LATER, ASLEEP_EVER_SINCE, CASES } at;
	static const char *const verdicts[] = {"waiting", "waiting", "running", "blocked", "blocked"};
	static const int calls[] = {SYS_epoll_pwait, SYS_ppoll, 0, SYS_clock_nanosleep, SYS_clock_nanosleep};
	enum { NOBODY, SOMEBODY, UNREAD, WAYS } way;

	(void)state;
	for (at = IN_ITS_LOOP; at < CASES; at++)
		for (way = NOBODY; way < WAYS; way++) {
			struct socket_record *server = between_loops(way == SOMEBODY);
			struct shown shown;

			server->unread_bytes = way == UNREAD ? 100 : 0;
			if (at == ON_A_CPU)
				look_add_thread(&builder, POSTGRES, POSTGRES, "postgres");
			else
				sleeps(POSTGRES, POSTGRES, "postgres", calls[at]);
			if (at == ASLEEP_SINCE_LATER)
				builder.thread->last_arrival = ASKED + 2 * SECOND;
			show(&shown);
			if (way == NOBODY && at != ASLEEP_EVER_SINCE)
				assert_int_equal(shown.report.count, 0);
			else /* a set with the connection in it would have ended its poll */
				IS_CHAIN(&shown, at == IN_POLL && way == UNREAD ? "blocked" : verdicts[at], 1, APP,
					 POSTGRES);
			hide(&shown);
		}
}

/*
 * A thread that nobody waits for may wait for work, or news. The process that gives that is in its loop, or runs for
 * others.
 */
static void a_wait_by_design(void **state)
{
	enum { IN_ITS_LOOP, FOR_OTHERS, EVER_SINCE, ASLEEP_EVER_SINCE, UNREAD, CASES } at;

	(void)state;
	for (at = IN_ITS_LOOP; at < CASES; at++) {
		struct scope scope = {.command = COMMAND_CHAINS, .min_age_ns = SECOND, .min_age_given = true};
		struct look looks[2] = {0};
		struct report report = {0};
		int i;

		for (i = 0; i < 2; i++) {
			struct thread_record *server;

			look_begin(&builder, NOW - SECOND + i * SECOND);
			reads(CURL, CURL, "curl", 80);
			serves(NGINX, "nginx", 80)->unread_bytes = at == UNREAD ? 100 : 0;
			if (at == FOR_OTHERS || at == EVER_SINCE)
				server = look_add_thread(&builder, NGINX, NGINX, "nginx");
			else
				server = sleeps(NGINX, NGINX, "nginx", SYS_epoll_pwait);
			if (at == IN_ITS_LOOP || at == UNREAD)
				server->last_arrival = NOW - 2 * SECOND;
			server->voluntary = at == EVER_SINCE ? 7 : 7 + i;
			look_finish(&builder, &looks[i]);
		}
		assert_int_equal(report_run(&report, &looks[1], &looks[0], &scope), 0);
		assert_int_equal(report.count, at >= EVER_SINCE);
		report_free(&report);
		look_free(&looks[0]);
		look_free(&looks[1]);
	}
}

/* Any link of a chain may know who was asked. */
static void somebody_asked_the_second(void **state)
{
	struct socket_record *reader;
	struct shown shown;

	(void)state;
	begin();
	loops(CURL, "curl", 80);
	serves(NGINX, "nginx", 80);
	loops(NGINX, "nginx", 81);
	reader = serves(APP, "app", 81);
	look_add_thread(&builder, APP, APP, "app");
	show(&shown);
	IS_CHAIN(&shown, "running", 1, CURL, NGINX, APP);
	hide(&shown);
	begin();
	loops(CURL, "curl", 80);
	reader = serves(NGINX, "nginx", 80);
	reader->last_received_ns = ASKED + SECOND;
	loops(NGINX, "nginx", 81);
	serves(APP, "app", 81);
	look_add_thread(&builder, APP, APP, "app");
	show(&shown);
	assert_int_equal(shown.report.count, 0);
	hide(&shown);
}

/* A subscriber has its answer, and nobody owes it more: whichever process is at the end, and whatever that does. */
static void the_rest_is_owed_to_nobody(void **state)
{
	static const int calls[] = {0, SYS_clock_nanosleep, SYS_epoll_pwait};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(calls); i++) {
		struct socket_record *reader;
		struct shown shown;

		begin();
		reader = reads(APP, APP, "app", 82);
		reader->bytes_received = 5;
		reader->last_received_ns = ASKED + SECOND;
		serves(POSTGRES, "postgres", 82);
		if (calls[i])
			sleeps(POSTGRES, POSTGRES, "postgres", calls[i]);
		else
			look_add_thread(&builder, POSTGRES, POSTGRES, "postgres");
		show(&shown);
		assert_int_equal(shown.report.count, 0);
		hide(&shown);
	}
}

/* No thread is in an event loop: then nothing is said of events. */
static void threads_without_a_loop(void **state)
{
	bool loop;

	(void)state;
	for (loop = false;; loop = true) {
		struct shown shown;

		front();
		sleeps(APP, APP, "app", SYS_clock_nanosleep)->threads = 2;
		sleeps(APP, APP + 1, "app", loop ? SYS_epoll_pwait : SYS_futex)->threads = 2;
		show(&shown);
		IS_CHAIN(&shown, loop ? "waiting" : "blocked", 1, CURL, NGINX, APP);
		says(shown.report.rows[0].why,
		     loop ? "the event loop of app (pid 30) is idle; what that or another of its 2 threads waits for"
			  : "app (pid 30) has 2 threads, none of them in an event loop, and one has been in clock_nanosleep");
		hide(&shown);
		if (loop)
			break;
	}
}

/*
 * Of many threads the one that fell asleep when the question had come: not one that reads commands, nor one that
 * accepts.
 */
static void the_thread_that_was_asked(void **state)
{
	struct shown shown;

	(void)state;
	front();
	sleeps(APP, APP, "app", SYS_read)->threads = 4;
	builder.thread->last_arrival = ASKED - 60 * SECOND;
	sleeps(APP, APP + 1, "app", SYS_accept4)->threads = 4;
	sleeps(APP, APP + 2, "app", SYS_futex)->threads = 4;
	builder.thread->last_arrival = ASKED + SECOND;
	sleeps(APP, APP + 3, "app", SYS_clock_nanosleep)->threads = 4;
	show(&shown);
	IS_CHAIN(&shown, "blocked", 1, CURL, NGINX, APP);
	assert_int_equal(shown.report.rows[0].tid, APP + 3);
	says(shown.report.rows[0].why, "and one has been in clock_nanosleep for 5.0 s");
	hide(&shown);
}

/* The scan of sockets finds it too, and the process has a loop beside the thread that reads. */
static void counted_once(void **state)
{
	struct socket_record *reader, *again;
	struct shown shown;

	(void)state;
	begin();
	sleeps(APP, APP, "app", SYS_epoll_pwait)->threads = 2;
	reader = reads(APP, APP + 1, "app", 82);
	builder.thread->threads = 2;
	again = look_add_socket(&builder, SOCKET_KIND_TCP, 1);
	asked(again, 82);
	again->name = reader->name;
	look_add_owner(&builder, &again->name, APP, 3, "app");
	serves(POSTGRES, "postgres", 82);
	look_add_thread(&builder, POSTGRES, POSTGRES, "postgres");
	show(&shown);
	IS_CHAIN(&shown, "running", 1, APP, POSTGRES);
	assert_int_equal(shown.links[0].tid, APP + 1);
	hide(&shown);
}

static void an_empty_look(void **state)
{
	struct shown shown;

	(void)state;
	begin();
	show_all(&shown, true);
	assert_int_equal(shown.report.count, 0);
	hide(&shown);
}

/* ---- Hostile looks ---- */

static void a_very_long_chain(void **state)
{
	struct shown shown;
	__u32 i, length = 300;

	(void)state;
	begin();
	for (i = 0; i < length; i++) {
		reads(1000 + i, 1000 + i, "relay", 100 + i);
		serves(1001 + i, "relay", 100 + i);
	}
	look_add_thread(&builder, 1000 + length, 1000 + length, "relay");
	show(&shown);
	assert_int_equal(shown.report.count, 1);
	assert_int_equal(shown.report.rows[0].pid, 1000 + length);
	assert_int_equal(shown.report.rows[0].chain.waiters, 1);
	assert_int_equal(shown.count, 65);
	assert_int_equal(shown.links[0].pid, 1000);
	assert_int_equal(shown.links[64].pid, 1000 + length);
	says(shown.report.rows[0].why, "which waits for relay (pid 1064), and so on: 236 more");
	hide(&shown);
}

/* One that leads into a cycle is not of it; and the cycle is found once, from wherever it is met. */
static void a_cycle_of_many(void **state)
{
	struct shown shown;
	__u32 i, length = 200;

	(void)state;
	begin();
	for (i = 0; i < length; i++) {
		reads(1000 + i, 1000 + i, "relay", 100 + i);
		serves(i + 1 < length ? 1001 + i : 1003, "relay", 100 + i);
	}
	show(&shown);
	assert_int_equal(shown.report.count, 1);
	assert_string_equal(shown.report.rows[0].verdict, "deadlock");
	assert_int_equal(shown.report.rows[0].chain.waiters, length);
	assert_int_equal(shown.count, 64);
	assert_int_equal(shown.links[0].pid, 1003);
	says(shown.report.rows[0].why, "and so on: 133 more");
	hide(&shown);
}

/* A name fills its 16 bytes, without a NUL behind it, and holds what separates links. */
static void hostile_names(void **state)
{
	static const char name[16] = "\t\n\\-\x1b[2J\xff\"aaaaaa";
	struct owner_record *owner;
	struct socket_record *socket;
	struct shown shown;

	(void)state;
	begin();
	reads(CURL, CURL, "", 80);
	memcpy(builder.thread->process_comm, name, 16);
	memcpy(builder.thread->comm, name, 16);
	socket = serves(NGINX, "nginx", 80);
	owner = look_add_owner(&builder, &socket->name, NGINX - 1, 3, "");
	memcpy(owner->comm, name, 16);
	look_add_thread(&builder, NGINX - 1, NGINX - 1, "");
	show(&shown);
	IS_CHAIN(&shown, "running", 1, CURL, NGINX - 1);
	assert_int_equal(strlen(shown.links[0].comm), 16);
	assert_memory_equal(shown.links[0].comm, name, 16);
	assert_memory_equal(shown.links[1].comm, name, 16);
	hide(&shown);
}

/* Connected to itself. */
static void its_own_peer(void **state)
{
	struct socket_record *socket, *again;
	struct shown shown;

	(void)state;
	begin();
	socket = reads(CURL, CURL, "curl", 80);
	look_connect(&socket->name, HERE, 80, HERE, 80);
	again = look_add_socket(&builder, SOCKET_KIND_TCP, 1);
	again->name = socket->name;
	look_add_owner(&builder, &socket->name, CURL, 3, "curl");
	show(&shown);
	assert_true(shown.report.count <= 1);
	hide(&shown);
}

/* Without CONFIG_SCHED_INFO nothing tells since when, and two looks tell for how long at least. */
static void no_times(void **state)
{
	struct options options = {
		.scope.command = COMMAND_CHAINS, .scope.min_age_ns = SECOND / 2, .scope.min_age_given = true};
	struct report first = {0}, second = {0};
	struct look looks[2] = {0};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		look_begin(&builder, NOW + i * SECOND)->sched_offset_valid = 0;
		reads(CURL, CURL, "curl", 80);
		serves(NGINX, "nginx", 80);
		look_add_thread(&builder, NGINX, NGINX, "nginx");
		look_finish(&builder, &looks[i]);
	}
	assert_int_equal(report_run(&first, &looks[0], NULL, &options.scope), 0);
	assert_int_equal(first.count, 0);
	assert_int_equal(report_run(&second, &looks[1], &looks[0], &options.scope), 0);
	assert_int_equal(second.count, 1);
	assert_true(isnan(second.rows[0].age_s));
	assert_int_equal(second.rows[0].since_ns, 0);
	report_free(&first);
	report_free(&second);
	look_free(&looks[0]);
	look_free(&looks[1]);
}

/* Looks of the overview have them only in part; what is normal stays out also with --all. */
static void chains_of_the_overview(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		bool has_chains = i & 1, blocked = i & 2;
		struct scope scope = {
			.command = COMMAND_OVERVIEW, .min_age_ns = SECOND, .min_age_given = true, .all = true};
		struct report report = {0};
		struct look look = {0};
		size_t at, chains = 0;

		begin();
		reads(CURL, CURL, "curl", 80);
		serves(NGINX, "nginx", 80);
		sleeps(NGINX, NGINX, "nginx", blocked ? SYS_clock_nanosleep : SYS_epoll_pwait)->last_arrival =
			NOW - 2 * SECOND;
		((struct look_record *)builder.records[0])->has_chains = has_chains;
		look_finish(&builder, &look);
		assert_int_equal(report_run(&report, &look, NULL, &scope), 0);
		assert_int_equal(report_has_chains(&report, 0), has_chains);
		for (at = 0; at < report.count; at++)
			chains += report.rows[at].type == ROW_CHAIN;
		assert_int_equal(chains, has_chains && blocked);
		assert_int_equal(report_may_have_chains(&look, NULL, &scope), 1);
		/* Whatever the filters. */
		scope.selection.pids = &(uint32_t){1};
		scope.selection.pid_count = 1;
		assert_int_equal(report_may_have_chains(&look, NULL, &scope), 1);
		report_free(&report);
		look_free(&look);
	}
}

static void nothing_may_have_chains(void **state)
{
	struct scope scope = {.command = COMMAND_OVERVIEW, .all = true};
	struct look look = {0};

	(void)state;
	begin();
	sleeps(POSTGRES, POSTGRES, "postgres", SYS_epoll_pwait);
	serves(POSTGRES, "postgres", 82);
	look_finish(&builder, &look);
	assert_int_equal(report_may_have_chains(&look, NULL, &scope), 0);
	look_free(&look);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain),
		cmocka_unit_test(chains_of_the_overview),
		cmocka_unit_test(nothing_may_have_chains),
		cmocka_unit_test(stopped_in_the_middle),
		cmocka_unit_test(an_end_that_waits_for_events),
		cmocka_unit_test(a_reply_that_has_begun),
		cmocka_unit_test(many_that_wait_for_one),
		cmocka_unit_test(the_nearest_in_time),
		cmocka_unit_test(in_a_unix_socket),
		cmocka_unit_test(a_deadlock),
		cmocka_unit_test(a_cycle_with_a_limit),
		cmocka_unit_test(a_cycle_through_loops),
		cmocka_unit_test(a_cycle_of_guesses),
		cmocka_unit_test(two_ends_of_one_connection),
		cmocka_unit_test(young),
		cmocka_unit_test(healthy),
		cmocka_unit_test(not_in_its_loop),
		cmocka_unit_test(a_quiet_unix_socket),
		cmocka_unit_test(nobody_asked_a_loop),
		cmocka_unit_test(a_wait_by_design),
		cmocka_unit_test(somebody_asked_the_second),
		cmocka_unit_test(the_rest_is_owed_to_nobody),
		cmocka_unit_test(threads_without_a_loop),
		cmocka_unit_test(the_thread_that_was_asked),
		cmocka_unit_test(counted_once),
		cmocka_unit_test(an_empty_look),
		cmocka_unit_test(a_very_long_chain),
		cmocka_unit_test(a_cycle_of_many),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(its_own_peer),
		cmocka_unit_test(no_times),
	};

	return cmocka_run_group_tests_name("chains", tests, NULL, NULL);
}
