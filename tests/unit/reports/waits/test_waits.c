/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who is at the other end of a connection, across namespaces, address translation and accept queues. */
#include "make_chain.h"

static void another_namespace(void **state)
{
	struct shown shown;

	(void)state;
	begin();
	reads(CURL, CURL, "curl", 80);
	serves(NGINX, "nginx", 80)->name.netns = LOOK_NETNS + 1;
	look_add_thread(&builder, NGINX, NGINX, "nginx");
	show(&shown);
	IS_CHAIN(&shown, "running", 1, CURL, NGINX);
	assert_int_equal(shown.links[1].netns, LOOK_NETNS + 1);
	hide(&shown);
}

/*
 * A busy proxy is met in a turn of its loop: it goes on with others. In one that has lasted for long it is the end
 * itself.
 */
static void in_a_turn_of_its_loop(void **state)
{
	enum { JUST_BACK, LONG_AWAY, STOPPED, CASES } at;

	(void)state;
	for (at = JUST_BACK; at < CASES; at++) {
		struct thread_record *proxy;
		struct socket_record *socket;
		struct loop_record *loop;
		struct shown shown;

		begin();
		reads(CURL, CURL, "curl", 80);
		serves(NGINX, "nginx", 80);
		proxy = look_add_thread(&builder, NGINX, NGINX, "nginx");
		proxy->threads = 1;
		proxy->flags |= at == STOPPED ? THREAD_STOPPED : 0;
		loop = look_add_loop(&builder);
		loop->waiting = LOOP_OUTSIDE;
		loop->returned_ns = NOW - (at == LONG_AWAY ? 2 * SECOND : 10 * MILLISECOND);
		socket = look_add_socket(&builder, SOCKET_KIND_TCP, 1);
		asked(socket, 81);
		look_add_owner(&builder, &socket->name, NGINX, 9, "nginx");
		serves(APP, "app", 81);
		sleeps(APP, APP, "app", SYS_clock_nanosleep);
		show(&shown);
		if (at == JUST_BACK)
			IS_CHAIN(&shown, "blocked", 1, CURL, NGINX, APP);
		else
			IS_CHAIN(&shown, at == STOPPED ? "stopped" : "running", 1, CURL, NGINX);
		hide(&shown);
	}
}

static void with_places(struct socket_record *socket, __u32 sent, __u32 received)
{
	socket->flags |= SOCKET_HAS_MORE;
	socket->snd_una = socket->snd_nxt = sent;
	socket->rcv_nxt = received;
}

/* Containers have the same addresses: which of them it is, only the streams tell. */
static void the_same_addresses_twice(void **state)
{
	bool told;

	(void)state;
	for (told = false;; told = true) {
		struct socket_record *reader, *one, *other;
		struct shown shown;

		begin();
		has_address(HERE);
		reader = reads(CURL, CURL, "curl", 80);
		one = serves(NGINX, "nginx", 80);
		other = serves(APP, "app", 80);
		one->name.netns = LOOK_NETNS + 1;
		other->name.netns = LOOK_NETNS + 2;
		if (told) {
			with_places(reader, 1000, 2000);
			with_places(one, 77, 88);
			with_places(other, 2000, 950);
			reader->snd_una = 900; /* 100 bytes under way, 50 of them there */
		}
		look_add_thread(&builder, NGINX, NGINX, "nginx");
		look_add_thread(&builder, APP, APP, "app");
		show(&shown);
		if (told)
			IS_CHAIN(&shown, "running", 1, CURL, APP);
		else
			assert_int_equal(shown.report.count, 0);
		hide(&shown);
		if (told)
			break;
	}
}

/* Curl asked 10.99.0.9:90, and nginx sees it come from there. */
static void translated(struct socket_record *reader, struct socket_record *server)
{
	look_connect(&reader->name, HERE, 4080, "10.99.0.9", 90);
	look_connect(&server->name, HERE, 80, "10.99.0.8", 5000);
}

static void address_translation(void **state)
{
	enum { NEITHER, CONNTRACK, STREAMS, WAYS } way;

	(void)state;
	for (way = NEITHER; way < WAYS; way++) {
		struct socket_record *reader, *server;
		struct translation_record *record;
		struct shown shown;

		begin();
		reader = reads(CURL, CURL, "curl", 80);
		server = serves(NGINX, "nginx", 80);
		translated(reader, server);
		if (way == CONNTRACK) {
			record = look_add(&builder, RECORD_TRANSLATION, 0);
			memcpy(record->client_addr, reader->name.local_addr, 16);
			memcpy(record->asked_addr, reader->name.peer_addr, 16);
			memcpy(record->server_addr, server->name.local_addr, 16);
			memcpy(record->asker_addr, server->name.peer_addr, 16);
			record->client_port = 4080;
			record->asked_port = 90;
			record->server_port = 80;
			record->asker_port = 5000;
		} else if (way == STREAMS) {
			with_places(reader, 1000, 2000);
			with_places(server, 2000, 1000);
		}
		look_add_thread(&builder, NGINX, NGINX, "nginx");
		show(&shown);
		if (way == NEITHER)
			assert_int_equal(shown.report.count, 0);
		else
			IS_CHAIN(&shown, "running", 1, CURL, NGINX);
		hide(&shown);
	}
}

/* Not accepted: who holds the listener is waited for. */
static void in_an_accept_queue(void **state)
{
	struct listener_record *listener;
	struct socket_record *child;
	struct shown shown;

	(void)state;
	front();
	reads(APP, APP, "app", 82);
	listener = look_add_listener(&builder, HERE, 82);
	look_add_owner(&builder, &listener->name, POSTGRES, 3, "postgres");
	child = look_add_socket(&builder, SOCKET_KIND_TCP, 1);
	look_connect(&child->name, HERE, 82, HERE, 4082);
	child->flags = SOCKET_LISTENER_CHILD;
	child->name.inode = 0;
	child->listener_cookie = listener->name.cookie;
	sleeps(POSTGRES, POSTGRES, "postgres", SYS_clock_nanosleep);
	show(&shown);
	IS_CHAIN(&shown, "not_accepted", 1, CURL, NGINX, APP, POSTGRES);
	assert_true(shown.report.rows[0].fd == NOT_KNOWN); /* nobody holds it yet */
	assert_int_equal(shown.report.rows[0].local_port, 82);
	assert_int_equal(shown.report.rows[0].peer_port, 4082);
	hide(&shown);
}

/* ---- Who of several that hold it ---- */

enum what { SUPERVISES, WORKS, STOPPED, NOT_SEEN };

static void does(__u32 pid, enum what what)
{
	if (what == SUPERVISES)
		sleeps(pid, pid, "nginx", pid % 2 ? SYS_rt_sigsuspend : SYS_wait4);
	else if (what == WORKS)
		sleeps(pid, pid, "nginx", SYS_clock_nanosleep);
	else if (what == STOPPED)
		look_add_thread(&builder, pid, pid, "nginx")->flags = THREAD_STOPPED;
}

/* Three processes hold the listener in whose queue curl's connection lies; or they hold the connection. */
static void one_of_three(bool queued, const enum what *what, __u32 pid, const char *verdict, const char *why)
{
	const struct socket_name *held;
	struct socket_record *child;
	struct shown shown;
	__u32 i;

	begin();
	reads(CURL, CURL, "curl", 80);
	child = look_add_socket(&builder, SOCKET_KIND_TCP, 1);
	look_connect(&child->name, HERE, 80, HERE, 4080);
	child->flags |= SOCKET_LISTENER_CHILD;
	child->bytes_received = 100;
	child->last_received_ns = ASKED;
	held = &child->name;
	if (queued) {
		child->flags &= ~SOCKET_ACCEPTED;
		held = &look_add_listener(&builder, HERE, 80)->name;
		child->listener_cookie = held->cookie;
	}
	for (i = 0; i < 3; i++) {
		look_add_owner(&builder, held, NGINX + i, 6, "nginx");
		does(NGINX + i, what[i]);
	}
	show(&shown);
	IS_CHAIN(&shown, verdict, 1, CURL, pid);
	assert_int_equal(shown.links[1].holders, 3);
	says(shown.report.rows[0].why, why);
	hide(&shown);
}

static void one_of_several(void **state)
{
	static const struct {
		enum what what[3];
		__u32 queue, held; /* who is named, by place */
		const char *of_queue, *of_held; /* verdicts */
	} cases[] = {
		{{SUPERVISES, STOPPED, SUPERVISES}, 1, 1, "stopped", "stopped"},
		{{SUPERVISES, WORKS, STOPPED}, 2, 1, "stopped", "blocked"},
		{{SUPERVISES, SUPERVISES, WORKS}, 2, 2, "not_accepted", "blocked"},
		{{WORKS, WORKS, WORKS}, 0, 0, "not_accepted", "blocked"},
		{{SUPERVISES, NOT_SEEN, SUPERVISES}, 1, 1, "not_accepted", NULL},
		{{SUPERVISES, SUPERVISES, SUPERVISES}, 0, 0, "not_accepted", "blocked"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		one_of_three(true, cases[i].what, NGINX + cases[i].queue, cases[i].of_queue,
			     "one of 3 that share the listener");
		if (cases[i].of_held)
			one_of_three(false, cases[i].what, NGINX + cases[i].held, cases[i].of_held,
				     "one of 3 that hold this end");
	}
}

/* A client waits for what its worker waits for only if no other worker could take the client. */
static void behind_one_of_several(void **state)
{
	struct socket_record *child;
	__u32 workers;

	(void)state;
	for (workers = 1; workers <= 2; workers++) {
		struct shown shown;

		begin();
		reads(CURL, CURL, "curl", 80);
		child = serves(NGINX, "nginx", 80);
		sleeps(NGINX, NGINX, "nginx", SYS_rt_sigsuspend);
		if (workers == 2) {
			look_add_owner(&builder, &child->name, APP + 1, 6, "nginx");
			does(APP + 1, WORKS);
		}
		look_add_owner(&builder, &child->name, APP, 6, "nginx");
		reads(APP, APP, "nginx", 82);
		serves(POSTGRES, "postgres", 82);
		sleeps(POSTGRES, POSTGRES, "postgres", SYS_clock_nanosleep);
		show(&shown);
		IS_CHAIN(&shown, "blocked", 1, CURL, APP, POSTGRES);
		assert_int_equal(!!strstr(shown.report.rows[0].why, "most likely"), workers == 2);
		hide(&shown);
	}
}

/*
 * Curl's connection lies in the queue of a process of many threads. One that has waited for another since before it
 * came may keep it there, most likely; one that began later may not, and an event loop would have taken it.
 */
static void behind_who_does_not_accept(void **state)
{
	enum { BEFORE, LATER, IN_A_LOOP, CASES } at;

	(void)state;
	for (at = BEFORE; at < CASES; at++) {
		struct listener_record *listener;
		struct socket_record *child;
		struct shown shown;

		begin();
		reads(CURL, CURL, "curl", 80);
		child = look_add_socket(&builder, SOCKET_KIND_TCP, 1);
		look_connect(&child->name, HERE, 80, HERE, 4080);
		child->flags = SOCKET_LISTENER_CHILD;
		child->bytes_received = 100;
		child->last_received_ns = child->last_sent_ns = ASKED;
		listener = look_add_listener(&builder, HERE, 80);
		child->listener_cookie = listener->name.cookie;
		look_add_owner(&builder, &listener->name, APP, 3, "app");
		sleeps(APP, APP, "app", at == IN_A_LOOP ? SYS_epoll_pwait : SYS_futex)->threads = 2;
		reads(APP, APP + 1, "app", 82)->last_sent_ns = ASKED - SECOND;
		builder.thread->threads = 2;
		builder.thread->last_arrival = at == LATER ? ASKED + SECOND : ASKED - SECOND;
		serves(POSTGRES, "postgres", 82);
		sleeps(POSTGRES, POSTGRES, "postgres", SYS_clock_nanosleep);
		show(&shown);
		if (at == BEFORE) {
			IS_CHAIN(&shown, "blocked", 1, CURL, APP, POSTGRES);
			says(shown.report.rows[0].why, "most likely");
		} else {
			assert_int_equal(shown.report.count, 2);
			assert_int_equal(shown.report.rows[0].chain.waiters, 1);
			assert_int_equal(shown.report.rows[1].chain.waiters, 1);
		}
		hide(&shown);
	}
}

static struct listener_record *connects(__u32 queued)
{
	struct listener_record *listener;
	struct socket_record *socket;

	front();
	has_address(HERE);
	sleeps(APP, APP, "app", SYS_connect);
	socket = look_add_thread_socket(&builder, SOCKET_KIND_TCP, 2 /* TCP_SYN_SENT */);
	connect_to(socket, 82);
	socket->first_sent_ns = ASKED;
	listener = look_add_listener(&builder, HERE, 82);
	listener->accept_queue = queued;
	listener->accept_queue_max = 16;
	look_add_owner(&builder, &listener->name, POSTGRES, 3, "postgres");
	sleeps(POSTGRES, POSTGRES, "postgres", SYS_clock_nanosleep);
	return listener;
}

static void before_a_full_accept_queue(void **state)
{
	struct shown shown;

	(void)state;
	connects(17);
	show(&shown);
	IS_CHAIN(&shown, "accept_queue_full", 1, CURL, NGINX, APP, POSTGRES);
	says(shown.report.rows[0].why, "its accept queue is full (17, limit 16)");
	assert_int_equal(shown.report.rows[0].fd, 3); /* all of it is the listener's */
	assert_int_equal(shown.report.rows[0].local_port, 82);
	assert_null(shown.report.rows[0].peer_addr);
	assert_true(shown.report.rows[0].peer_port == NOT_KNOWN && shown.links[3].peer_port == NOT_KNOWN);
	assert_string_equal(shown.links[2].in, "connect");
	hide(&shown);
}

/* A queue with room, or a listener elsewhere, took no SYN. */
static void before_another_queue(void **state)
{
	struct shown shown;

	(void)state;
	connects(16);
	show(&shown);
	IS_CHAIN(&shown, "unknown", 1, CURL, NGINX, APP);
	hide(&shown);
	connects(17)->name.netns = LOOK_NETNS + 1;
	show(&shown);
	IS_CHAIN(&shown, "unknown", 1, CURL, NGINX, APP);
	hide(&shown);
	/* One with room is at this very address. */
	connects(16);
	look_add_listener(&builder, "0.0.0.0", 82)->accept_queue = 129;
	show(&shown);
	IS_CHAIN(&shown, "unknown", 1, CURL, NGINX, APP);
	hide(&shown);
}

/* Its connections to one server there are one end. */
static void on_another_machine_by_many(void **state)
{
	struct socket_record *socket;
	struct shown shown;
	__u32 i;

	(void)state;
	begin();
	for (i = 0; i < 3; i++) {
		reads(CURL + i, CURL + i, "curl", 80 + i)->last_sent_ns += i * SECOND;
		builder.thread->last_arrival += i * SECOND;
		serves(APP, "app", 80 + i)->last_received_ns += i * SECOND;
		socket = reads(APP, APP + i, "app", 100);
		builder.thread->threads = 3;
		builder.thread->last_arrival += i * SECOND;
		look_connect(&socket->name, HERE, 5000 + i, "192.0.2.9", 82);
		socket->last_sent_ns += i * SECOND;
	}
	show(&shown);
	assert_int_equal(shown.report.count, 1);
	assert_int_equal(shown.report.rows[0].chain.waiters, 3);
	says(shown.report.rows[0].why, "192.0.2.9:82");
	hide(&shown);
}

static void on_another_machine(void **state)
{
	struct socket_record *socket;
	struct shown shown;

	(void)state;
	front();
	socket = reads(APP, APP, "app", 82);
	look_connect(&socket->name, HERE, 4082, "192.0.2.9", 82);
	has_address(HERE);
	show(&shown);
	IS_CHAIN(&shown, "remote", 1, CURL, NGINX, APP);
	says(shown.report.rows[0].why, "which waits for 192.0.2.9:82, on another machine");
	hide(&shown);
	/* One wait for another machine is no chain. */
	begin();
	look_connect(&reads(CURL, CURL, "curl", 80)->name, HERE, 4080, "192.0.2.9", 80);
	show(&shown);
	assert_int_equal(shown.report.count, 0);
	hide(&shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_namespace),	      cmocka_unit_test(in_a_turn_of_its_loop),
		cmocka_unit_test(the_same_addresses_twice),   cmocka_unit_test(address_translation),
		cmocka_unit_test(in_an_accept_queue),	      cmocka_unit_test(one_of_several),
		cmocka_unit_test(behind_one_of_several),      cmocka_unit_test(behind_who_does_not_accept),
		cmocka_unit_test(before_a_full_accept_queue), cmocka_unit_test(before_another_queue),
		cmocka_unit_test(on_another_machine),	      cmocka_unit_test(on_another_machine_by_many),
	};

	return cmocka_run_group_tests_name("waits", tests, NULL, NULL);
}
